import type { TelemetryRecord } from '@weir/schema'
import type { BatchHeader } from '../../source.ts'
import type { FunctionArn } from '../shared/lambda.ts'
import type { Activity } from '../shared/ocsf.ts'
import type { Fields } from '../shared/values.ts'

/** What is known of a telemetry record before its body is mapped. */
export interface Telemetry {
  readonly batch: BatchHeader
  readonly record: TelemetryRecord
  /** The body: JSON, or text. */
  readonly value: unknown
  readonly activity: Activity
  readonly uid: string
  readonly time: number
  readonly account: string | undefined
  readonly region: string | undefined
  /** The function's ARN taken apart, when it is one. */
  readonly arn: FunctionArn | undefined
  /** What the record claims against what its stream says. */
  readonly contradictions: Fields
  readonly labels: readonly string[] | undefined
  /** What an invocation was billed for; of `platform.report` only. */
  readonly gbSeconds: number | undefined
}
