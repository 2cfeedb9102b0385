import type { Entry } from './group-state.ts'
import type { Bound, Branch, CorrelationRule, Operator } from './model.ts'

/** The figure of a window, kept up to date as events come into it and leave it. */
export interface Gauge {
  add(entry: Entry): void
  /** Takes out the event that came in first. */
  remove(entry: Entry): void
  /** The figure over the events later than `after`, all of which are in. */
  value(after: number): number
}

const HOLDS: Readonly<Record<Operator, (value: number, bound: number) => boolean>> = {
  gt: (value, bound) => value > bound,
  gte: (value, bound) => value >= bound,
  lt: (value, bound) => value < bound,
  lte: (value, bound) => value <= bound,
  eq: (value, bound) => value === bound,
  neq: (value, bound) => value !== bound,
}

/** Whether the figure keeps every bound. The figure of branches is 1 where one of them holds, else 0. */
export const keeps = (bounds: readonly Bound[], value: number): boolean =>
  bounds.length === 0 ? value > 0 : bounds.every(bound => HOLDS[bound.op](value, bound.value))

/** Whether one more event can only bring the condition nearer: then it is judged at once, and else when its window is over. */
export function isMonotone({ type, bounds, branches }: Pick<CorrelationRule, 'type' | 'bounds' | 'branches'>): boolean {
  if (type === 'value_avg' || type === 'value_percentile' || type === 'value_median') return false
  return bounds.every(({ op }) => op === 'gt' || op === 'gte') && branches.every(({ unseen }) => unseen.length === 0)
}

/**
 * What a figure that one more event can only raise is at most over the entries from `from` on: worked out without a gauge, as most groups are far
 * from what is asked.
 */
export function mostOf({ type, branches }: CorrelationRule, entries: readonly Entry[], from: number): number {
  if (type === 'event_count') return entries.length - from
  if (type === 'value_sum') return Number.POSITIVE_INFINITY
  let seen = 0
  let values = 0
  for (let i = from; i < entries.length; i++) {
    const entry = entries[i] as Entry
    seen |= entry.rules
    values += entry.values.length
  }
  if (type === 'value_count') return values
  if (branches.length > 0) return branches.some(branch => branch.seen.every(rule => seen & (1 << rule))) ? 1 : 0
  let rules = 0
  for (; seen !== 0; seen &= seen - 1) rules++
  return rules
}

/** A gauge for one window, or one that slides. */
export function gaugeOf(rule: CorrelationRule): Gauge {
  switch (rule.type) {
    case 'event_count':
      return rule.inputs.every(({ kind }) => kind === 'rule') ? new Count() : new Distinct(entry => [entry.unit])
    case 'value_count':
      return new Distinct(entry => entry.values)
    case 'value_sum':
      return new Sum(isMonotone(rule))
    case 'value_avg':
      return new Distribution(average)
    case 'value_percentile':
    case 'value_median':
      return new Distribution(numbers => percentile(numbers, rule.percentile ?? 50))
    case 'temporal':
      return rule.branches.length > 0 ? new Branches(rule.branches, false) : new Seen(rule.references.map((_, i) => i))
    case 'temporal_ordered':
      return rule.branches.length > 0 ? new Branches(rule.branches, true) : new InOrder(rule.references.map((_, i) => i))
  }
}

/** Where each event counts as one. */
class Count implements Gauge {
  #count = 0

  add(): void {
    this.#count++
  }

  remove(): void {
    this.#count--
  }

  value(): number {
    return this.#count
  }
}

class Distinct implements Gauge {
  readonly #of: (entry: Entry) => readonly string[]
  readonly #counts = new Map<string, number>()

  constructor(of: (entry: Entry) => readonly string[]) {
    this.#of = of
  }

