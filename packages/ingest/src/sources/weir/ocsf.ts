import { CLASS, type OcsfEvent, SEVERITY } from '@weir/schema/ocsf'
import { levelOf, messageOf } from '../shared/level.ts'
import { awsCloud, observables, ocsfEvent } from '../shared/ocsf.ts'
import { defined, type Fields, fieldsOf, listOf, numberOf, some, textOf } from '../shared/values.ts'
import { SHAPES } from './shapes/index.ts'
import type { Telemetry } from './telemetry.ts'

/** Who says what a signal says, by the first word of its name. */
const PROVIDERS: ReadonlyMap<string | undefined, string> = new Map([
  ['weir', 'Weir'],
  ['otlp', 'OpenTelemetry'],
])

/**
 * A telemetry record as an event of OCSF 1.8.0: the function is the `app` of a lifecycle and the `device` of all. What has no place of its own,
 * such as metrics, stands in `unmapped`.
 */
export function telemetryToOcsf(telemetry: Telemetry): OcsfEvent {
  const { batch, record, value, activity, uid, time, account, region } = telemetry
  const body = fieldsOf(value)
  const { level, severity } = levelOf(value)
  const status = textOf(body?.['status'])
  const duration = numberOf(fieldsOf(body?.['metrics'])?.['durationMs'])
  const failed = activity.classUid === CLASS.applicationError
  const { arn: name, version, memoryMb, runtime, initializationType } = batch.function
  const qualified = qualifiedArn(telemetry)
  const shape = Object.hasOwn(SHAPES, record.signal) ? SHAPES[record.signal] : undefined
  const { observables: added, ...shaped } = (body && shape?.fields(body, telemetry)) ?? {}
  return ocsfEvent(
    {
      activity,
      uid,
      time,
      severity: failed ? SEVERITY.medium : severity,
      status: failed ? 2 : status === 'success' ? 1 : undefined,
      metadata: {
        product: defined({
          vendor_name: 'Weir',
          name: 'Weir',
          version: batch.extension || undefined,
          feature: { name: 'extension' },
        }) as Fields & {
          vendor_name: string
          name: string
        },
        profiles: ['cloud', 'host', ...(shape?.profiles ?? [])],
        event_code: record.signal,
        log_name: record.signal,
        log_provider: PROVIDERS.get(record.signal.split('.')[0]) ?? 'AWS Lambda Telemetry API',
        log_level: level,
        sequence: batch.sequence,
        correlation_uid: record.invocation || undefined,
        labels: telemetry.labels,
      },
    },
    {
      message: messageOf(value) || summaryOf(record.signal, body, status, duration),
      status_code: textOf(body?.['errorType']),
      status_detail: status,
      duration: duration === undefined ? undefined : Math.round(duration),
      cloud: awsCloud(account, region),
      app: activity.classUid === CLASS.applicationLifecycle ? appOf(telemetry, body, qualified) : undefined,
      device: defined({
        type_id: 99,
        type: 'AWS Lambda',
        uid: qualified,
        name: telemetry.arn?.name,
        region,
        instance_uid: batch.sandbox,
      }),
      observables: listOf([
        ...(observables(['device.uid', 'resource', telemetry.arn?.arn]) ?? []),
        ...(Array.isArray(added) ? added : []),
      ]),
      unmapped: some({
        functionVersion: version || undefined,
        functionArn: telemetry.arn ? undefined : name || undefined,
        memoryMb: memoryMb || undefined,
        runtime: runtime || undefined,
        initializationType: initializationType || undefined,
        ...telemetry.contradictions,
        gbSeconds: telemetry.gbSeconds,
        record: typeof value === 'string' ? undefined : shape?.placed && body ? without(body, shape.placed) : value,
      }),
      ...defined(shaped),
    },
  )
}

function without(body: Fields, keys: readonly string[]): Fields | undefined {
  return some(Object.fromEntries(Object.entries(body).filter(([key]) => !keys.includes(key))))
}

/** With the version where there is one that stays: `$LATEST` names no version. */
function qualifiedArn({ arn, batch }: Telemetry): string | undefined {
  if (!arn) return undefined
  const { version } = batch.function
  return /^\d+$/.test(version) ? `${arn.arn}:${version}` : arn.arn
}

/** The application whose life it is: an extension by its name, else the function. */
function appOf({ record, arn, batch }: Telemetry, body: Fields | undefined, uid: string | undefined): Fields {
  if (record.signal === 'platform.extension' || record.signal === 'platform.telemetrySubscription')
    return { name: textOf(body?.['name']) ?? 'unknown', feature: { name: 'Lambda extension' } }
  if (record.signal.startsWith('weir.'))
    return defined({ vendor_name: 'Weir', name: 'weir', version: batch.extension || undefined })
  return defined({ vendor_name: 'AWS', name: arn?.name ?? 'unknown', uid, version: batch.function.version || undefined })
}

/** One line for a person: `platform.report: timeout, Sandbox.Timedout, 3000 ms`. */
function summaryOf(signal: string, body: Fields | undefined, status: string | undefined, duration: number | undefined): string {
  const parts = [
    status,
    textOf(body?.['errorType']),
    textOf(body?.['name']),
    textOf(body?.['reason']),
    duration === undefined ? undefined : `${duration} ms`,
  ]
  const known = parts.filter(part => part !== undefined)
  return known.length > 0 ? `${signal}: ${known.join(', ')}` : signal
}
