import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBudget, loadOf, STEPS, type Step } from './budget.ts'

const BUDGET = 50

function setup() {
  const steps: Step[] = []
  const budget = createBudget(BUDGET, step => void steps.push(step))
  let now = 1_000_000
  let id = 0
  /** One invocation that we hold for `addedMs`; `reported`: what `platform.report` says of it, if it comes. */
  const invocation = (addedMs: number, { lines = 0, reported }: { lines?: number; reported?: object } = {}) => {
    const requestId = `r-${id++}`
    budget.began(requestId, now)
    for (let each = 0; each < lines; each++) budget.observe({ type: 'function', time: now, record: 'x' }, now)
    now += 100
    budget.observe({ type: 'platform.runtimeDone', time: now, record: { requestId, metrics: { durationMs: 100 } } }, now)
    now += addedMs
    budget.released(now)
    if (reported !== undefined)
      budget.observe({ type: 'platform.report', time: now, record: Object.assign({ requestId }, reported) }, now)
  }
  const times = (count: number, ...args: Parameters<typeof invocation>) => {
    for (let each = 0; each < count; each++) invocation(...args)
  }
  return { budget, steps, invocation, times }
}

describe('the budget', () => {
  it('is kept to by one step at a time, holding first, and taken back when there is room', () => {
    const { budget, steps, times } = setup()
    times(60, 150, { lines: 100 })
    expect(steps).toEqual(['overlap', 'sample', 'summaries', 'counts'])
    expect(steps.map(loadOf)).toEqual(['all', 'sample', 'summaries', 'counts'])
    steps.length = 0
    times(5000, 1, { lines: 100 })
    expect(steps).toEqual(['summaries', 'sample', 'overlap', 'all'])
    expect(budget.step).toBe('all')
  })

  it('leaves no line out where there are few: that would save nothing', () => {
    const { budget, times } = setup()
    times(200, 150, { lines: 3 })
    expect(budget.step).toBe('overlap')
  })

  it('forgives one slow invocation, and the first ones', () => {
    const { steps, times } = setup()
    times(5, 300)
    times(20, 5)
    times(1, 1500)
    times(20, 5)
    expect(steps).toEqual([])
  })

  it('tries a lower step ever more rarely while that fails', () => {
    const { budget, steps, invocation } = setup()
    const changes: number[] = []
    for (let each = 0; each < 4000; each++) {
      const before = steps.length
      invocation(budget.step === 'all' ? 200 : 1)
      if (steps.length > before && budget.step === 'all') changes.push(each)
    }
    const gaps = changes.slice(1).map((each, index) => each - (changes[index] ?? 0))
    expect(gaps.slice(0, 5)).toEqual([72, 136, 264, 520, 1032])
  })

  it('takes no more for its own than the platform says that extensions added', () => {
    for (const reported of [
      { spans: [{ name: 'extensionOverhead', durationMs: 2 }] },
      { metrics: { durationMs: 102.5 } },
      { metrics: { durationMs: 90 } },
    ]) {
      const { budget, times } = setup()
      times(50, 400, { reported })
      expect(budget.addedMs).toBeLessThan(3)
      expect(budget.step).toBe('all')
    }
  })

  it('takes for its own what it measured where another extension took longer, and where nothing is said', () => {
    for (const reported of [{ spans: [{ name: 'extensionOverhead', durationMs: 900 }] }, { spans: 'none' }, {}]) {
      const { budget, times } = setup()
      times(60, 10, { reported })
      expect(budget.addedMs).toBeGreaterThan(9)
      expect(budget.addedMs).toBeLessThan(11)
    }
  })

  it('counts nothing for an invocation that was let go before its end', () => {
    const budget = createBudget(BUDGET, () => {})
    for (let each = 0; each < 50; each++) {
      const now = each * 1000
      const requestId = String(each)
      budget.began(requestId, now)
      budget.released(now + 1)
      budget.observe({ type: 'platform.runtimeDone', time: now + 500, record: { requestId } }, now + 530)
      budget.observe({ type: 'platform.report', time: now + 500, record: { requestId } }, now + 900)
    }
    expect(budget.addedMs).toBe(0)
  })

  it('moves by one step at most at a time, and never fails, whatever telemetry says', () => {
    const telemetry = fc.record({
      type: fc.constantFrom('platform.runtimeDone', 'platform.report', 'platform.start', 'function'),
      time: fc.oneof(fc.double(), fc.nat(10_000)),
      record: fc.oneof(
        fc.anything(),
        fc.record(
          {
            requestId: fc.constantFrom('a', 'b', 'c'),
            metrics: fc.oneof(fc.anything(), fc.record({ durationMs: fc.double() })),
            spans: fc.oneof(
              fc.anything(),
              fc.array(fc.record({ name: fc.constant('extensionOverhead'), durationMs: fc.double() })),
            ),
          },
          { requiredKeys: ['requestId'] },
        ),
      ),
    })
    const step = fc.oneof(telemetry, fc.constantFrom('a', 'b', 'c'), fc.nat(500))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), steps => {
        let at = 0
        const budget = createBudget(1, (after, before) => {
          expect(STEPS.indexOf(before)).toBe(at)
          at = STEPS.indexOf(after)
          expect(Math.abs(at - STEPS.indexOf(before))).toBe(1)
        })
        let now = 0
        for (const each of steps) {
          if (typeof each === 'string') budget.began(each, now)
          else if (typeof each === 'number') budget.released((now += each))
          else budget.observe(each, now)
        }
        expect(budget.addedMs).toBeGreaterThanOrEqual(0)
        expect(budget.addedMs).toBeLessThanOrEqual(4)
      }),
    )
  })
})
