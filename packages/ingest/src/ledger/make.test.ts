import { describe, expect, it } from 'vitest'
import type { BatchHeader } from '../source.ts'
import { emittedRow } from './make.ts'

describe('emittedRow', () => {
  it('keeps the reasons of the extension apart, and adds up whatever else a batch says', () => {
    const dropped = [
      { reason: 'buffer-full', records: 4, bytes: 9 },
      { reason: 'buffer-full', records: 1, bytes: 9 },
      ...Array.from({ length: 256 }, (_, i) => ({ reason: `${i}`.padEnd(256, 'x'), records: 2, bytes: 0 })),
      { reason: '__proto__', records: 1, bytes: 0 },
      { reason: 'constructor', records: 1, bytes: 0 },
    ]
    const header = { sandbox: 'box', sequence: 1, emitted: 10, dropped, function: { arn: 'f' } } as unknown as BatchHeader
    expect(emittedRow(header)).toEqual({
      kind: 'emitted',
      sandbox: 'box',
      sequence: 1,
      function: 'f',
      emitted: 10,
      dropped: { 'buffer-full': 5, other: 514 },
    })
    expect(emittedRow(header, ['function', 'weir.end'])).toMatchObject({ ended: true })
  })
})
