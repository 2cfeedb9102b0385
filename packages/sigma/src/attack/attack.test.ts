import { describe, expect, it } from 'vitest'
import {
  ATTACK_DEPRECATED,
  ATTACK_REVOKED,
  ATTACK_TACTICS,
  ATTACK_TECHNIQUES,
  coverageOf,
  navigatorLayer,
  sizeOf,
  techniqueOf,
} from './index.ts'

describe('the ids of ATT&CK', () => {
  it('hold together: every technique serves known tactics, every sub-technique has its technique', () => {
    expect(ATTACK_TACTICS.size).toBe(15)
    expect(ATTACK_TECHNIQUES.size).toBe(697)
    for (const [id, tactics] of ATTACK_TECHNIQUES) {
      expect(id).toMatch(/^T\d{4}(\.\d{3})?$/)
      expect(ATTACK_TECHNIQUES.has(id.slice(0, 5)), id).toBe(true)
      for (const tactic of tactics) expect(ATTACK_TACTICS.has(tactic), `${id} ${tactic}`).toBe(true)
    }
  })

  it('replace what was revoked by what is there', () => {
    for (const [id, now] of ATTACK_REVOKED) {
      expect(ATTACK_TECHNIQUES.has(id), id).toBe(false)
      expect(ATTACK_TECHNIQUES.has(now), `${id} ${now}`).toBe(true)
    }
    for (const id of ATTACK_DEPRECATED) expect(ATTACK_TECHNIQUES.has(id) || ATTACK_REVOKED.has(id), id).toBe(false)
  })

  it('are read from tags', () => {
    expect(techniqueOf('attack.t1078.004')).toBe('T1078.004')
    expect(techniqueOf('attack.persistence')).toBeUndefined()
  })
})

describe('coverage', () => {
  const found = coverageOf([
    { title: 'one', tags: ['attack.persistence', 'attack.t1078.004'] },
    { title: 'two', tags: ['attack.t1078'] },
    { title: 'three', tags: ['attack.defense-impairment', 'attack.t1562.008'] },
    { title: 'four', tags: ['attack.impact'] },
    { title: 'five', tags: ['attack.t9999'] },
    { title: 'six' },
  ])
  const under = (tactic: string): string[] =>
    found.covered.filter(each => each.tactic === tactic).map(({ technique, titles }) => `${technique}: ${titles.join()}`)

  it('counts a technique under the tactics that the rule names, or under all of its own', () => {
    expect(under('persistence')).toEqual(['T1078: two', 'T1078.004: one'])
    expect(under('initial-access')).toEqual(['T1078: two'])
  })

  it('counts a rule once, and two of one title as two', () => {
    const twins = [
      { id: 'a', title: 'one', tags: ['attack.execution', 'attack.t1648', 'attack.T1648'] },
      { id: 'b', title: 'one', tags: ['attack.t1648', 'attack.execution'] },
      { id: 'c', title: 'one', tags: ['attack.execution'] },
    ]
    const { covered, rules, tacticOnly } = coverageOf(twins)
    expect(covered).toEqual([{ technique: 'T1648', tactic: 'execution', titles: ['one', 'one'] }])
    expect(navigatorLayer({ ...found, covered }, 'twins').techniques).toMatchObject([{ score: 2 }])
    expect([rules.get('execution'), tacticOnly.get('execution')]).toEqual([3, ['one']])
  })

  it('counts what was revoked as what took its place', () => {
    expect(under('defense-impairment')).toEqual(['T1685.002: three'])
  })

  it('keeps what names a tactic only, an unknown id, or nothing', () => {
    expect(Object.fromEntries(found.tacticOnly)).toEqual({ impact: ['four'] })
    expect(Object.fromEntries(found.unknown)).toEqual({ T9999: ['five'] })
    expect(found.untagged).toEqual(['six'])
    expect(sizeOf('persistence')).toBeGreaterThan(100)
  })

  it('is a Navigator layer with the fields that format 4.5 asks for', () => {
    const layer = navigatorLayer(found, 'Test')
    expect(layer).toMatchObject({ name: 'Test', domain: 'enterprise-attack', versions: { attack: '19', layer: '4.5' } })
    expect(Number(layer.versions.navigator.split('.')[0])).toBeGreaterThanOrEqual(5)
    expect(layer.gradient.colors.length).toBeGreaterThanOrEqual(2)
    expect(layer.gradient.maxValue).toBeGreaterThan(layer.gradient.minValue)
    for (const { techniqueID, tactic } of layer.techniques) {
      expect(ATTACK_TECHNIQUES.get(techniqueID), techniqueID).toContain(tactic)
    }
    const pairs = layer.techniques.map(({ techniqueID, tactic }) => `${techniqueID} ${tactic}`)
    expect(new Set(pairs).size).toBe(pairs.length)
    expect(layer.techniques).toContainEqual({
      techniqueID: 'T1078',
      tactic: 'persistence',
      score: 1,
      comment: 'two',
      showSubtechniques: true,
    })
    // What is there to open its sub-techniques is not scored.
    expect(layer.techniques).toContainEqual({ techniqueID: 'T1685', tactic: 'defense-impairment', showSubtechniques: true })
  })

  it('keeps comments short and the gradient valid where there is little or much', () => {
    expect(navigatorLayer(coverageOf([]), 'none').gradient).toMatchObject({ minValue: 0, maxValue: 1 })
    const many = Array.from({ length: 200 }, (_, i) => ({ title: `a rule with number ${i}`, tags: ['attack.t1648'] }))
    const [technique] = navigatorLayer(coverageOf(many), 'many').techniques
    expect(technique?.score).toBe(200)
    expect(technique?.comment?.length).toBeLessThan(2_100)
    expect(technique?.comment).toMatch(/… and \d+ more$/)
  })
})
