import { createHash } from 'node:crypto'
import { CLASS, type OcsfEvent } from '@weir/schema/ocsf'
import * as z from 'zod/mini'
import { secret } from '../secrets.ts'
import type { Judgement, Sink, SinkResponse } from '../sink.ts'
import { at, endpoint, transport } from './options.ts'
import { toEcs } from './schemas/ecs.ts'
import { delivered, hold, jsonObject, judgeStatus, objectOf, rejected, retry, said, string } from './shared/judge.ts'

const options = z
  .strictObject({
    url: endpoint('Address of the cluster, for example https://acme.es.eu-west-1.aws.found.io or https://opensearch:9200'),
    apiKey: z.optional(secret('API key, in its encoded form; needs create_doc and auto_configure on logs-weir.*')),
    username: z.optional(z.string().check(z.minLength(1), z.describe('User name, where there is no API key'))),
    password: z.optional(secret('Password of that user')),
    namespace: z._default(
      z
        .string()
        .check(
          z.regex(/^[a-z0-9_.]{1,100}$/, { error: 'a namespace has lower-case letters, digits, _ and . only' }),
          z.describe('Namespace of the data streams: logs-weir.findings-NAMESPACE and logs-weir.events-NAMESPACE'),
        ),
      'default',
    ),
    flavour: z._default(
      z
        .enum(['elasticsearch', 'opensearch'])
        .check(z.describe('What stands at the address: opensearch knows fewer request parameters')),
      'elasticsearch',
    ),
    ...transport,
  })
  .check(
    z.refine(({ apiKey, username, password }) => (apiKey === undefined) === (username !== undefined && password !== undefined), {
      error: 'give apiKey, or username and password',
      path: ['apiKey'],
    }),
  )
type Options = z.infer<typeof options>

/** Bytes of one request before compression. The limit is 100 MB (http.max_content_length); a few MB index best. */
const MAX_BYTES = 5_000_000
/** Bytes of an `_id`; Elasticsearch refuses longer ones. */
const MAX_ID_BYTES = 512

const dataset = (event: OcsfEvent): string => (event.class_uid === CLASS.detectionFinding ? 'weir.findings' : 'weir.events')
const stream = (event: OcsfEvent, { namespace }: Options): string => `logs-${dataset(event)}-${namespace}`

/** The document's id: the event's uid behind its time, so that neighbours in time are neighbours in the index and ids compress. */
export function documentId(event: OcsfEvent): string {
  const id = `${Math.max(0, Math.trunc(event.time)).toString(36).padStart(9, '0')}-${event.metadata.uid}`
  return Buffer.byteLength(id) <= MAX_ID_BYTES
    ? id
    : `${id.slice(0, 10)}${createHash('sha256').update(event.metadata.uid).digest('hex')}`
}

function document(event: OcsfEvent, { namespace }: Options): string {
  const doc = toEcs(event)
  Object.assign((doc['event'] ??= {}), { dataset: dataset(event) })
  doc['data_stream'] = { type: 'logs', dataset: dataset(event), namespace }
  return JSON.stringify(doc)
}

function authorization({ apiKey, username, password }: Options): string {
  return apiKey === undefined ? `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` : `ApiKey ${apiKey}`
}

/** Parameters: no echo of documents in errors (Elasticsearch 8.18 and newer), which OpenSearch answers with 400. */
const query = ({ flavour }: Options): string => (flavour === 'elasticsearch' ? '?include_source_on_error=false' : '')

/** An error's type and the names in it. Its `reason` quotes field values, so of that only the field's name is kept. */
function because(status: number, item: Readonly<Record<string, unknown>>): string {
  const error = objectOf(item['error'])
  const field = /field \[([\w.@-]{1,100})\]/.exec(string(error?.['reason']))?.[1]
  return `${status} ${said(error?.['type'])}${field === undefined ? '' : ` in field ${field}`}`.trim()
}

