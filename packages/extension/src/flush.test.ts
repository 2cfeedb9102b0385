import { describe, expect, it } from 'vitest'
import { createFlushPolicy } from './flush.ts'

/** What is planned for `count` invocations, `gapMs` apart, whose handlers mostly wait. */
const plans = (mode: 'auto' | 'end' | 'interval', gapMs: number, count: number, mayHold = true) => {
  const policy = createFlushPolicy(mode, 0)
  policy.handled(10_000)
  return Array.from({ length: count }, (_, index) => policy.plan(index * gapMs, mayHold))
}
const at = (all: readonly string[], plan: string) => all.flatMap((each, index) => (each === plan ? [index] : []))

describe('when to flush', () => {
  it('is the end of each invocation while they are few or rare', () => {
    expect(new Set(plans('auto', 1000, 19))).toEqual(new Set(['end']))
    expect(new Set(plans('auto', 60_000, 60))).toEqual(new Set(['end']))
  })

  it('is every twenty seconds once they are frequent', () => {
    const all = plans('auto', 1000, 100)
    expect(at(all, 'end')).toEqual(Array.from({ length: 19 }, (_, index) => index))
    expect(at(all, 'top')).toEqual([38, 58, 78, 98])
  })

  it('returns to the end when they become rare again', () => {
    const policy = createFlushPolicy('auto', 0)
    for (let index = 0; index < 30; index++) policy.plan(index * 100, true)
    expect(policy.plan(30 * 60_000, true)).toBe('end')
  })

  it('is what WEIR_FLUSH says', () => {
    expect(new Set(plans('end', 10, 50))).toEqual(new Set(['end']))
    expect(new Set(plans('interval', 10, 50))).toEqual(new Set(['none']))
  })

  it('is never beside a handler that takes less than four flushes', () => {
    const policy = createFlushPolicy('interval', 0)
    const at: [number, string][] = []
    for (let now = 0; now < 400_000; now += 20_000) {
      policy.handled(now < 200_000 ? 5 : 1000)
      policy.flushed(20)
      at.push([now, policy.plan(now, true)])
    }
    const [[, none] = [], ...due] = at
    expect(none).toBe('none')
    expect(due.slice(0, 9).every(([, plan]) => plan === 'end')).toBe(true)
    expect(due.slice(9).every(([, plan]) => plan === 'top')).toBe(true)
  })

  it('is beside the handler, hot or not, when no invocation may be held', () => {
    const policy = createFlushPolicy('end', 0)
    expect(policy.plan(1, false)).toBe('top')
    expect(at(plans('auto', 1000, 100, false), 'end')).toEqual([])
  })
})
