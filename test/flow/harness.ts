import { detectors, loadPack } from '@weir/detections'
import {
  type Assembled,
  assemble,
  createHandler,
  createLog,
  type Event,
  memoryLedger,
  memoryQuarantine,
  memorySpool,
  memoryState,
  type Quarantine,
  type Spool,
  validateConfig,
} from '@weir/ingest'
import type { Batch } from '@weir/schema'
import { encodeBatch } from '@weir/schema/encode'
import type { OcsfEvent } from '@weir/schema/ocsf'
import { linkRules, type Rule, type RuleSet, runRules, type StateStore } from '@weir/sigma'
import type { Ledger } from '@weir/ingest'

export const ACCOUNT = '111122223333'
export const REGION = 'us-east-1'

/** Ingest as one process runs it, with its stores in memory unless a test shares them. */
export interface Bench {
  readonly weir: Assembled
  readonly findings: OcsfEvent[]
  /** Puts records through the handler, as the event source mapping would; answers `batchItemFailures`. */
  handle(
    records: readonly { readonly stream: string; readonly data: Uint8Array; readonly sequence?: number }[],
  ): Promise<readonly string[]>
}

export interface Given {
  readonly config?: object
  /** Default: Weir's own pack. */
  readonly rules?: readonly Rule[]
  /** In place of `rules`: with correlations. */
  readonly set?: RuleSet
  readonly stores?: {
    readonly state?: StateStore
    readonly ledger?: Ledger
    readonly spool?: Spool
    readonly quarantine?: Quarantine
  }
  readonly env?: Readonly<Record<string, string>>
  readonly log?: { write(line: string): void }
  readonly now?: () => number
  /** Sees how many events each input gave. */
  readonly events?: (count: number, events: readonly Event[]) => void
}

const NOTHING = { rules: [], correlations: [], filters: [], refused: [] }

export async function openBench(given: Given = {}): Promise<Bench> {
  const findings: OcsfEvent[] = []
  const weir = await assemble(
    validateConfig({ streams: { telemetry: { sources: ['weir'] }, trail: { sources: ['cloudtrail'] } }, ...given.config }),
    {
      pack: runRules(given.set ?? linkRules([given.rules ? { ...NOTHING, rules: given.rules } : await loadPack()]), 'test'),
      env: given.env ?? {},
      log: given.log ? createLog('debug', given.log) : createLog('silent'),
      stores: {
        state: memoryState(),
        ledger: memoryLedger(),
        spool: memorySpool(),
        quarantine: memoryQuarantine(),
        ...given.stores,
      },
      ...(given.now ? { now: given.now } : {}),
      tap: {
        events: events => given.events?.(events.length, events),
        finding: finding => void findings.push(finding),
      },
    },
  )
  const handler = createHandler(weir)
  let next = 1
  return {
    weir,
    findings,
    async handle(records) {
      const response = await handler(
        {
          Records: records.map(({ stream, data, sequence }) => {
            const sequenceNumber = String(
              49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989n + BigInt(sequence ?? next++),
            )
            return {
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
            }
          }),
        },
        { getRemainingTimeInMillis: () => 60_000 },
      )
      return response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)
    },
  }
}

export const titles = (findings: readonly OcsfEvent[]): string[] =>
  findings.map(finding => String((finding['finding_info'] as { title?: string } | undefined)?.title))

export const detectorTitles = detectors.map(({ meta }) => meta.title)

/** A CloudTrail record that says StopLogging, which the pack finds. */
export const stopLogging = (more: object = {}): Buffer =>
  Buffer.from(
    JSON.stringify({
      eventVersion: '1.11',
      userIdentity: { type: 'IAMUser', userName: 'mallory', accountId: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:user/mallory` },
      eventTime: '2026-11-01T10:00:00Z',
      eventSource: 'cloudtrail.amazonaws.com',
      eventName: 'StopLogging',
      awsRegion: REGION,
      sourceIPAddress: '203.0.113.7',
      userAgent: 'aws-cli/2.31.0',
      requestParameters: { name: 'main' },
      responseElements: null,
      requestID: '00000000-0000-4000-8000-000000000001',
      eventID: '00000000-0000-4000-8000-0000000000a1',
      readOnly: false,
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: ACCOUNT,
      eventCategory: 'Management',
      ...more,
    }),
  )

/** A batch of text log lines from one sandbox. */
export function logBatch(lines: readonly string[], more: Partial<Batch> = {}): Uint8Array {
  return encodeBatch({
    sandbox: 'a'.repeat(32),
    sequence: 1,
    function: {
      arn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:orders`,
      version: '$LATEST',
      memoryMb: 128,
      region: REGION,
      runtime: 'nodejs:24.v9',
      initializationType: 'on-demand',
    },
    extension: '0.1.0',
    emitted: lines.length,
    dropped: [],
    previous: '',
    signature: new Uint8Array(),
    records: lines.map((line, i) => ({
      signal: 'function',
      time: 1_793_520_000_000 + i,
      invocation: '',
      contentType: 'text/plain',
      body: Buffer.from(line),
    })),
    ...more,
  })
}
