import { describe, expect, it } from 'vitest'
import { createFlushPolicy } from './flush.ts'

const plans = (mode: 'auto' | 'end' | 'interval', gapMs: number, count: number) => {
  const policy = createFlushPolicy(mode, 0)
  return Array.from({ length: count }, (_, index) => policy.plan(index * gapMs))
}

describe('when to flush', () => {
  it('is the end of each invocation while they are few or rare', () => {
    expect(new Set(plans('auto', 1000, 19))).toEqual(new Set(['end']))
    expect(new Set(plans('auto', 60_000, 60))).toEqual(new Set(['end']))
  })

  it('is every twenty seconds once they are frequent', () => {
    const all = plans('auto', 1000, 100)
    expect(all.slice(0, 19).every(each => each === 'end')).toBe(true)
    const tops = all.flatMap((each, index) => (each === 'top' ? [index] : []))
    expect(tops).toEqual([38, 58, 78, 98])
    expect(all.slice(19).filter(each => each === 'end')).toEqual([])
  })

  it('returns to the end when they become rare again', () => {
    const policy = createFlushPolicy('auto', 0)
    for (let index = 0; index < 30; index++) policy.plan(index * 100)
    expect(policy.plan(30 * 60_000)).toBe('end')
  })

  it('is what WEIR_FLUSH says', () => {
    expect(new Set(plans('end', 10, 50))).toEqual(new Set(['end']))
    expect(new Set(plans('interval', 10, 50))).toEqual(new Set(['none']))
  })
})
