import { type Anchor, anchorsOf, EXTENSION } from './anchor.ts'
import type { Expression, ItemExpression, Question } from './expression.ts'
import type { Predicate } from './predicate.ts'

/** Predicates of which an event must make at least one true for a rule to hold, and about how often that happens. */
interface Need {
  readonly ids: readonly number[]
  readonly cost: number
}

/** With more alternatives than this a rule is tried on every event: the list would cost more than it saves. */
const ALTERNATIVES = 8_192

/** Chooses for each rule what it is found by: of its necessary conditions the one that the fewest events meet. */
export class Needs {
  readonly #uses: Uint32Array
  readonly #predicates: readonly Predicate[]
  /** Fields inside which rules also name others, so that they are objects, and comparing one means writing it as JSON. */
  readonly #objects: ReadonlySet<number>
  /** By field: how many different words rules compare it with. */
  readonly #words: number[] = []
  readonly #costs: (number | undefined)[] = []

  constructor(questions: readonly Question[], predicates: readonly Predicate[], fields: readonly string[]) {
    this.#predicates = predicates
    this.#objects = objectsOf(fields)
    this.#uses = new Uint32Array(predicates.length)
    for (const [how, field] of predicates) if (how === 'equals') this.#words[field] = (this.#words[field] ?? 0) + 1
    for (const { selections } of questions) for (const { detection } of selections) this.#count(detection)
  }

  /** Undefined when a rule can hold for an event that has nothing of what it names. */
  of({ condition, selections }: Question): readonly number[] | undefined {
    const known = selections.map(({ detection }) => ({
      true: this.#need(detection, true, none),
      false: this.#need(detection, false, none),
    }))
    const found = this.#need(condition, true, (at, wanted) => known[at]?.[`${wanted}`])
    return found && [...new Set(found.ids)]
  }

  #count(node: Expression): void {
    if (node.kind === 'item') {
      for (const ids of node.values) for (const id of ids) this.#uses[id] = (this.#uses[id] ?? 0) + 1
    } else if (node.kind === 'and' || node.kind === 'or') for (const item of node.items) this.#count(item)
  }

  /** What must be so for `node` to be `wanted`. */
  #need(node: Expression, wanted: boolean, selection: (at: number, wanted: boolean) => Need | undefined): Need | undefined {
    switch (node.kind) {
      case 'not':
        return this.#need(node.item, !wanted, selection)
      case 'selection':
        return selection(node.at, wanted)
      case 'item':
        return node.negated === wanted ? undefined : this.#item(node)
      case 'and':
      case 'or': {
        const needs = node.items.map(item => this.#need(item, wanted, selection))
        return (node.kind === 'and') === wanted ? best(needs) : any(needs)
      }
    }
  }

  #item({ values, all }: ItemExpression): Need | undefined {
    const needs = values.map(ids => any(ids.map(id => this.#one(id))))
    return all ? best(needs) : any(needs)
  }

  #one(id: number): Need | undefined {
    const cost = (this.#costs[id] ??= this.#cost(id))
    return cost === Number.POSITIVE_INFINITY ? undefined : { ids: [id], cost }
  }

  /** What many rules ask for is common in events too; so are short texts, what a field begins with, and words of a field that has few. */
  #cost(id: number): number {
    const predicate = this.#predicates[id]
    const anchors = predicate && anchorsOf(predicate)
    if (!predicate || !anchors) return Number.POSITIVE_INFINITY
    const field = predicate[1]
    const isWord = predicate[0] === 'equals'
    const words = isWord ? 1 + FEW_WORDS / (this.#words[field] ?? 1) : 1
    const object = !isWord && this.#objects.has(field) ? OBJECT : 1
    return (this.#uses[id] ?? 1) * words * object * anchors.reduce((sum, anchor) => sum + rarity(anchor), 0)
  }
}

/** So many different words make a field one that tells events apart. */
const FEW_WORDS = 200
const OBJECT = 64
const none = (): undefined => undefined

function objectsOf(fields: readonly string[]): ReadonlySet<number> {
  const outer = new Set<string>()
  for (const name of fields)
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) outer.add(name.slice(0, dot))
  return new Set(fields.flatMap((name, field) => (outer.has(name) ? [field] : [])))
}

function rarity({ how, text, decides }: Anchor): number {
  if (how === 'present') return 500
  const length = text.length
  if (how === 'ends' && EXTENSION.test(text)) return 100
  const short =
    how !== 'contains' ? (length < 3 ? 4 : 1) : length < 3 ? 60 : length < 4 ? 16 : length < 7 ? 6 : length < 10 ? 2 : 1
  return short * (how === 'starts' && length < 12 ? 3 : 1) * (decides ? 1 : 2)
}

/** Each of them must be met: the rarest says most. */
function best(needs: readonly (Need | undefined)[]): Need | undefined {
  return needs.reduce((best, need) => (best && (!need || best.cost <= need.cost) ? best : need), undefined)
}

/** One of them must be met, and it may be any. */
function any(needs: readonly (Need | undefined)[]): Need | undefined {
  let size = 0
  let cost = 0
  for (const need of needs) {
    if (!need || (size += need.ids.length) > ALTERNATIVES) return undefined
    cost += need.cost
  }
  return { ids: needs.flatMap(need => need?.ids ?? []), cost }
}