/** One item of the answer. `undefined` where it is none of this event's. */
function judgeItem(raw: unknown, event: OcsfEvent, response: SinkResponse): Judgement | undefined {
  const item = objectOf(objectOf(raw)?.['create'])
  const status = item?.['status']
  if (item === undefined || typeof status !== 'number') return undefined
  if (item['_id'] !== undefined && item['_id'] !== documentId(event)) return undefined
  if (status === 200 || status === 201) {
    if (item['error'] !== undefined) return undefined
    return item['failure_store'] === 'used'
      ? { verdict: 'delivered', reason: 'kept in the failure store: mapping or pipeline refused it' }
      : delivered
  }
  if (status === 409) return { verdict: 'duplicate', reason: because(status, item) }
  if (status === 429 || status >= 500) return retry(because(status, item), response.headers)
  if (status === 401 || status === 403 || status === 404)
    return hold(`${because(status, item)}; check the stream's template and the key's privileges`)
  return status >= 400 && status < 500 ? rejected(because(status, item)) : undefined
}

function judge(response: SinkResponse, events: readonly OcsfEvent[]): Judgement | readonly Judgement[] {
  const reply = jsonObject(response.body)
  const error = objectOf(reply?.['error'])
  if (response.status !== 200) {
    const detail = said(error?.['type'])
    if (response.status === 400 && /unrecognized parameter/.test(string(error?.['reason']))) {
      return hold(`HTTP 400: ${detail}: unrecognized parameter; set flavour: opensearch`)
    }
    // A 400 that is not Elasticsearch's own comes from something in front of it, and says nothing of the events.
    if (response.status === 400 && detail === '') return hold('HTTP 400 without an error type; check the address')
    return judgeStatus(response, events, detail)
  }
  const items = reply?.['items']
  if (!Array.isArray(items) || typeof reply?.['errors'] !== 'boolean') return retry('HTTP 200 without the items of a bulk answer')
  if (items.length !== events.length) return retry(`HTTP 200 with ${items.length} items for ${events.length} events`)
  const judged = events.map((event, i) => judgeItem(items[i], event, response))
  // One item that cannot be read puts the order of all in doubt; ids make the resend harmless.
  if (judged.includes(undefined)) return retry('HTTP 200 with items that do not match the events sent')
  return judged as readonly Judgement[]
}

/** Elasticsearch 8 and 9, Elastic Cloud and serverless, OpenSearch: one plain `_bulk` for all of them. */
export const elastic: Sink<Options> = {
  name: 'elastic',
  summary: 'Elasticsearch or OpenSearch data streams, in ECS field names',
  options,
  secrets: ['apiKey', 'password', 'ca'],
  limits: () => ({ events: 2000, bytes: MAX_BYTES }),
  partition: stream,
  encode: (events, options) => ({
    method: 'POST',
    url: at(options.url, `/${events[0] === undefined ? '' : stream(events[0], options)}/_bulk${query(options)}`),
    // Not Elastic's own vendored media type: OpenSearch does not know it, and every Elasticsearch takes this one.
    headers: { authorization: authorization(options), 'content-type': 'application/x-ndjson', accept: 'application/json' },
    body: events
      .flatMap(event => ['{"create":{"_id":', JSON.stringify(documentId(event)), '}}\n', document(event, options), '\n'])
      .join(''),
  }),
  judge,
  install: async () => (await import('./install/elastic.ts')).files,
  probe: options => ({
    method: 'GET',
    url: at(options.url, '/'),
    headers: { authorization: authorization(options), accept: 'application/json' },
    body: '',
  }),
  judgeProbe: response => {
    const version = objectOf(jsonObject(response.body)?.['version'])
    if (response.status === 200 && version !== undefined) return delivered
    // Serverless and narrow keys may not read the root; the bulk endpoint decides then.
    if (response.status === 403)
      return { verdict: 'delivered', reason: 'reached; the key may not read the cluster, writing is not tried' }
    return judgeStatus(response, [])
  },
}
