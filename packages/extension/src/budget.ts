import type { Load } from './signals/signal.ts'
import type { TelemetryEvent } from './telemetry.ts'

/**
 * What is left out to stay within the budget, from nothing to most. `overlap`: no invocation is held at its end any more, flushes run beside a
 * handler. The others are loads, on top of that.
 */
export const STEPS = ['all', 'overlap', 'sample', 'summaries', 'counts'] as const
export type Step = (typeof STEPS)[number]

/** What is recorded of what the function prints, at each step. */
export const loadOf = (step: Step): Load => (step === 'overlap' ? 'all' : step)

/** Measures what the extension adds to invocations after their end, and decides what to leave out. */
export interface Budget {
  readonly step: Step
  /** Milliseconds that an invocation gets longer by, a moving mean. */
  readonly addedMs: number
  /** An INVOKE event came. */
  began(requestId: string, now: number): void
  /** All is done for the newest invocation, and the next event is about to be asked for. */
  released(now: number): void
  observe(event: TelemetryEvent, now: number): void
}

/** How much a new value moves the mean. */
const WEIGHT = 1 / 8
/** So many invocations at a step before a higher one. */
const SETTLED = 8
/** So many calm ones before a lower one is tried. Doubled each time that was too early. */
const CALM = 16
const MAX_CALM = 1024
/** Calm is below this share of the budget. */
const EASY = 0.5
/** One slow invocation, a cold start say, counts for at most so many budgets. */
const OUTLIER = 4
/** With fewer lines than this an invocation, leaving lines out would save nothing: the time goes elsewhere, to a slow stream say. */
const MANY_LINES = 20
/** `platform.report` of an invocation comes with the next one. */
const MAX_RUNS = 4

interface Run {
  readonly requestId: string
  readonly began: number
  released?: number
  /** When the function was done. */
  done?: number
  handlerMs?: number
}

/**
 * An invocation's cost is the time from its end to our asking for the next event, and at most what `platform.report` says that all extensions
 * together added: its span `extensionOverhead`, or its duration less that of `platform.runtimeDone`. `changed` is told of each step.
 */
export function createBudget(budgetMs: number, changed: (step: Step, before: Step) => void): Budget {
  let runs: Run[] = []
  let at = 0
  let mean = 0
  let seen = 0
  let calm = CALM
  let lines = 0
  let meanLines = 0

  const move = (by: number) => {
    const before = budget.step
    at += by
    changed(budget.step, before)
    seen = 0
    mean = budgetMs * EASY
  }
  const feed = (ms: number) => {
    mean += WEIGHT * (Math.min(ms, OUTLIER * budgetMs) - mean)
    meanLines += WEIGHT * (lines - meanLines)
    lines = 0
    seen++
    if (ms > budgetMs && mean > budgetMs && seen >= SETTLED) {
      if (at < 1 || (at < STEPS.length - 1 && meanLines >= MANY_LINES)) {
        calm = Math.min(MAX_CALM, calm * 2)
        move(1)
      }
    } else if (mean < budgetMs * EASY && seen >= calm) {
      if (at > 0) move(-1)
      else calm = CALM
    }
  }
  /** What is known of a run goes into the mean, once. */
  const close = (run: Run, reportedMs = Number.POSITIVE_INFINITY) => {
    runs = runs.filter(each => each !== run)
    const { done, released } = run
    if (done !== undefined && released !== undefined) feed(Math.min(Math.max(0, released - done), reportedMs))
  }
  const budget: Budget = {
    get step() {
      return STEPS[at] ?? 'all'
    },
    get addedMs() {
      return mean
    },
    began(requestId, now) {
      const [oldest] = runs
      if (oldest && runs.length >= MAX_RUNS) close(oldest)
      runs.push({ requestId, began: now })
    },
    released(now) {
      const run = runs.at(-1)
      if (run) run.released ??= now
    },
    observe({ type, time, record }, now) {
      if (type === 'function') lines++
      if (type !== 'platform.runtimeDone' && type !== 'platform.report') return
      const { requestId, metrics, spans } = Object(record) as Record<string, unknown>
      const run = runs.findLast(each => each.requestId === requestId)
      if (!run) return
      const durationMs = numberAt(metrics, 'durationMs')
      if (type === 'platform.runtimeDone') {
        run.done = Math.max(run.began, Math.min(time, now))
        if (durationMs !== undefined) run.handlerMs = durationMs
        return
      }
      const span: unknown = Array.isArray(spans) ? spans.find(each => Object(each).name === 'extensionOverhead') : undefined
      const whole = durationMs !== undefined && run.handlerMs !== undefined ? Math.max(0, durationMs - run.handlerMs) : undefined
      close(run, numberAt(span, 'durationMs') ?? whole)
    },
  }
  return budget
}

/** A number that is a time; telemetry can be anything. */
export function numberAt(value: unknown, name: string): number | undefined {
  const found: unknown = Object(value)[name]
  return typeof found === 'number' && found >= 0 ? found : undefined
}
