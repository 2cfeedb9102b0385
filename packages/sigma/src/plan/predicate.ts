import type { Comparison, DatePart, Item, Value } from '../tree.ts'
import { fold, joined, mapText, open, type Pattern } from '../values.ts'

/** Stands where a field's number would, for keywords: the whole event. */
export const KEYWORDS = -1

/**
 * One question to one field, shared by all rules that ask it: the name of a test, the field's number, and what it is compared with. It is
 * JSON. Texts of the first four are folded; `glob` is folded too, `cased` is not.
 */
export type Predicate =
  | readonly ['equals' | 'starts' | 'ends' | 'contains', field: number, text: string]
  | readonly ['glob' | 'cased', field: number, pattern: Pattern]
  | readonly ['regex', field: number, source: string, flags: string]
  | readonly ['cidr', field: number, words: readonly number[], bits: number]
  /** The number is written as text, because JSON knows no infinity. */
  | readonly ['compare', field: number, op: Comparison, number: string, part: DatePart | '']
  | readonly ['fieldref', field: number, other: number, how: 'equals' | 'starts' | 'ends' | 'contains']
  | readonly ['null', field: number]
  | readonly ['exists', field: number, exists: boolean]
  /** A part of a condition that the condition names more than once: where its program begins. */
  | readonly ['part', field: typeof KEYWORDS, start: number]

/** Numbers what rules have in common: fields, and predicates on them. */
export class PredicateTable {
  readonly fields: string[] = []
  readonly predicates: Predicate[] = []
  readonly #slots = new Map<string, number>()
  readonly #ids = new Map<string, number>()

  slot(field: string): number {
    let slot = this.#slots.get(field)
    if (slot === undefined) this.#slots.set(field, (slot = this.fields.push(field) - 1))
    return slot
  }

  id(predicate: Predicate): number {
    const key =
      typeof predicate[2] === 'string' && predicate.length === 3
        ? `${predicate[0]}\0${predicate[1]}\0${predicate[2]}`
        : JSON.stringify(predicate)
    let id = this.#ids.get(key)
    if (id === undefined) this.#ids.set(key, (id = this.predicates.push(predicate) - 1))
    return id
  }

  /**
   * The predicates of an item, one list a value: a written value that stands for several (`base64offset`, `expand`) has several, any of
   * which will do.
   */
  of(item: Item): readonly (readonly number[])[] {
    const field = item.field === undefined ? KEYWORDS : this.slot(item.field)
    return item.values.map(value => this.#value(value, field))
  }

  #value(value: Value, field: number): readonly number[] {
    if (value.kind === 'any') return value.values.flatMap(one => this.#value(one, field))
    return [this.id(this.#predicate(value, field))]
  }

  #predicate(value: Exclude<Value, { kind: 'any' }>, field: number): Predicate {
    switch (value.kind) {
      case 'string':
        return text(value.pattern, value.cased, field)
      case 'number':
        return text([String(value.number)], false, field)
      case 'boolean':
        // As a keyword a boolean is compared with whole texts, as ever.
        return ['equals', field, String(value.boolean)]
      case 'regex': {
        const { i, m, s } = value.flags
        return ['regex', field, value.source, `${i ? 'i' : ''}${m ? 'm' : ''}${s ? 's' : ''}`]
      }
      case 'cidr':
        return ['cidr', field, value.network.words, value.network.bits]
      case 'compare':
        return ['compare', field, value.op, String(value.number), value.part ?? '']
      case 'fieldref':
        return ['fieldref', field, this.slot(value.field), affix(value.starts, value.ends)]
      case 'null':
        return ['null', field]
      case 'exists':
        return ['exists', field, value.exists]
    }
  }
}

const affix = (starts: boolean, ends: boolean): 'equals' | 'starts' | 'ends' | 'contains' =>
  starts && ends ? 'contains' : starts ? 'starts' : ends ? 'ends' : 'equals'

/** A pattern as the plainest predicate that says it. A keyword is found anywhere in a text, so it is open at both ends. */
function text(written: Pattern, cased: boolean, field: number): Predicate {
  const pattern = field === KEYWORDS ? open(written, true, true) : written
  if (cased) return ['cased', field, joined(pattern)]
  const folded = mapText(pattern, part => [fold(part)])
  const many = folded.map(part => (part === 0 ? '*' : typeof part === 'string' ? 's' : '?')).join('')
  const words = folded.filter(part => typeof part === 'string')
  const shape = SHAPES[many]
  return shape ? [shape, field, words[0] ?? ''] : ['glob', field, folded]
}

const SHAPES: { readonly [shape: string]: 'equals' | 'starts' | 'ends' | 'contains' } = {
  '': 'equals',
  s: 'equals',
  's*': 'starts',
  '*s': 'ends',
  '*s*': 'contains',
}