  add(entry: Entry): void {
    for (const each of this.#of(entry)) this.#counts.set(each, (this.#counts.get(each) ?? 0) + 1)
  }

  remove(entry: Entry): void {
    for (const each of this.#of(entry)) {
      const count = (this.#counts.get(each) ?? 0) - 1
      if (count > 0) this.#counts.set(each, count)
      else this.#counts.delete(each)
    }
  }

  value(): number {
    return this.#counts.size
  }
}

/** Sums are kept in whole millionths, so that they are the same in whatever order the events came. */
const MILLIONTHS = 1e6
const millionths = (number: number): bigint => BigInt(Math.round(number * MILLIONTHS))

class Sum implements Gauge {
  readonly #positive: boolean
  #sum = 0n

  /** `positive` leaves out negative numbers: with them a sum that was exceeded might not be any more once a late event is in. */
  constructor(positive: boolean) {
    this.#positive = positive
  }

  add(entry: Entry): void {
    for (const number of this.#numbers(entry)) this.#sum += millionths(number)
  }

  remove(entry: Entry): void {
    for (const number of this.#numbers(entry)) this.#sum -= millionths(number)
  }

  value(): number {
    return Number(this.#sum) / MILLIONTHS
  }

  #numbers(entry: Entry): readonly number[] {
    const numbers = entry.values.map(Number)
    return this.#positive ? numbers.filter(number => number > 0) : numbers
  }
}

/** For windows that do not slide. */
class Distribution implements Gauge {
  readonly #numbers: number[] = []
  readonly #figure: (numbers: readonly number[]) => number

  constructor(figure: (numbers: readonly number[]) => number) {
    this.#figure = figure
  }

  add(entry: Entry): void {
    this.#numbers.push(...entry.values.map(Number))
  }

  remove(): void {
    throw new TypeError('a distribution is worked out for a window that stays')
  }

  value(): number {
    return this.#figure(this.#numbers)
  }
}

function average(numbers: readonly number[]): number {
  const sum = numbers.reduce((sum, number) => sum + millionths(number), 0n)
  return Number(sum) / MILLIONTHS / numbers.length
}

/** With linear interpolation between the two nearest numbers (the method of Excel's PERCENTILE.INC and of NumPy). */
function percentile(numbers: readonly number[], percent: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const rank = (percent / 100) * (sorted.length - 1)
  const low = sorted[Math.floor(rank)] ?? 0
  const high = sorted[Math.ceil(rank)] ?? low
  return low + (high - low) * (rank - Math.floor(rank))
}

const NEVER = Number.NEGATIVE_INFINITY

/** How many of the rules were seen. */
class Seen implements Gauge {
  readonly #rules: readonly number[]
  readonly #last: number[]

  constructor(rules: readonly number[]) {
    this.#rules = rules
    this.#last = rules.map(() => NEVER)
  }

  add({ rules, time }: Entry): void {
    for (const [i, rule] of this.#rules.entries()) if (rules & (1 << rule)) this.#last[i] = time
  }

  remove(): void {}

  value(after: number): number {
    return this.#last.filter(time => time > after).length
  }
}

/** The longest row of rules, in their order, of which none was seen before the one in front of it. Rules may be left out. */
class InOrder implements Gauge {
  readonly #rules: readonly number[]
  /** Rules taken × last of them → when the latest such row began. */
  readonly #began: number[][]
  /** When the entries of one moment are added one by one, a rule seen then may stand before one that came in earlier. */
  #moment = NEVER
  #seen = 0

  constructor(rules: readonly number[]) {
    this.#rules = rules
    this.#began = rules.map(() => rules.map(() => NEVER))
  }

  add({ rules, time }: Entry): void {
    this.#seen = time === this.#moment ? this.#seen | rules : rules
    this.#moment = time
    for (const [last, rule] of this.#rules.entries()) {
      if ((this.#seen & (1 << rule)) === 0) continue
      for (const [length, row] of this.#began.entries()) {
        const began = length === 0 ? time : Math.max(NEVER, ...(this.#began[length - 1] ?? []).slice(0, last))
        row[last] = Math.max(row[last] ?? NEVER, began)
      }
    }
  }

  remove(): void {}

  value(after: number): number {
    return this.#began.findLastIndex(row => row.some(began => began > after)) + 1
  }
}

/** 1 when one of the branches holds. */
class Branches implements Gauge {
  readonly #branches: readonly { readonly size: number; readonly seen: Gauge; readonly unseen: Gauge }[]

  constructor(branches: readonly Branch[], ordered: boolean) {
    this.#branches = branches.map(({ seen, unseen }) => ({
      size: seen.length,
      seen: ordered ? new InOrder(seen) : new Seen(seen),
      unseen: new Seen(unseen),
    }))
  }

  add(entry: Entry): void {
    for (const { seen, unseen } of this.#branches) {
      seen.add(entry)
      unseen.add(entry)
    }
  }

  remove(): void {}

  value(after: number): number {
    return this.#branches.some(({ size, seen, unseen }) => seen.value(after) === size && unseen.value(after) === 0) ? 1 : 0
  }
}
