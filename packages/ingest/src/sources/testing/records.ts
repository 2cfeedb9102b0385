import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Batch, TelemetryRecord } from '@weir/schema'
import { encodeBatch } from '@weir/schema/encode'
import type { OcsfEvent } from '@weir/schema/ocsf'
import type { Origin } from '../../event.ts'
import type { BatchHeader, DecodedRecord } from '../../source.ts'

/** A telemetry record as tests write it: the body as a value. */
export interface WrittenRecord extends Pick<TelemetryRecord, 'signal' | 'time' | 'invocation'> {
  readonly body: unknown
}

/** A batch as tests and the corpus write it. */
export type WrittenBatch = Omit<Batch, 'records' | 'signature'> & { readonly records: readonly WrittenRecord[] }

/** The bytes of a batch: a text body as text, any other as JSON. For tests. */
export function batchBytes(written: WrittenBatch): Uint8Array {
  const records = written.records.map(({ body, ...record }): TelemetryRecord => {
    const isText = typeof body === 'string'
    return {
      ...record,
      contentType: isText ? 'text/plain' : 'application/json',
      body: Buffer.from(isText ? body : JSON.stringify(body)),
    }
  })
  return encodeBatch({ ...written, signature: new Uint8Array(0), records })
}

/** A record as `decode` gives it, for tests. */
export function bareRecord(value: unknown, more: Partial<DecodedRecord> = {}): DecodedRecord {
  return { value, carrier: { kind: 'bare' }, bytes: Buffer.from(JSON.stringify(value) ?? ''), index: 0, repaired: false, ...more }
}

export function logRecord(
  logGroup: string,
  value: unknown,
  id = '39330000000000000000000000000000000000000000000000000001',
): DecodedRecord {
  const envelope = { owner: '111122223333', logGroup, logStream: 'stream', subscriptionFilters: [] }
  return bareRecord(value, { carrier: { kind: 'logs', envelope, id, timestamp: 1_795_166_220_000 } })
}

export const FUNCTION_ARN = 'arn:aws:lambda:eu-west-1:111122223333:function:orders'

export function weirRecord(
  value: unknown,
  {
    batch = {},
    record = {},
    index = 0,
  }: { batch?: Partial<BatchHeader>; record?: Partial<TelemetryRecord>; index?: number } = {},
): DecodedRecord {
  const bytes = Buffer.from(JSON.stringify(value))
  const header: BatchHeader = {
    sandbox: '00112233445566778899aabbccddeeff',
    sequence: 1,
    function: {
      arn: FUNCTION_ARN,
      version: '7',
      memoryMb: 128,
      region: 'eu-west-1',
      runtime: 'nodejs:24.v9',
      initializationType: 'on-demand',
    },
    extension: '0.1.0',
    emitted: 1,
    dropped: [],
    previous: '',
    signature: new Uint8Array(0),
    ...batch,
  }
  const telemetry: TelemetryRecord = {
    signal: 'platform.report',
    time: 1_795_166_400_000,
    invocation: 'request-1',
    contentType: 'application/json',
    body: bytes,
    ...record,
  }
  return bareRecord(value, { carrier: { kind: 'weir', batch: header, record: telemetry }, bytes, index })
}

/** A stream's word on an input, for tests. */
export const testOrigin = (more: Partial<Origin> = {}): Origin => ({
  stream: 'test',
  id: 'shardId-000000000000:1',
  arrival: 1_795_166_500_000,
  accounts: ['*'],
  sources: ['weir', 'cloudtrail', 'cloudwatch-logs', 'other'],
  ...more,
})

/** Public logs and tools that may stand beside this repository. */
export const SHARED = fileURLToPath(new URL('../../../../../../shared/', import.meta.url))
const VALIDATOR = `${SHARED}tools/ocsf-validate.mjs`
export const hasValidator = existsSync(VALIDATOR)

/** What the checker of the OCSF schema prints: violations, then `N events, N invalid`. */
export function validate(events: readonly OcsfEvent[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-corpus-'))
  try {
    const file = join(folder, 'events.jsonl')
    writeFileSync(file, events.map(event => JSON.stringify(event)).join('\n'))
    return spawnSync(process.execPath, [VALIDATOR, file], { encoding: 'utf8' }).stdout.trim()
  } finally {
    rmSync(folder, { recursive: true })
  }
}
