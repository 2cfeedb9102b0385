import { describe, expect, it } from 'vitest'
import { Router } from './router.ts'
import { TextBuffer } from './text.ts'

describe('routes by log source', () => {
  const each = [...Array(17).keys()]
  const sources = each.flatMap(n => [{ product: `p${n}` }, { service: `s${n}` }])
  const units = sources.map((_, source) => ({ rule: source, source, start: 1, needs: [] }))
  const router = new Router({ fields: [], predicates: [], code: [0, 1], sources, units }, true, new TextBuffer())

  it('are kept, and forgotten where there are too many', () => {
    const first = { product: 'p0', service: 's0' }
    const route = router.of(first)
    router.of({ product: 'p1' })
    expect(router.of(first)).toBe(route)
    for (const p of each) for (const s of each) router.of({ product: `p${p}`, service: `s${s}` })
    expect(router.of(first)).not.toBe(route)
    expect(router.of(first)?.always).toEqual([0, 1])
  })
})
