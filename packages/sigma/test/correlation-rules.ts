/** One event of the property test. */
export interface Happening {
  readonly uid: string
  /** Seconds. */
  readonly at: number
  /** Which rules match it: `a`, `b`, `c`; of a correlation's findings, its name. */
  readonly what: string
  readonly users: readonly string[]
  readonly value: string
  readonly number: number
}

/** A correlation, and what it means said again in the plainest way: over all events of a group, sorted. */
export interface Case {
  readonly name: string
  readonly yaml: string
  /** Which events it looks at. */
  readonly of: readonly string[]
  /** Whether it is tried on the window that ends with each event, or on windows one after the other. */
  readonly slides: boolean
  readonly holds: (window: readonly Happening[]) => boolean
  /** Which events open a window, where it does not slide; all when left out. */
  readonly opens?: string
}

/** Seconds; all correlations of the test have it. */
export const TIMESPAN = 60

const of = (window: readonly Happening[], what: string): readonly Happening[] => window.filter(each => each.what === what)
const has = (window: readonly Happening[], what: string): boolean => of(window, what).length > 0
const distinct = (values: readonly unknown[]): number => new Set(values).size
const sum = (numbers: readonly number[]): number => Math.round(numbers.reduce((a, b) => a + b, 0) * 10) / 10
/** Whether events of these kinds can be picked, each at or after the one before it. */
const inOrder = (window: readonly Happening[], kinds: readonly string[], from = Number.NEGATIVE_INFINITY): boolean => {
  const [first, ...rest] = kinds
  return first === undefined || of(window, first).some(({ at }) => at >= from && inOrder(window, rest, at))
}

const correlation = (name: string, type: string, rules: readonly string[], condition: string, more = ''): string => `
title: ${name}
name: ${name}
correlation:
  type: ${type}
  rules: [${rules.join(', ')}]
  group-by: [user]
  timespan: ${TIMESPAN}s
  generate: true
  ${condition}
  ${more}`

const rule = (name: string): string => `
title: ${name}
name: ${name}
logsource: { product: test }
detection: { sel: { what: ${name} }, condition: sel }`

