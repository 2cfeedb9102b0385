import type { OcsfEvent } from '@weir/schema/ocsf'
import * as z from 'zod/mini'
import { secret } from '../secrets.ts'
import { ConfigError } from '../errors.ts'
import { TransportError } from '../http.ts'
import type { Judgement, Sink, SinkResponse } from '../sink.ts'
import { at, endpoint, transport } from './options.ts'
import { kindOf, kinds, toAsim } from './schemas/asim.ts'
import { delivered, hold, isolate, jsonObject, judgeStatus, objectOf, said, string } from './shared/judge.ts'

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const guid = (description: string) =>
  z
    .string()
    .check(z.regex(GUID, { error: 'expected an id such as 72f988bf-86f1-41af-91ab-2d7cd011db47' }), z.describe(description))

const options = z.strictObject({
  url: endpoint(
    'Logs ingestion endpoint of the data collection rule, for example https://weir-x1y2.westeurope-1.ingest.monitor.azure.com',
  ),
  ruleId: z
    .string()
    .check(
      z.regex(/^dcr-[0-9a-f]{32}$/, { error: 'expected the immutable id of a data collection rule: dcr- and 32 hex digits' }),
      z.describe('Immutable id of the data collection rule, dcr-…'),
    ),
  tenantId: guid('Directory (tenant) id'),
  clientId: guid('Application (client) id of the service principal'),
  clientSecret: secret('Client secret of the service principal'),
  authority: z._default(
    endpoint(
      'Sign-in address; https://login.microsoftonline.us for US Government, https://login.partner.microsoftonline.cn for China',
    ),
    'https://login.microsoftonline.com',
  ),
  scope: z._default(
    z
      .string()
      .check(
        z.url(),
        z.describe(
          'Scope of the token; https://monitor.azure.us/.default for US Government, https://monitor.azure.cn/.default for China',
        ),
      ),
    'https://monitor.azure.com/.default',
  ),
  ...transport,
})
type Options = z.infer<typeof options>

/** Bytes of one call. The limit is 1 MiB, and it counts both before and after compression. */
const MAX_BYTES = 1_000_000
/** Span of one call's times: tables without a transformation refuse more than 30 minutes. */
const WINDOW_MS = 30 * 60_000
/**
 * Beyond these Azure Monitor puts the time of receipt in place of TimeGenerated (reference: standard columns in Azure Monitor logs), so such
 * events need no window of their own: with one each, ten thousand events of as many half hours would be ten thousand requests.
 */
const PAST_MS = 2 * 86_400_000
const AHEAD_MS = 86_400_000
const API_VERSION = '2023-01-01'
/** A token is renewed this long before it ends, so that none expires on the way. */
const RENEW_EARLY_MS = 5 * 60_000

const streamUrl = (stream: string, { url, ruleId }: Options): string =>
  at(url, `/dataCollectionRules/${ruleId}/streams/${stream}?api-version=${API_VERSION}`)

const TOO_LARGE = /^(ContentLengthLimitExceeded|ReadyBody_ClientConnectionAbort|RecordsTimeRangeIsMoreThan30Minutes)$/
/** Faults of the address or the rule, not of a record. */
const CONFIG = /Stream|RuleId|ImmutableId|Dcr|DataCollectionRule|ApiVersion|Route/i

function judge(response: SinkResponse, events: readonly OcsfEvent[]): Judgement {
  const { status, headers } = response
  if (status === 204) return delivered
  const error = objectOf(jsonObject(response.body)?.['error'])
  const code = /^\w{1,80}$/.exec(string(error?.['code']) || (headers['ms-error-code'] ?? ''))?.[0] ?? ''
  const detail = `${code} ${said(error?.['message'])}`.trim()
  if (TOO_LARGE.test(code)) return isolate(events, `HTTP ${status}: ${detail}`)
  if (status === 400 && (code === '' || CONFIG.test(code)))
    return hold(`HTTP 400: ${detail || 'without an error code'}; check url, ruleId and the rule's streams`)
  if (status === 403)
    return hold(`HTTP 403: ${detail}; the role Monitoring Metrics Publisher on the rule takes up to 30 minutes to hold`)
  return judgeStatus(response, events, detail)
}

const isFar = ({ time }: OcsfEvent, now: number): boolean => !(time >= now - PAST_MS && time <= now + AHEAD_MS)

/** Microsoft Sentinel and Log Analytics, through a data collection rule. `now`: epoch milliseconds. */
export const createSentinel = (now: () => number): Sink<Options> => ({
  name: 'sentinel',
  summary: 'Microsoft Sentinel by the Logs Ingestion API, in ASIM columns',
  options,
  secrets: ['clientSecret', 'ca'],
  limits: () => ({ events: 5000, bytes: MAX_BYTES }),
  partition: event => `${kindOf(event).stream} ${isFar(event, now()) ? 'far' : Math.floor(event.time / WINDOW_MS)}`,
  authorize: async (options, io) => {
    const { tenantId, clientId, clientSecret, authority, scope, timeoutMs, ca } = options
    const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret, scope }
    const response = await io.request(
      {
        method: 'POST',
        url: at(authority, `/${tenantId}/oauth2/v2.0/token`),
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
        body: new URLSearchParams(form).toString(),
      },
      { timeoutMs, ...(ca === undefined ? {} : { ca }) },
    )
    const reply = jsonObject(response.body)
    const token = reply?.['access_token']
    const seconds = Number(reply?.['expires_in'])
    if (response.status === 200 && typeof token === 'string' && /^[\x21-\x7e]+$/.test(token) && seconds > 0) {
      const lifetime = Math.min(seconds, 86_400) * 1000
      return {
        headers: { authorization: `Bearer ${token}` },
        expiresAt: io.now() + Math.max(lifetime - RENEW_EARLY_MS, lifetime / 2),
      }
    }
    // The description names tenant, application and time; of it only Entra's own number is kept.
    const code = /AADSTS\d+/.exec(string(reply?.['error_description']))?.[0] ?? ''
    const reason = `token: HTTP ${response.status} ${said(reply?.['error'])} ${code}`.trim()
    const refused = response.status >= 400 && response.status < 500 && response.status !== 408 && response.status !== 429
    if (refused) throw new ConfigError(`${reason}; check tenantId, clientId, clientSecret and scope`)
    throw new TransportError('protocol', reason)
  },
  encode: (events, options) => {
    const at = now()
    const TimeGenerated = new Date(Math.floor(at / WINDOW_MS) * WINDOW_MS).toISOString() // encoded again soon, the same bytes
    return {
      method: 'POST',
      url: streamUrl(events[0] === undefined ? kinds.event.stream : kindOf(events[0]).stream, options),
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(events.map(event => ({ ...toAsim(event), ...(isFar(event, at) && { TimeGenerated }) }))),
    }
  },
  judge,
  install: async () => (await import('./install/sentinel.ts')).files,
  // An empty list passes every check of address, rule, stream and role, and stores nothing.
  probe: options => ({
    method: 'POST',
    url: streamUrl(kinds.alert.stream, options),
    headers: { 'content-type': 'application/json' },
    body: '[]',
  }),
  judgeProbe: response => judge(response, []),
})

export const sentinel = createSentinel(Date.now)
