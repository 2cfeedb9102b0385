import { randomBytes } from 'node:crypto'
import type { Batch, TelemetryRecord } from '@weir/schema'
import { encodeBatch } from '@weir/schema/encode'
import { createOpener, makeKeys, type Opener } from '@weir/schema/open'
import { createSealer, FRAME, keyId, writeFrame, writeHead, writeHeader } from '@weir/schema/seal'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decode } from './decode.ts'
import { normalize } from './normalize.ts'
import { FUNCTION_ARN, testOrigin } from './sources/testing/records.ts'

const SANDBOX = 'aa'.repeat(16)
const CARRIER = 'cc'.repeat(16)
const origin = testOrigin()
const pair = makeKeys()
const opener = createOpener([Buffer.from(pair.private, 'base64')])

const line = (text: string, signal = 'function'): TelemetryRecord => ({
  signal,
  time: 1_795_166_400_000,
  invocation: 'r1',
  contentType: 'text/plain',
  body: Buffer.from(text),
})
const batchOf = (sandbox: string, sequence: number, records: readonly TelemetryRecord[]): Batch => ({
  sandbox,
  sequence,
  function: { arn: FUNCTION_ARN, version: '7', memoryMb: 128, region: 'eu-west-1', runtime: '', initializationType: '' },
  extension: '0.1.0',
  emitted: records.length,
  dropped: [],
  previous: '',
  signature: new Uint8Array(),
  records,
})
/** Seals as an extension does: frames of one journal. */
function journal({ sandbox = SANDBOX, key = pair.public } = {}): (inner: Uint8Array, sequence?: number) => TelemetryRecord {
  const recipient = Buffer.from(key, 'base64')
  const sealer = createSealer(recipient, randomBytes)
  const header = writeHeader({ keyId: keyId(recipient), sandbox, encapsulated: sealer.encapsulated })
  let number = 0
  return (inner, sequence = 1) => {
    const head = writeHead(FRAME.records, inner.length + 16, number, sequence)
    const body = Buffer.concat([header, writeFrame(head, sealer.seal(number++, Buffer.concat([header, head]), inner))])
    return { signal: 'weir.sealed', time: 0, invocation: '', contentType: 'application/octet-stream', body }
  }
}
const seal = (inner: Uint8Array, { sequence = 1, ...more }: { sequence?: number; key?: string } = {}): TelemetryRecord =>
  journal(more)(inner, sequence)
const open = (records: readonly TelemetryRecord[], keys: Opener | undefined = opener) =>
  decode({ origin, bytes: encodeBatch(batchOf(CARRIER, 1, records)) }, keys)

