import { type Anchor, anchorsOf } from '../plan/anchor.ts'
import type { Plan } from '../plan/plan.ts'
import { KEYWORDS } from '../plan/predicate.ts'
import { TRUE } from '../plan/program.ts'
import { FieldIndex } from './field.ts'
import type { TextBuffer } from './text.ts'
import { Walk } from './walk.ts'

/** A field whose name has more dots is read by name: a walk goes as deep as names do. */
const DEEPEST = 32

/** The units that are tried on the events of one log source, found by what they need. */
export class Route {
  /** Units that need nothing that can be found. */
  readonly always: readonly number[]
  /** 1 for each predicate that is false unless the search says otherwise. */
  readonly decided: Uint8Array
  readonly walk: Walk
  /** By the fields' numbers. */
  readonly fields: readonly (FieldIndex | undefined)[]
  /** Fields that are not in the walk. */
  readonly byName: readonly number[]
  readonly keywords: FieldIndex | undefined

  constructor(plan: Plan, units: readonly number[], buffer: TextBuffer) {
    const always: number[] = []
    const fields: (FieldIndex | undefined)[] = plan.fields.map(() => undefined)
    let keywords: FieldIndex | undefined
    this.decided = new Uint8Array(plan.predicates.length)
    for (const unit of units) {
      const { needs } = plan.units[unit] ?? { needs: [] }
      if (needs.length === 0) always.push(unit)
      for (const id of needs) {
        const predicate = plan.predicates[id]
        const anchors = predicate && anchorsOf(predicate)
        if (!predicate || !anchors) throw new Error(`unit ${unit} of the plan needs predicate ${id}, which no index finds`)
        const slot = predicate[1]
        const index = slot === KEYWORDS ? (keywords ??= new FieldIndex(buffer)) : (fields[slot] ??= new FieldIndex(buffer))
        for (const found of anchors) {
          const anchor = slot === KEYWORDS ? anywhere(found) : found
          if (anchor.decides) this.decided[id] = 1
          index.add(anchor, id, unit)
        }
      }
    }
    this.#decideMore(plan, units, fields)
    for (const index of fields) index?.close()
    keywords?.close()
    this.always = always
    this.fields = fields
    this.keywords = keywords
    const slots = [...fields.keys()].filter(slot => fields[slot] !== undefined)
    const deep = (slot: number): boolean => (plan.fields[slot] ?? '').split('.', DEEPEST + 1).length > DEEPEST
    this.byName = slots.filter(deep)
    this.walk = new Walk(slots.filter(slot => !deep(slot)).map(slot => ({ slot, name: plan.fields[slot] ?? '' })))
  }

  /** Lets the search of a field also answer what else the units ask of it. */
  #decideMore(
    { code, predicates, units: all }: Plan,
    units: readonly number[],
    fields: readonly (FieldIndex | undefined)[],
  ): void {
    const chosen = new Set(units)
    let from = TRUE
    // A unit's program lies from where it begins back to where the one before it begins.
    for (let unit = 0; unit < all.length; from = Math.max(from, all[unit++]?.start ?? 0)) {
      if (!chosen.has(unit)) continue
      for (let at = all[unit]?.start ?? 0; at > from; at -= 3) {
        const id = code[at] ?? -1
        const predicate = predicates[id]
        if (!predicate || this.decided[id] === 1 || !CHEAP.has(predicate[0])) continue
        const [anchor] = anchorsOf(predicate) ?? []
        const index = fields[predicate[1]]
        if (!index || !anchor?.decides) continue
        index.add(anchor, id)
        this.decided[id] = 1
      }
    }
  }
}

/** Tests that cost next to nothing more in a field that is searched anyway. */
const CHEAP: ReadonlySet<string> = new Set(['equals', 'starts', 'ends'])

/** What stands between the texts of an event when they are searched as one. */
export const BETWEEN = '\0'

/** Keywords are searched in all texts at once, where only what lies within one text counts. */
function anywhere(anchor: Anchor): Anchor {
  if (anchor.how === 'present') return anchor
  if (anchor.how === 'contains' && !anchor.text.includes(BETWEEN)) return anchor
  return { how: 'present', text: '', decides: false }
}
