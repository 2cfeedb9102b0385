import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Anchor } from '../plan/anchor.ts'
import { fold } from '../values.ts'
import { FieldIndex } from './field.ts'
import { TextBuffer } from './text.ts'

const letters = (least: number, most: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom('a', 'b', '\\', '.', 'é', 'я', '日', '😀'), { minLength: least, maxLength: most })
    .map(parts => parts.join(''))
const anchor = fc.record({
  how: fc.constantFrom('equals', 'starts', 'ends', 'contains'),
  text: fc.oneof(letters(1, 12), letters(5, 9), letters(20, 40)),
})
const TESTS = {
  equals: (text: string, other: string) => text === other,
  starts: (text: string, other: string) => text.startsWith(other),
  ends: (text: string, other: string) => text.endsWith(other),
  contains: (text: string, other: string) => text.includes(other),
}

describe('the index of a field', () => {
  it('finds what trying each text on its own finds, also across the pieces of a long value', () => {
    let found = 0
    fc.assert(
      fc.property(
        fc.array(anchor, { minLength: 30, maxLength: 60 }),
        fc.array(fc.tuple(letters(0, 12), fc.constantFrom(0, 0, 0, 1, 8_100, 8_170, 8_200, 17_000)), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
        (anchors, texts, picks) => {
          const index = new FieldIndex(new TextBuffer())
          anchors.forEach((one, id) => index.add({ ...one, decides: true } satisfies Anchor, id, id))
          index.close()
          texts.forEach(([start, filling], n) => {
            const picked = anchors[(picks[n] ?? 0) % anchors.length]?.text ?? ''
            const text = `${start}${'x'.repeat(filling)}${picked.toUpperCase()}`
            const hits = new Set(index.search(text).flatMap(({ units }) => units))
            expect(new Set(index.search(text).flatMap(({ units }) => units))).toEqual(hits)
            const expected = anchors.flatMap(({ how, text: other }, id) => (TESTS[how](fold(text), other) ? [id] : []))
            found += expected.length
            expect(
              [...hits].sort((a, b) => a - b),
              JSON.stringify([expected.map(id => anchors[id]), text.length, text.slice(-60)]),
            ).toEqual(expected)
          })
        },
      ),
      { numRuns: 1_500 },
    )
    expect(found).toBeGreaterThan(2_000)
  })
})
