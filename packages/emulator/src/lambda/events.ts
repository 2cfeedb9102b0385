/** One event of the Telemetry API: an envelope of ISO-8601 time, type and record (AWS: "Lambda Telemetry API Event schema reference"). */
export interface TelemetryEvent {
  time: string
  type: string
  record: unknown
}

export type Category = 'platform' | 'function' | 'extension'
export const CATEGORIES: readonly Category[] = ['platform', 'function', 'extension']

export const categoryOf = (type: string): Category => (type === 'function' || type === 'extension' ? type : 'platform')

/** How a phase or an invocation ended. */
export type Status = 'success' | 'failure' | 'error' | 'timeout'

export interface Span {
  name: string
  start: string
  durationMs: number
}

export const span = (name: string, from: number, to: number): Span => ({
  name,
  start: new Date(from).toISOString(),
  durationMs: round(Math.max(0, to - from)),
})

/** `init` before the first invocation; `invoke` when the environment is started again inside one. */
export type InitPhase = 'init' | 'invoke'

/** Milliseconds as the platform prints them, to the microsecond. */
export const round = (ms: number): number => Math.round(ms * 1000) / 1000

/** AWS X-Ray's header: a time and 96 random bits, the parent segment, and whether it is sampled. */
export const traceHeader = (now: number, random: (bytes: number) => Buffer): string =>
  `Root=1-${Math.floor(now / 1000)
    .toString(16)
    .padStart(8, '0')}-${random(12).toString('hex')};Parent=${random(8).toString('hex')};Sampled=0`

/** The REPORT line that Lambda writes to CloudWatch Logs and to an invocation's log tail. */
export function reportLine(
  requestId: string,
  metrics: {
    durationMs: number
    billedDurationMs: number
    memorySizeMB: number
    maxMemoryUsedMB: number
    initDurationMs?: number
    restoreDurationMs?: number
  },
  status: Status,
  errorType: string | undefined,
): string {
  const parts = [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${metrics.durationMs.toFixed(2)} ms`,
    `Billed Duration: ${metrics.billedDurationMs} ms`,
    `Memory Size: ${metrics.memorySizeMB} MB`,
    `Max Memory Used: ${metrics.maxMemoryUsedMB} MB`,
  ]
  if (metrics.initDurationMs !== undefined) parts.push(`Init Duration: ${metrics.initDurationMs.toFixed(2)} ms`)
  if (metrics.restoreDurationMs !== undefined) parts.push(`Restore Duration: ${metrics.restoreDurationMs.toFixed(2)} ms`)
  if (status !== 'success') parts.push(`Status: ${status}`)
  if (errorType !== undefined) parts.push(`Error Type: ${errorType}`)
  return `${parts.join('\t')}\t\n`
}
