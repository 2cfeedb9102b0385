import type { LogsEnvelope } from './types.ts'

/** How a file of CloudTrail (and what else AWS delivers by the batch) begins: an array of records inside an object. */
export const RECORDS_WRAPPER = /^\{\s*"Records"\s*:\s*\[/

/** How a CloudWatch Logs subscription's message begins. */
export const LOGS_WRAPPER = /^\{\s*"messageType"\s*:\s*"(?:DATA|CONTROL)_MESSAGE"/

const NUMBER = String.raw`-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?`

/** An array of JSON, and not a line of text that begins with `[`. */
export const ARRAY = new RegExp(String.raw`^\[\s*(?:$|[[\]{"]|(?:${NUMBER}|true|false|null)\s*(?:$|[,\]]))`)

/** A JSON value that is neither object nor array and has its line for itself. */
export const SCALAR = new RegExp(String.raw`^(?:"[^\n]*"|${NUMBER}|true|false|null)[ \t\r]*(?:\n|$)`)

/** One log event of an envelope. */
export interface LogsEvent {
  /** Given by CloudWatch Logs; the same on every delivery. */
  readonly id: string
  /** Epoch milliseconds. */
  readonly timestamp: number
  readonly message: string
}

export type Logs =
  | { readonly control: true }
  | { readonly control: false; readonly envelope: LogsEnvelope; readonly events: readonly unknown[] }

/** A parsed value as a subscription's message, when it is one. */
export function logsOf(value: unknown): Logs | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { messageType, owner, logGroup, logStream, subscriptionFilters, logEvents } = value as Record<string, unknown>
  if (messageType === 'CONTROL_MESSAGE') return { control: true }
  if (messageType !== 'DATA_MESSAGE' || !Array.isArray(logEvents)) return undefined
  if (typeof owner !== 'string' || typeof logGroup !== 'string' || typeof logStream !== 'string') return undefined
  const filters = Array.isArray(subscriptionFilters) ? subscriptionFilters.filter(name => typeof name === 'string') : []
  return { control: false, envelope: { owner, logGroup, logStream, subscriptionFilters: filters }, events: logEvents }
}

/** One of an envelope's events, when it is whole. */
export function logsEvent(value: unknown): LogsEvent | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { id, timestamp, message } = value as Record<string, unknown>
  if (typeof message !== 'string' || typeof timestamp !== 'number') return undefined
  return { id: typeof id === 'string' ? id : '', timestamp, message }
}
