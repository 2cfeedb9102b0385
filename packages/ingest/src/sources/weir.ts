import { isoText } from '@weir/schema'
import { UnmappableError } from '../errors.ts'
import type { Event, Origin } from '../event.ts'
import type { BatchHeader, DecodedRecord, Source } from '../source.ts'
import { hashUid, labelsOf, lazyEvent } from './shared/event.ts'
import { type FunctionArn, parseFunctionArn } from './shared/lambda.ts'
import { type Fields, fieldsOf, numberOf } from './shared/values.ts'
import { classify } from './weir/classify.ts'
import { telemetryToOcsf } from './weir/ocsf.ts'

/** The last millisecond that a Date can hold. */
const MAX_TIME = 8.64e15

/**
 * Records of Weir's own extension. Whatever they say is a claim: any function that may write to the stream may write anything, and only account
 * and region of the stream's configuration are known.
 *
 * Rules (log source `weir` / `telemetry`) see `signal`, `time`, `functionArn`, `functionName`, `functionVersion`, `memoryMb`, `region`,
 * `accountId`, `runtime`, `initializationType`, `invocation`, `sandbox`, `sequence`, `extension`, and the body as `record`;
 * `gbSeconds` of a `platform.report`; and `claimedAccount`, `claimedRegion` where the record says another than the stream.
 */
export const weir: Source = {
  name: 'weir',
  summary: "What Weir's extension saw in a function's sandbox: platform telemetry, log lines, secrets masked, extensions.",
  recognize: ({ carrier }) => carrier.kind === 'weir',
  normalize(decoded, origin) {
    const { carrier, value } = decoded
    if (carrier.kind !== 'weir') throw new UnmappableError('not a record of a Weir batch')
    const { batch, record } = carrier
    const { arn, account, region, about, contradictions, identity } = senderOf(batch, origin)
    const claimed = batch.function
    const time = Math.abs(record.time) <= MAX_TIME ? record.time : origin.arrival
    const activity = classify(record.signal, fieldsOf(value))
    const uid = uidOf(decoded)
    const fields: Record<string, unknown> = {
      signal: record.signal,
      time: Number.isInteger(time) ? isoText(time) : new Date(time).toISOString(),
      functionArn: about ?? '',
      functionName: arn?.name ?? '',
      functionVersion: claimed.version,
      memoryMb: claimed.memoryMb,
      region: region ?? '',
      accountId: account ?? '',
      runtime: claimed.runtime,
      initializationType: claimed.initializationType,
      invocation: record.invocation,
      sandbox: batch.sandbox,
      sequence: batch.sequence,
      extension: batch.extension,
    }
    if (contradictions) Object.assign(fields, contradictions)
    const gbSeconds = record.signal === 'platform.report' ? gbSecondsOf(fieldsOf(value), claimed.memoryMb) : undefined
    if (gbSeconds !== undefined) fields['gbSeconds'] = gbSeconds
    fields['record'] = value
    return lazyEvent(
      { uid, time, source: 'weir', classUid: activity.classUid, logsource: LOGSOURCE, record: fields, identity },
      () =>
        telemetryToOcsf({
          batch,
          record,
          value,
          activity,
          uid,
          time,
          account,
          region,
          arn,
          contradictions: contradictions ?? {},
          labels: labelsOf(decoded, true),
          gbSeconds,
        }),
    )
  },
}

/** One object for all: the Sigma engine knows the last log source it saw by its reference. */
const LOGSOURCE = { product: 'weir', service: 'telemetry' } as const

/** What is the same for all records of a batch. */
interface Sender {
  readonly batch: BatchHeader
  readonly origin: Origin
  readonly arn: FunctionArn | undefined
  readonly account: string | undefined
  readonly region: string | undefined
  readonly about: string | undefined
  readonly contradictions: Readonly<Record<string, string>> | undefined
  readonly identity: Event['identity']
}

/** The last one: the records of a batch come one behind the other. */
let last: Sender | undefined

function senderOf(batch: BatchHeader, origin: Origin): Sender {
  if (last?.batch === batch && last.origin === origin) return last
  const claimed = batch.function
  const arn = parseFunctionArn(claimed.arn)
  const account = origin.account ?? arn?.account
  const region = origin.region ?? (claimed.region || arn?.region)
  const about = arn?.arn ?? (claimed.arn || undefined)
  last = {
    batch,
    origin,
    arn,
    account,
    region,
    about,
    contradictions: contradictionsOf(origin, arn?.account, claimed.region || arn?.region),
    identity: {
      ...(account !== undefined && { account }),
      ...(region !== undefined && { region }),
      ...(about !== undefined && { function: about }),
      sandbox: batch.sandbox,
      sequence: batch.sequence,
      claimed: true,
    },
  }
  return last
}

/** Billed duration times memory, to a millionth. The price is a rule's affair. `undefined` where the platform bills otherwise. */
function gbSecondsOf(body: Fields | undefined, memoryMb: number): number | undefined {
  const metrics = fieldsOf(body?.['metrics'])
  const ms = numberOf(metrics?.['billedDurationMs'])
  const mb = numberOf(metrics?.['memorySizeMB']) ?? memoryMb
  return ms === undefined || ms < 0 || mb <= 0 ? undefined : Math.round((ms * mb * 1000) / 1024) / 1e6
}

/** Made of the sandbox's random id and of the record's own bytes, so that nobody can claim another event's uid beforehand. */
function uidOf({ carrier, index, bytes }: DecodedRecord): string {
  if (carrier.kind !== 'weir') throw new UnmappableError('not a record of a Weir batch')
  const { batch, record } = carrier
  return hashUid([batch.sandbox, batch.sequence, index, record.signal, record.time, record.invocation, record.contentType, bytes])
}

/** What a batch claims against what is known of its stream. */
function contradictionsOf(
  origin: Origin,
  account: string | undefined,
  region: string | undefined,
): Readonly<Record<string, string>> | undefined {
  const other = {
    ...(origin.account !== undefined && account !== undefined && account !== origin.account && { claimedAccount: account }),
    ...(origin.region !== undefined && region !== undefined && region !== origin.region && { claimedRegion: region }),
  }
  return Object.keys(other).length > 0 ? other : undefined
}
