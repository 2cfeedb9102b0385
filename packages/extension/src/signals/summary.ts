import type { At, Recording, Signal } from './signal.ts'

/**
 * `weir.summary`, one per invocation and flush, while lines are left out for the budget and summaries are kept of them (see `Load`): how many
 * lines and characters, how many of each level, and when the first and the last came. The lines that are recorded all the same are among them.
 */
export const summary: Signal = {
  name: 'weir.summary',
  flush(to) {
    const state = states.get(to)
    if (!state) return
    states.delete(to)
    for (const [invocation, { first, last, ...tally }] of state.tallies)
      to.own('weir.summary', { ...tally, first, last }, { time: last, invocation: to.redaction.label(invocation) })
  },
}

interface Tally {
  lines: number
  bytes: number
  readonly levels: Record<string, number>
  /** Epoch milliseconds. */
  first: number
  last: number
}

/** What has been left out since the flush before. */
interface State {
  lines: number
  errors: number
  readonly tallies: Map<string, Tally>
}
const states = new WeakMap<Recording, State>()

/** At `sample`, one line in so many is recorded. */
const SAMPLE = 10
/** Lines that tell of an error are recorded at `sample` and `summaries`, so many from one flush to the next. */
const MAX_ERRORS = 100
/** Invocations that are told apart in one flush. A JSON line names its own, so it can make them up. */
const MAX_TALLIES = 256

/**
 * A line of the function at any load but `all`. A secret is looked for, and a line that holds one is recorded, except at `counts`: there the line
 * is not read at all. What is not recorded is dropped as `over-budget`.
 */
export function lessen(type: string, record: unknown, at: At, to: Recording): void {
  const leaveOut = () => to.counters.drop('over-budget', 1, textOf(record).length)
  if (to.load === 'counts') return leaveOut()
  const place = { signal: type, time: at.time, invocation: to.redaction.label(at.invocation) }
  const clean = typeof record === 'string' ? to.redaction.text(record, place) : to.redaction.json(record, place)
  const text = textOf(record)
  const state = states.get(to) ?? { lines: 0, errors: 0, tallies: new Map() }
  states.set(to, state)
  const level = levelOf(text)
  if (to.load === 'summaries') add(state.tallies, at, text.length, level)
  const chosen = to.load === 'sample' && state.lines++ % SAMPLE === 0
  const error = /^(ERROR|FATAL|CRITICAL)$/.test(level) && state.errors++ < MAX_ERRORS
  if (chosen || error || textOf(clean) !== text) to.clean(type, clean, 'log', at)
  else leaveOut()
}

function add(tallies: Map<string, Tally>, { time, invocation }: At, bytes: number, level: string): void {
  const key = tallies.has(invocation) || tallies.size < MAX_TALLIES ? invocation : ''
  const tally = tallies.get(key) ?? { lines: 0, bytes: 0, levels: {}, first: time, last: time }
  tallies.set(key, tally)
  tally.lines++
  tally.bytes += bytes
  tally.levels[level] = (tally.levels[level] ?? 0) + 1
  tally.first = Math.min(tally.first, time)
  tally.last = Math.max(tally.last, time)
}

/** The first word of a line that is a level, in any of the forms that Lambda's runtimes print: tabs, brackets, JSON. */
const levelOf = (text: string): string =>
  /\b(TRACE|DEBUG|INFO|WARN|ERROR|FATAL|CRITICAL)(?:ING)?\b/i.exec(text.slice(0, 256))?.[1]?.toUpperCase() ?? 'other'

const textOf = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
