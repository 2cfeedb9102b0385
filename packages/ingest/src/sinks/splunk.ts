import { createHash } from 'node:crypto'
import { CLASS, type OcsfEvent } from '@weir/schema/ocsf'
import * as z from 'zod/mini'
import { secret } from '../secrets.ts'
import type { Judgement, Sink, SinkResponse } from '../sink.ts'
import { at, endpoint, transport } from './options.ts'
import { functionOf } from './schemas/map.ts'
import { kindOf, toCim } from './schemas/cim.ts'
import { delivered, hold, isolate, jsonObject, judgeStatus, rejected, retry, said } from './shared/judge.ts'

const options = z.strictObject({
  url: endpoint(
    'Address of the HTTP Event Collector, for example https://http-inputs-acme.splunkcloud.com or https://splunk:8088',
  ),
  token: secret('HTTP Event Collector token'),
  index: z.optional(
    z.string().check(z.minLength(1), z.describe('Index for events; the token must allow it. Default: the token’s own')),
  ),
  findingsIndex: z.optional(z.string().check(z.minLength(1), z.describe('Index for findings, where it is another one'))),
  host: z._default(z.string().check(z.describe('The host field, where the event names no function')), 'weir'),
  ...transport,
})
type Options = z.infer<typeof options>

/** Bytes of one request before compression: Splunk Cloud's limit; Splunk Enterprise takes 800 MiB (limits.conf, max_content_length). */
const MAX_BYTES = 1_000_000

/** What a reply code asks for. Source: the HTTP Event Collector's table of codes; 23, 26 and 27 are newer than most copies of it. */
const CODES: Readonly<Record<number, 'ok' | 'event' | 'retry' | 'hold'>> = {
  0: 'ok',
  24: 'ok', // queue nearly full: taken all the same
  25: 'ok', // acknowledgement channel nearly full: taken
  5: 'event', // no data
  6: 'event', // invalid data format
  12: 'event', // event field is required
  13: 'event', // event field cannot be blank
  15: 'event', // error in handling indexed fields
  8: 'retry',
  9: 'retry',
  18: 'retry',
  19: 'retry',
  20: 'retry',
  23: 'retry',
  26: 'retry',
  27: 'retry',
  1: 'hold', // token disabled
  2: 'hold', // token is required
  3: 'hold', // invalid authorization
  4: 'hold', // invalid token
  7: 'hold', // incorrect index
  10: 'hold', // data channel is missing: the token wants acknowledgements
  11: 'hold',
  14: 'hold',
  16: 'hold',
  21: 'hold',
  22: 'hold',
}

const indexOf = (event: OcsfEvent, { index, findingsIndex }: Options): string | undefined =>
  event.class_uid === CLASS.detectionFinding ? (findingsIndex ?? index) : index

/** One event with its envelope. `time` is epoch seconds with milliseconds; `fields` must be flat. */
function envelope(event: OcsfEvent, options: Options): string {
  const index = indexOf(event, options)
  return JSON.stringify({
    time: Number((event.time / 1000).toFixed(3)),
    host: functionOf(event)?.name ?? options.host,
    source: `weir:${event.metadata.product.name}`,
    sourcetype: kindOf(event).sourcetype,
    ...(index === undefined ? {} : { index }),
    event: toCim(event),
    fields: { weir_uid: event.metadata.uid },
  })
}

/** A channel names a client to Splunk; one per configured sink, the same each time, so that a token with acknowledgement on takes it. */
function channel(options: Options): string {
  const hex = createHash('sha256').update(`weir ${options.url}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const headers = (options: Options) => ({
  authorization: `Splunk ${options.token}`,
  'content-type': 'application/json',
  'x-splunk-request-channel': channel(options),
})

function judge(response: SinkResponse, events: readonly OcsfEvent[]): Judgement | readonly Judgement[] {
  const reply = jsonObject(response.body)
  const code = typeof reply?.['code'] === 'number' ? reply['code'] : undefined
  const detail = code === undefined ? '' : `code ${code} ${said(reply?.['text'])}`.trim()
  const meaning = code === undefined ? undefined : CODES[code]
  const reason = `HTTP ${response.status}${detail === '' ? '' : `: ${detail}`}`
  if (response.status === 413) return isolate(events, reason)
  if (meaning === 'ok') {
    if (response.status !== 200) return retry(`${reason}; a success that contradicts its status`, response.headers)
    return code === 0 ? delivered : { verdict: 'delivered', reason: `${reason}; the far side is nearly full` }
  }
  if (meaning === 'retry') return retry(reason, response.headers)
  if (meaning === 'hold') return hold(`${reason}; check the token, its indexes and its settings`)
  if (meaning === 'event' && response.status === 400) return judgeEvents(reply?.['invalid-event-number'], events, reason)
  if (response.status === 400)
    return hold(`${reason || 'HTTP 400'}; not an answer of the HTTP Event Collector, check the address`)
  return judgeStatus(response, events, detail)
}

/** Splunk stops at the first event it cannot take and names it, counting from 0: those before it are in, those after it were not read. */
function judgeEvents(number: unknown, events: readonly OcsfEvent[], reason: string): Judgement | readonly Judgement[] {
  if (!Number.isInteger(number) || (number as number) < 0 || (number as number) >= events.length) return isolate(events, reason)
  const bad = number as number
  return events.map((_, i) => (i < bad ? delivered : i === bad ? rejected(reason) : retry('after an event that Splunk refused')))
}

/** Splunk Enterprise and Cloud. */
export const splunk: Sink<Options> = {
  name: 'splunk',
  summary: 'Splunk HTTP Event Collector, in CIM field names',
  options,
  secrets: ['token', 'ca'],
  limits: () => ({ events: 1000, bytes: MAX_BYTES }),
  // One event with an index outside the token's list fails the whole request, so indexes never share one.
  partition: (event, options) => indexOf(event, options) ?? '',
  encode: (events, options) => ({
    method: 'POST',
    url: at(options.url, '/services/collector/event'),
    headers: headers(options),
    body: events.map(event => envelope(event, options)).join('\n'),
  }),
  judge,
  install: async () => (await import('./install/splunk.ts')).files,
  probe: options => ({
    method: 'GET',
    url: at(options.url, '/services/collector/health/1.0'),
    headers: headers(options),
    body: '',
  }),
  judgeProbe: response => {
    const code = jsonObject(response.body)?.['code']
    if (response.status === 200 && (code === 17 || code === 0)) return delivered
    if (response.status === 400) return hold('HTTP 400: the token is invalid or disabled')
    return judgeStatus(response, [])
  },
}
