import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBatch, readEnvelope } from './decode.ts'
import { encodeBatch, estimateRecordBytes } from './encode.ts'
import { MAX_ITEMS } from './limits.ts'
import { measureWire } from './measure.ts'
import { record } from './testing/arbitraries.ts'
import type { Batch } from './types.ts'
import { v1 } from './v1.ts'

const EMPTY: Batch = {
  sandbox: '00'.repeat(16),
  sequence: 1,
  function: { arn: '', version: '', memoryMb: 128, region: '', runtime: '', initializationType: '' },
  extension: '',
  emitted: 0,
  dropped: [],
  previous: '',
  signature: new Uint8Array(),
  records: [],
}

describe('encodeBatch', () => {
  it.each<[string, Partial<Batch>]>([
    ['batch.sandbox', { sandbox: 'xyz' }],
    ['batch.sequence', { sequence: 0 }],
    ['batch.sequence', { sequence: 1.5 }],
    ['batch.previous', { previous: 'abc' }],
    ['batch.records', { records: Array.from({ length: MAX_ITEMS / 4 + 1 }, () => RECORD) }],
    ['batch.records', { records: [{ ...RECORD, body: new Uint8Array(4_200_000) }] }],
    ['a count', { emitted: Number.NaN }],
  ])('refuses what no reader would take: %s', (place, part) => {
    expect(() => encodeBatch({ ...EMPTY, ...part })).toThrow(new RegExp(`^${place}`))
  })

  it('sends what does not shrink as it is', () => {
    const noise = Uint8Array.from({ length: 300 }, (_, n) => (n * n * 31 + n * 97 + (n >> 3)) & 0xff)
    const { envelope } = v1.open(
      encodeBatch({ ...EMPTY, records: [{ ...RECORD, contentType: 'application/octet-stream', body: noise }] }),
    )
    expect(envelope).toMatchObject({ codec: 'null', dictionary: 0 })
  })

  it('leaves the records as they are where it is told to', () => {
    const batch = { ...EMPTY, records: Array.from({ length: 20 }, () => RECORD) }
    const plain = encodeBatch(batch, false)
    expect(readEnvelope(plain)).toMatchObject({ codec: 'null', dictionary: 0 })
    expect(decodeBatch(plain)).toEqual(decodeBatch(encodeBatch(batch)))
  })

  it('writes at ten records a batch an eighth of the raw telemetry or less', () => {
    const [one, ten, hundred] = measureWire()
    expect(ten?.factor).toBeGreaterThanOrEqual(8)
    expect(hundred?.factor).toBeGreaterThan(12)
    expect(one?.weir).toBeLessThan(one?.gzip ?? 0)
  })

  it('has no dependency: it is bundled into the layer', () => {
    for (const entry of ['./encode.ts', '../redact/index.ts', '../seal/seal.ts']) {
      const imports = importsOf(fileURLToPath(new URL(entry, import.meta.url)))
      expect([...imports].filter(name => !name.startsWith('node:')).toSorted()).toEqual([])
    }
  })
})

describe('estimateRecordBytes', () => {
  it('is never below what a record adds before compression', () => {
    const rawBytes = (records: Batch['records']): number => v1.open(encodeBatch({ ...EMPTY, records })).envelope.rawBytes
    fc.assert(
      fc.property(fc.array(record, { maxLength: 8 }), record, (before, added) => {
        expect(rawBytes([...before, added]) - rawBytes(before)).toBeLessThanOrEqual(estimateRecordBytes(added))
      }),
    )
  })
})

const RECORD = { signal: 's', time: 0, invocation: '', contentType: 'text/plain' as const, body: new Uint8Array() }

/** What a module and all it imports at run time import from outside. */
function importsOf(file: string, seen = new Set<string>(), found = new Set<string>()): Set<string> {
  if (seen.has(file)) return found
  seen.add(file)
  for (const [, type, name = ''] of readFileSync(file, 'utf8').matchAll(
    /^(?:import|export) (type )?[^'\n]*?(?:\n[^']*?)?from '([^']+)'/gm,
  )) {
    if (type) continue
    if (name.startsWith('.')) importsOf(join(dirname(file), name), seen, found)
    else found.add(name)
  }
  return found
}
