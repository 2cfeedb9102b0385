import { describe, expect, it } from 'vitest'
import { matches, reasonOf, ruleOf } from '../../test/testing.ts'
import { compilePack } from '../pack/data.ts'
import { openPack } from '../pack/open.ts'
import { anchorsOf } from './anchor.ts'

describe('what the index looks for', () => {
  it.each([
    ['contains', 'contains'],
    ['starts', 'starts'],
    ['ends', 'contains'],
  ] as const)('under %s with half a surrogate pair is the text around it', (how, found) => {
    expect(anchorsOf([how, 0, 'needle\ud83d'])).toEqual([{ how: found, text: 'needle', decides: false }])
  })

  it.each([
    ['contains', 'a needle\ud83d b'],
    ['startswith', 'needle\ud83d b'],
    ['endswith', 'a needle\ud83d'],
  ])('finds a text under %s that only a pack can hold', (modifier, text) => {
    const rule = ruleOf({ sel: { [`f|${modifier}`]: 'needle!' }, condition: 'sel' })
    const pack = JSON.stringify(compilePack({ rules: [rule], correlations: [], silent: new Set() }, '0123456789abcdef'))
    const { engine } = openPack(JSON.parse(pack.replaceAll('needle!', 'needle\\ud83d')))
    expect(engine.match({ logsource: { product: 'test' }, record: { f: text }, ocsf: {} })).toHaveLength(1)
    expect(engine.match({ logsource: { product: 'test' }, record: { f: 'a needle b' }, ocsf: {} })).toEqual([])
  })
})

describe('half a surrogate pair', () => {
  it.each([{ f: 'a\ud83d' }, { 'f|contains': ['x', '\ude00'] }, { 'f|re': '\ud83d' }, ['\ud83d']])('is in no rule: %j', sel => {
    expect(reasonOf({ sel, condition: 'sel' })).toMatch(/half of a surrogate pair/)
  })

  it('is refused in what a placeholder stands for', () => {
    const placeholders = { names: ['a', 'b\ud83d'] }
    expect(reasonOf({ sel: { 'f|expand': '%names%' }, condition: 'sel' }, { placeholders })).toMatch(/half of a surrogate pair/)
  })

  it('may be in an event', () => {
    expect(matches({ 'f|contains': 'needle' }, { f: 'a needle\ud83d b' })).toBe(true)
    expect(matches({ 'f|startswith': '?😀' }, { f: '\ud83d😀' })).toBe(true)
  })
})