export const CASES: readonly Case[] = [
  {
    name: 'many',
    yaml: correlation('many', 'event_count', ['a'], 'condition: { gte: 3 }'),
    of: ['a'],
    slides: true,
    holds: window => window.length >= 3,
  },
  {
    name: 'plenty',
    // Of a rare rule, so that there are gaps between its findings.
    yaml: correlation('plenty', 'event_count', ['c'], 'condition: { gt: 1 }'),
    of: ['c'],
    slides: true,
    holds: window => window.length > 1,
  },
  {
    name: 'values',
    yaml: correlation('values', 'value_count', ['a', 'b'], 'condition: { field: value, gt: 2 }'),
    of: ['a', 'b'],
    slides: true,
    holds: window => distinct(window.map(({ value }) => value)) > 2,
  },
  {
    name: 'together',
    yaml: correlation('together', 'temporal', ['a', 'b', 'c'], ''),
    of: ['a', 'b', 'c'],
    slides: true,
    holds: window => ['a', 'b', 'c'].every(what => has(window, what)),
  },
  {
    name: 'twoofthem',
    yaml: correlation('twoofthem', 'temporal', ['a', 'b', 'c'], 'condition: { gte: 2 }'),
    of: ['a', 'b', 'c'],
    slides: true,
    holds: window => distinct(window.map(({ what }) => what)) >= 2,
  },
  {
    name: 'inorder',
    yaml: correlation('inorder', 'temporal_ordered', ['a', 'b', 'c'], ''),
    of: ['a', 'b', 'c'],
    slides: true,
    holds: window => inOrder(window, ['a', 'b', 'c']),
  },
  {
    name: 'twoinorder',
    yaml: correlation('twoinorder', 'temporal_ordered', ['a', 'b', 'c'], 'condition: { gte: 2 }'),
    of: ['a', 'b', 'c'],
    slides: true,
    holds: window => [0, 1, 2].some(out => inOrder(window, ['a', 'b', 'c'].toSpliced(out, 1))),
  },
  {
    name: 'either',
    yaml: correlation('either', 'temporal', ['a', 'b', 'c'], 'condition: a and (b or c)'),
    of: ['a', 'b', 'c'],
    slides: true,
    holds: window => has(window, 'a') && (has(window, 'b') || has(window, 'c')),
  },
  {
    name: 'total',
    yaml: correlation('total', 'value_sum', ['a'], 'condition: { field: number, gte: 1.5 }'),
    of: ['a'],
    slides: true,
    holds: window => sum(window.map(({ number }) => Math.max(0, number))) >= 1.5,
  },
  {
    name: 'few',
    yaml: correlation('few', 'event_count', ['a'], 'condition: { lt: 3 }'),
    of: ['a'],
    slides: false,
    holds: window => window.length < 3,
  },
  {
    name: 'some',
    yaml: correlation('some', 'event_count', ['a', 'b'], 'condition: { gte: 2, lte: 3 }'),
    of: ['a', 'b'],
    slides: false,
    holds: window => window.length >= 2 && window.length <= 3,
  },
  {
    name: 'nottwo',
    yaml: correlation('nottwo', 'value_count', ['b'], 'condition: { field: value, neq: 2 }'),
    of: ['b'],
    slides: false,
    holds: window => distinct(window.map(({ value }) => value)) !== 2,
  },
  {
    name: 'net',
    yaml: correlation('net', 'value_sum', ['a'], 'condition: { field: number, lt: 0.3 }'),
    of: ['a'],
    slides: false,
    holds: window => sum(window.map(({ number }) => number)) < 0.3,
  },
  {
    name: 'average',
    yaml: correlation('average', 'value_avg', ['b'], 'condition: { field: number, gt: 0.5 }'),
    of: ['b'],
    slides: false,
    holds: window => sum(window.map(({ number }) => number)) / window.length > 0.5,
  },
  {
    name: 'highest',
    yaml: correlation('highest', 'value_percentile', ['b'], 'condition: { field: number, percentile: 100, gte: 1 }'),
    of: ['b'],
    slides: false,
    holds: window => Math.max(...window.map(({ number }) => number)) >= 1,
  },
  {
    name: 'alone',
    yaml: correlation('alone', 'temporal', ['a', 'b'], 'condition: a and not b'),
    of: ['a', 'b'],
    slides: false,
    opens: 'a',
    holds: window => has(window, 'a') && !has(window, 'b'),
  },
  {
    name: 'afterwards',
    yaml: correlation('afterwards', 'temporal_ordered', ['many', 'c'], ''),
    of: ['many', 'c'],
    slides: true,
    holds: window => inOrder(window, ['many', 'c']),
  },
  {
    name: 'again',
    yaml: correlation('again', 'event_count', ['few'], 'condition: { gte: 2 }'),
    of: ['few'],
    slides: true,
    holds: window => distinct(window.map(({ uid }) => uid)) >= 2,
  },
  {
    name: 'manyagain',
    yaml: correlation('manyagain', 'event_count', ['many'], 'condition: { gte: 2 }'),
    of: ['many'],
    slides: true,
    // A finding that goes on is one, however many moments it has.
    holds: window => distinct(window.map(({ uid }) => uid)) >= 2,
  },
  {
    name: 'never',
    yaml: correlation('never', 'temporal', ['few', 'many'], 'condition: few and not many'),
    of: ['few', 'many'],
    slides: false,
    opens: 'few',
    holds: window => has(window, 'few') && !has(window, 'many'),
  },
]

export const RULES = [...['a', 'b', 'c'].map(rule), ...CASES.map(({ yaml }) => yaml)].join('\n---')

/** Every finding that events make, `correlation group start`, found by looking at all of them at once. `grid` is the suppression, seconds. */
export function oracle(happenings: readonly Happening[], grid: number): ReadonlySet<string> {
  const found = new Set<string>()
  const groups = new Set(happenings.flatMap(({ users }) => users.map(user => user.toLowerCase())))
  for (const group of groups) {
    const own = happenings.filter(({ users }) => users.some(user => user.toLowerCase() === group))
    const all = new Map<string, Happening>(own.map(each => [each.uid, each]))
    let events = [...all.values()]
    for (const each of CASES) {
      const looked = events.filter(({ what }) => each.of.includes(what)).sort((a, b) => a.at - b.at)
      const windows = each.slides ? sliding(looked, each, grid) : inTurn(looked, each)
      for (const { start } of windows) found.add(`${each.name} ${group} ${start}`)
      events = events.concat(
        windows.map(({ start, at }) => ({ uid: `${each.name}/${start}`, at, what: each.name, users: [], value: '', number: 0 })),
      )
    }
  }
  return found
}

interface Fired {
  readonly start: number
  readonly at: number
}

const sliding = (events: readonly Happening[], { holds }: Case, grid: number): readonly Fired[] =>
  events
    .filter(({ at: end }) => holds(events.filter(({ at }) => at > end - TIMESPAN && at <= end)))
    .map(({ at }) => ({ at, start: Math.floor(at / grid) * grid }))

function inTurn(events: readonly Happening[], { holds, opens }: Case): readonly Fired[] {
  const fired: Fired[] = []
  let from = Number.NEGATIVE_INFINITY
  for (const { at: start, what } of events) {
    if (start < from || (opens !== undefined && what !== opens)) continue
    from = start + TIMESPAN
    const window = events.filter(({ at }) => at >= start && at < start + TIMESPAN)
    if (holds(window)) fired.push({ start, at: from })
  }
  return fired
}
