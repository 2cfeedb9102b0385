import {
  type Assembled,
  assemble,
  createHandler,
  createLog,
  memoryLedger,
  memoryQuarantine,
  memorySpool,
  memoryState,
  startTelemetry,
  validateConfig,
} from '@weir/ingest'
import { loadPack } from '@weir/detections'
import { encodeBatch } from '@weir/schema'
import type { OcsfEvent } from '@weir/schema/ocsf'
import { linkRules, runRules } from '@weir/sigma'
import { ACCOUNT, batches, REGION, trail } from './samples.ts'

export const STREAMS = { telemetry: { sources: ['weir'] }, trail: { sources: ['cloudtrail'] } }

export interface OpenWeir {
  readonly weir: Assembled
  /** Every event and finding that the pipeline made, in order. */
  readonly made: OcsfEvent[]
  readonly log: string[]
  /** Puts records through the handler as Lambda would; answers `batchItemFailures`. */
  readonly handle: (records: readonly { readonly stream: string; readonly data: Uint8Array }[]) => Promise<readonly string[]>
}

/** Ingest as one function runs it. With `aws` the stores are those that the config names, else in memory. */
export async function openWeir(
  config: object,
  options: { readonly aws?: boolean; readonly telemetry?: boolean } = {},
): Promise<OpenWeir> {
  const made: OcsfEvent[] = []
  const log: string[] = []
  const weir = await assemble(validateConfig({ streams: STREAMS, ...config }), {
    pack: runRules(linkRules([await loadPack()]), 'counterparts'),
    env: process.env,
    log: createLog('debug', { write: line => void log.push(line) }),
    ...(options.telemetry ? { telemetry: await startTelemetry(process.env) } : {}),
    ...(options.aws
      ? {}
      : { stores: { state: memoryState(), ledger: memoryLedger(), spool: memorySpool(), quarantine: memoryQuarantine() } }),
    tap: {
      events: events => void made.push(...events.map(event => event.ocsf)),
      finding: finding => void made.push(finding),
    },
  })
  const handler = createHandler(weir)
  let next = 1n << 180n
  return {
    weir,
    made,
    log,
    async handle(records) {
      const { batchItemFailures } = await handler(
        { Records: records.map(({ stream, data }) => kinesisRecord(stream, data, String(next++))) },
        { getRemainingTimeInMillis: () => 60_000 },
      )
      return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)
    },
  }
}

const kinesisRecord = (stream: string, data: Uint8Array, sequenceNumber: string) => ({
  awsRegion: REGION,
  eventID: `shardId-000000000000:${sequenceNumber}`,
  eventName: 'aws:kinesis:record',
  eventSource: 'aws:kinesis',
  eventSourceARN: `arn:aws:kinesis:${REGION}:${ACCOUNT}:stream/${stream}`,
  eventVersion: '1.0',
  invokeIdentityArn: `arn:aws:iam::${ACCOUNT}:role/weir`,
  kinesis: {
    kinesisSchemaVersion: '1.0',
    partitionKey: 'key',
    sequenceNumber,
    data: Buffer.from(data).toString('base64'),
    approximateArrivalTimestamp: Date.now() / 1000,
  },
})

/** A few hundred events of both sources, with findings among them. */
export const sampleRecords = (): { stream: string; data: Uint8Array }[] => [
  ...batches().map(batch => ({ stream: 'telemetry', data: encodeBatch(batch) })),
  ...trail().map(data => ({ stream: 'trail', data })),
]
