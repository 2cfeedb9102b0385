import type { OcsfEvent } from '@weir/schema/ocsf'
import type { Judgement, SinkResponse } from '../../sink.ts'

/** The longest a far side may ask to be left alone: 5 minutes, so that a wrong clock or a hostile header cannot park a sink. */
const MAX_RETRY_AFTER_MS = 300_000

/** `Retry-After`, in seconds or as a date (against the response's own `Date`, since a judge has no clock), milliseconds. RFC 9110 §10.2.3. */
export function retryAfter(headers: Readonly<Record<string, string>>): number | undefined {
  const value = headers['retry-after']?.trim()
  if (value === undefined || value === '') return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.parse(headers['date'] ?? '')
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS) : undefined
}

export const retry = (reason: string, headers: Readonly<Record<string, string>> = {}): Judgement => {
  const afterMs = retryAfter(headers)
  return { verdict: 'retry', reason, ...(afterMs === undefined ? {} : { afterMs }) }
}
export const hold = (reason: string): Judgement => ({ verdict: 'hold', reason })
export const rejected = (reason: string): Judgement => ({ verdict: 'rejected', reason })
export const delivered: Judgement = { verdict: 'delivered' }

/** For a fault that lies with one of the events, or with their number: smaller pieces find it, and a single event has itself to blame. */
export const isolate = (events: readonly OcsfEvent[], reason: string): Judgement =>
  events.length > 1 ? { verdict: 'split', reason } : rejected(reason)

/**
 * The statuses that mean the same at every destination; what a status says beyond that, the sink reads first.
 * 1xx, 2xx and anything unknown arrive here only when the sink could not make sense of them: never delivered.
 */
export function judgeStatus(response: SinkResponse, events: readonly OcsfEvent[], detail = ''): Judgement {
  const { status, headers } = response
  const reason = `HTTP ${status}${detail === '' ? '' : `: ${detail}`}`
  if (status === 413) return isolate(events, reason)
  if (status === 408 || status === 425 || status === 429 || status >= 500) return retry(reason, headers)
  if (status === 401 || status === 403) return hold(`${reason}; check the credentials and what they may write`)
  if (status === 404 || status === 405 || status === 410) return hold(`${reason}; check the address`)
  if (status >= 300 && status < 400) return hold(`${reason}; redirects are not followed, give the final address`)
  if (status >= 400) return isolate(events, reason)
  return retry(`${reason}; not the answer this destination gives`, headers)
}

/** Servers echo what they were sent between quotes or angle brackets; a reason holds no content, so those parts go, and the rest is cut short. */
export function said(text: unknown): string {
  if (typeof text !== 'string') return ''
  return text
    .slice(0, 2000)
    .replace(/"[^"]*"?|'[^']*'?|`[^`]*`?|<.*>|<[^>]*$|\[[^\]]{24,}\]?|\{[^}]*\}?/gs, '…')
    .replace(/[\u0000-\u001f\u007f-\u009f\s]+/g, ' ')
    .slice(0, 200)
    .trim()
}

/** The body as a JSON object, or undefined when it is anything else. */
export function jsonObject(body: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    return objectOf(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)))
  } catch {
    return undefined
  }
}

export const objectOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined

export const string = (value: unknown): string => (typeof value === 'string' ? value : '')
