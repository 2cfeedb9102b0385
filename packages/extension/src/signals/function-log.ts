import { REQUEST_ID_NAMES, requestIdIn } from '../request-id.ts'
import type { TelemetryEvent } from '../telemetry.ts'
import type { Recording, Signal } from './signal.ts'
import { lessen } from './summary.ts'

/** `function`: a line that the function printed, as text, or as JSON where its log format is JSON. */
export const functionLog: Signal = {
  name: 'function',
  takes: ['function'],
  capture: captureLog,
}

/**
 * A log line, redacted. A text line is attributed to the invocation that was running then; a JSON line names its own. Over the budget it is only
 * one of many, see `lessen`.
 */
export function captureLog({ type, time, record }: TelemetryEvent, to: Recording): void {
  const isText = typeof record === 'string'
  const line = isText && record.endsWith('\n') ? record.slice(0, -1) : record
  const at = { time, invocation: requestIdIn(record, REQUEST_ID_NAMES) || to.sandbox.attribute(time) }
  if (to.load !== 'all') lessen(type, line, at, to)
  else if (typeof line === 'string') to.text(type, line, 'log', at)
  else to.json(type, line, 'log', at)
}