describe('a sealed batch', () => {
  it('joins under its own sandbox and sequence, with the events it would have had if it had come by itself', () => {
    const bytes = encodeBatch(batchOf(SANDBOX, 5, [line('one'), line('two')]))
    const decoded = open([seal(bytes, { sequence: 5 })])
    expect(decoded).toMatchObject({ quarantined: [], received: 2 })
    expect(decoded.parts).toMatchObject([
      { id: origin.id, unsealed: 1, records: [] },
      { id: `${origin.id}#0`, unsealed: 0, batch: { sandbox: SANDBOX, sequence: 5 }, bytes: Buffer.from(bytes) },
    ])
    // A batch that only carries is no sandbox of the ledger.
    expect(decoded.parts[0]?.batch).toBeUndefined()
    const eventsOf = (records: typeof decoded.records) => normalize(records, origin, value => value).events.map(({ uid }) => uid)
    expect(eventsOf(decoded.records)).toEqual(eventsOf(decode({ origin, bytes }).records))
  })

  it('may stand beside other records, which stay those of the outer batch', () => {
    const decoded = open([line('outer'), seal(encodeBatch(batchOf(SANDBOX, 1, [line('inner')]))), line('outer too')])
    expect(decoded.records.map(({ value, index }) => [value, index])).toEqual([
      ['outer', 0],
      ['outer too', 2],
      ['inner', 0],
    ])
    expect(decoded.parts.map(({ batch }) => batch?.sandbox)).toEqual([CARRIER, SANDBOX])
  })

  it('waits in quarantine where its key is not here, says which, and comes out whole when it is', () => {
    const other = makeKeys()
    const sealed = [1, 2].map(sequence =>
      seal(encodeBatch(batchOf(SANDBOX, sequence, [line('x')])), { sequence, key: other.public }),
    )
    const waiting = open([...sealed, line('beside')])
    expect(waiting.records.map(({ value }) => value)).toEqual(['beside'])
    expect(waiting.quarantined).toMatchObject([
      {
        reason: 'sealed',
        records: 2,
        detail: `sealed to the key ${other.id}, which is not here: add it to journal.key or journal.formerKeys, then replay, and 1 more`,
      },
    ])
    expect(decode({ origin, bytes: encodeBatch(batchOf(CARRIER, 1, sealed)) }).quarantined).toMatchObject([
      { reason: 'sealed', detail: expect.stringContaining('set journal.key') as string },
    ])
    // The same each time, so that a redelivery leaves one entry; and nothing of it contradicts the batch it came in.
    const [held] = waiting.quarantined
    expect(open([...sealed, line('beside')]).quarantined).toEqual(waiting.quarantined)
    const both = createOpener([pair, other].map(each => Buffer.from(each.private, 'base64')))
    const replayed = decode({ origin: { ...origin, id: 'quarantine/1' }, bytes: held?.bytes ?? new Uint8Array() }, both)
    expect(replayed.quarantined).toEqual([])
    expect(replayed.parts.flatMap(({ batch }) => (batch ? [[batch.sandbox, batch.sequence]] : []))).toEqual([
      [SANDBOX, 1],
      [SANDBOX, 2],
    ])
  })

  it.each<[string, string, () => TelemetryRecord]>([
    [
      'changed',
      'corrupt',
      () => ({ ...seal(encodeBatch(batchOf(SANDBOX, 1, []))), body: flipped(seal(encodeBatch(batchOf(SANDBOX, 1, []))).body) }),
    ],
    ['sealed over anything else', 'corrupt', () => seal(Buffer.from('no batch'))],
    ['of another sequence than its frame', 'corrupt', () => seal(encodeBatch(batchOf(SANDBOX, 2, [])))],
    ['of another sandbox than its frame', 'corrupt', () => seal(encodeBatch(batchOf('bb'.repeat(16), 1, [])))],
    [
      'sealed within a sealed one',
      'corrupt',
      () => seal(encodeBatch(batchOf(SANDBOX, 1, [seal(encodeBatch(batchOf(SANDBOX, 1, [])))]))),
    ],
    ['sent as text', 'corrupt', () => line('x', 'weir.sealed')],
    [
      'of a schema of the future',
      'unknown-schema',
      () => seal(Buffer.from(encodeBatch(batchOf(SANDBOX, 1, []))).fill(0x5a, 2, 10)),
    ],
  ])('is set aside when it is %s', (_, reason, record) => {
    const decoded = open([record(), line('beside')])
    expect(decoded.quarantined).toMatchObject([{ reason, records: 1 }])
    expect(decoded.records).toHaveLength(1)
    expect(decoded.received).toBe(2)
  })

  it('cannot grow: what is opened of one input is bounded, whatever is sealed in it', () => {
    const huge = encodeBatch(batchOf(SANDBOX, 1, [{ ...line(''), body: Buffer.alloc(3_000_000) }]))
    expect(huge.length).toBeLessThan(10_000)
    const frame = journal()
    const decoded = open(Array.from({ length: 50 }, () => frame(huge)))
    expect(decoded.opened).toBeLessThan(8 * 1024 * 1024)
    expect(decoded.quarantined).toMatchObject([{ reason: 'too-large', records: 48 }])
    const many = open(Array.from({ length: 2_001 }, () => ({ ...line('x', 'weir.sealed') })))
    expect(many.received).toBe(2_001)
  })

  it('cannot grow in records either, which weigh more than their bytes', () => {
    const tiny = encodeBatch(batchOf(SANDBOX, 1, Array(9_000).fill(line(''))))
    const frame = journal()
    const decoded = open(Array.from({ length: 4 }, () => frame(tiny)))
    expect(decoded.records).toHaveLength(18_000)
    expect(decoded.opened).toBeGreaterThan(18_000 * 2_048)
    expect(decoded.quarantined).toMatchObject([{ reason: 'too-large', records: 2 }])
  })

  it('is opened once in a batch: compressed, it repeats for nothing', () => {
    const frame = journal()
    const [one, two] = [
      frame(encodeBatch(batchOf(SANDBOX, 1, [line('x')]))),
      frame(encodeBatch(batchOf(SANDBOX, 1, [line('y')]))),
    ]
    const decoded = open([one, one, two, one])
    expect(decoded.records.map(({ value }) => value)).toEqual(['x', 'y'])
    expect(decoded.quarantined).toMatchObject([{ reason: 'corrupt', records: 2 }])
  })

  it('is of sixteen journals at most in a batch, each of which costs a key agreement and state of its own', () => {
    const inner = encodeBatch(batchOf(SANDBOX, 1, [line('x')]))
    const decoded = open(Array.from({ length: 20 }, () => seal(inner)))
    expect(decoded.records).toHaveLength(16)
    expect(decoded.quarantined).toMatchObject([{ reason: 'too-large', records: 4 }])
    // The rest opens when it is replayed.
    expect(decode({ origin, bytes: decoded.quarantined[0]?.bytes ?? new Uint8Array() }, opener).records).toHaveLength(4)
  })

  it('leaves few pieces in quarantine, however many batches have bad records', () => {
    const bad: TelemetryRecord = { ...line('{'), contentType: 'application/json' }
    const inner = encodeBatch(batchOf(SANDBOX, 1, [bad, bad]))
    const frame = journal()
    const decoded = open([...Array.from({ length: 300 }, () => frame(inner)), line('x', 'weir.sealed')])
    expect(decoded.parts).toHaveLength(301)
    expect(decoded.quarantined.map(({ records }) => records)).toEqual([1, 600])
    expect(decoded.received).toBe(601)
  })

  it('is named by its place, whichever others open', () => {
    const other = makeKeys()
    const [here, there] = [pair, other].map(({ public: key }) => seal(encodeBatch(batchOf(SANDBOX, 1, [line('x')])), { key }))
    const records = [line('beside'), there, here].filter(record => record !== undefined)
    const both = createOpener([pair, other].map(each => Buffer.from(each.private, 'base64')))
    const idsOf = (keys: Opener) => open(records, keys).parts.map(({ id }) => id.slice(origin.id.length))
    expect([idsOf(opener), idsOf(both)]).toEqual([
      ['', '#2'],
      ['', '#1', '#2'],
    ])
  })

  it('never throws for what is in it', () => {
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }).map(bytes => seal(bytes).body),
    )
    fc.assert(
      fc.property(fc.array(body, { maxLength: 4 }), bodies => {
        const decoded = open(bodies.map(each => ({ ...seal(new Uint8Array()), body: each })))
        expect(decoded.received).toBe(bodies.length)
      }),
      { numRuns: 200 },
    )
  })
})

function flipped(body: Uint8Array): Uint8Array {
  const changed = Buffer.from(body)
  changed[80] = (changed[80] ?? 0) ^ 1
  return changed
}
