import type { FieldIndex, Hit } from './index/field.ts'
import { BETWEEN, type Route } from './index/route.ts'
import type { Plan } from './plan/plan.ts'
import { KEYWORDS } from './plan/predicate.ts'
import { TRUE } from './plan/program.ts'
import { makeTest, NONE, type Test } from './plan/test.ts'
import { fold } from './values.ts'
import { EventView, type Field, textOf } from './view.ts'

/** Rounds are marked in 32 bits, with one bit for the answer. */
const LAST_ROUND = 2 ** 30 - 1
const NO_UNITS: readonly number[] = []

/** The conditions of a plan's units as functions, from a generated module, each given a function that answers predicates. */
export type Conditions = readonly ((holds: (id: number) => boolean) => boolean)[]

/**
 * Finds the units of a plan that hold for one body of an event, one event after another. What it has found out of a predicate is kept for
 * all units of the event.
 */
export class Matcher {
  readonly view: EventView
  readonly #plan: Plan
  readonly #conditions: Conditions | undefined
  readonly #fault: ((unit: number, error: unknown) => void) | undefined
  readonly #holds = (id: number): boolean => this.holds(id)
  readonly #code: Int32Array
  readonly #slots: Int32Array
  readonly #tests: (Test | undefined)[]
  /** By predicate: twice the round in which it was answered, plus the answer. */
  readonly #answers: Int32Array
  /** By unit: the round in which it was proposed. */
  readonly #proposed: Int32Array
  #decided: Uint8Array = new Uint8Array(0)
  /** The units that are proposed, the first `#count` of them. */
  readonly #candidates: number[] = []
  #count = 0
  #round = 0

  /** Without `fault`, what goes wrong in a unit is thrown; with it, the unit holds for nothing, and the others are tried. */
  constructor(plan: Plan, conditions?: Conditions, fault?: (unit: number, error: unknown) => void) {
    this.#plan = plan
    this.#fault = fault
    this.#conditions = conditions
    this.view = new EventView({ names: plan.fields })
    this.#code = Int32Array.from(plan.code)
    this.#slots = Int32Array.from(plan.predicates, predicate => predicate[1])
    this.#tests = plan.predicates.map(() => undefined)
    this.#answers = new Int32Array(plan.predicates.length)
    this.#proposed = new Int32Array(plan.units.length)
  }

  /** The units of the route that hold, in their order. The view stays on this event until the next. */
  match(body: object, route: Route): readonly number[] {
    if (++this.#round > LAST_ROUND) {
      this.#round = 1
      this.#answers.fill(0)
      this.#proposed.fill(0)
    }
    this.view.reset(body)
    this.#decided = route.decided
    this.#count = 0
    this.#search(body, route)
    const { always } = route
    if (this.#count === 0 && always.length === 0) return NO_UNITS
    const holding: number[] = []
    for (const unit of always) if (this.#run(unit)) holding.push(unit)
    for (let i = 0; i < this.#count; i++) {
      const unit = this.#candidates[i] ?? 0
      if (this.#run(unit)) holding.push(unit)
    }
    return holding.length > 1 ? holding.sort((a, b) => a - b) : holding
  }

  /** Whether a predicate is true of the event. */
  holds(id: number): boolean {
    const answer = this.#answers[id] ?? 0
    if (answer >> 1 === this.#round) return (answer & 1) === 1
    if (this.#decided[id] === 1) return false
    const holds = this.#ask(id)
    this.#answers[id] = 2 * this.#round + (holds ? 1 : 0)
    return holds
  }

  /** Which of its field's values makes a predicate true; see Test. */
  which(id: number): number {
    const predicate = this.#plan.predicates[id]
    if (!predicate) return NONE
    const test = (this.#tests[id] ??= makeTest(predicate))
    return test(this.field(predicate[1]), this.view)
  }

  field(slot: number): Field {
    return slot === KEYWORDS ? this.view.keywords() : this.view.field(slot)
  }

  #found(hits: readonly Hit[]): void {
    for (let h = 0; h < hits.length; h++) {
      const hit = hits[h]
      if (!hit) continue
      if (hit.predicate >= 0) this.#answers[hit.predicate] = 2 * this.#round + 1
      const { units } = hit
      for (let i = 0; i < units.length; i++) this.#propose(units[i] ?? 0)
    }
  }

  #propose(unit: number): void {
    if (this.#proposed[unit] === this.#round) return
    this.#proposed[unit] = this.#round
    this.#candidates[this.#count++] = unit
  }

  #search(body: object, { walk, fields, byName, keywords }: Route): void {
    walk.run(body)
    const { again } = walk
    for (let i = 0; i < walk.count; i++) {
      const slot = walk.slots[i] ?? 0
      if (again.length > 0 && again.includes(slot)) continue
      this.#value(slot, walk.values[i], fields)
    }
    if (again.length > 0) this.#byName(again, fields)
    if (byName.length > 0) this.#byName(byName, fields)
    if (keywords) this.#keywords(keywords)
  }

  #byName(slots: readonly number[], fields: Route['fields']): void {
    for (const slot of new Set(slots)) for (const value of this.view.field(slot).values) this.#value(slot, value, fields)
  }

  #keywords(keywords: FieldIndex): void {
    const { values } = this.view.keywords()
    if (values.length === 0) return
    for (const unit of keywords.present) this.#propose(unit)
    if (keywords.reads) this.#found(keywords.searchFolded(fold(values.map(textOf).join(BETWEEN))))
  }

  #value(slot: number, value: unknown, fields: Route['fields']): void {
    const index = fields[slot]
    if (!index) return
    const { present } = index
    for (let i = 0; i < present.length; i++) this.#propose(present[i] ?? 0)
    if (index.reads) this.#found(index.search(typeof value === 'string' ? value : textOf(value)))
  }

  #run(unit: number): boolean {
    const condition = this.#conditions?.[unit]
    try {
      return condition ? condition(this.#holds) : this.#jump(this.#plan.units[unit]?.start ?? 0)
    } catch (error) {
      if (!this.#fault) throw error
      this.#fault(unit, error)
      return false
    }
  }

  #jump(start: number): boolean {
    const code = this.#code
    let at = start
    while (at > TRUE) at = code[this.holds(code[at] ?? 0) ? at + 1 : at + 2] ?? 0
    return at === TRUE
  }

  #ask(id: number): boolean {
    const slot = this.#slots[id] ?? 0
    const test = this.#tests[id]
    if (test) return test(slot === KEYWORDS ? this.view.keywords() : this.view.field(slot), this.view) !== NONE
    const predicate = this.#plan.predicates[id]
    if (predicate?.[0] === 'part') return this.#jump(predicate[2])
    return this.which(id) !== NONE
  }
}
