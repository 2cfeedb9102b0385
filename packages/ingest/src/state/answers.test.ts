import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyAnswers, find, MAX_ANSWER_BYTES, readAnswers, REMEMBERED_BATCHES, remember } from './answers.ts'

const digest = (n: number): string => String(n).padStart(12, '-')

describe('answers', () => {
  it('are found again as they were, whatever they hold, and no other', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.json(), fc.constant('null')), { maxLength: 20 }), values => {
        // An answer that spells another batch's line.
        const said = [...values.map(value => JSON.stringify(JSON.parse(value))), JSON.stringify(`\n${digest(99)}1`)]
        const text = said.reduce((answers, answer, i) => remember(answers, digest(i), answer), emptyAnswers)
        for (const [i, answer] of said.entries()) expect(find(text, digest(i))).toBe(answer)
        expect(find(text, digest(99))).toBeUndefined()
      }),
    )
  })

  it('that are nothing take 13 bytes each, and only the newest are kept', () => {
    let text = emptyAnswers
    for (let i = 0; i < 2_000; i++) {
      text = remember(text, digest(i), 'null')
      expect(text.length).toBeLessThanOrEqual((REMEMBERED_BATCHES + 32) * 13)
      if (i >= REMEMBERED_BATCHES) expect(find(text, digest(i - REMEMBERED_BATCHES + 1))).toBe('null')
    }
    expect(find(text, digest(1_500))).toBeUndefined()
  })

  it.each([
    ['x', 50_000],
    ['€', 20_000],
    ['"', 20_000],
  ])('keeps the newest that an item may hold, in bytes: %s', (character, length) => {
    let text = emptyAnswers
    for (let i = 0; i < 20; i++) {
      text = remember(text, digest(i), JSON.stringify(character.repeat(length)))
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_ANSWER_BYTES)
      expect(find(text, digest(i))).toBeDefined()
    }
    expect(Buffer.byteLength(text)).toBeGreaterThan(MAX_ANSWER_BYTES / 2)
    expect(() => remember(text, digest(99), JSON.stringify(character.repeat(300_000)))).toThrow('cut it')
  })

  it('of before are read', () => {
    const old = JSON.stringify([
      [`${digest(1)}0123456789`, '{"n":1}'],
      [`${digest(2)}0123456789`, 'null'],
    ])
    const text = readAnswers(old)
    expect(find(text, digest(1))).toBe('{"n":1}')
    expect(find(text, digest(2))).toBe('null')
    expect(readAnswers(text)).toBe(text)
  })
})
