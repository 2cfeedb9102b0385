import { type Certificate, isObject, listen, mediaType, parse, type Receiver, type Reply, utf8, word } from './server.ts'

export interface SplunkOptions {
  readonly token: string
  /** The indexes that the token may write; any when absent. */
  readonly indexes?: readonly string[]
  /** Bytes of a request, decompressed. Default: Splunk Cloud's. */
  readonly maxBytes?: number
  readonly tls?: Certificate
}

export interface Envelope {
  readonly time?: number | string
  readonly host?: string
  readonly source?: string
  readonly sourcetype?: string
  readonly index?: string
  readonly event: unknown
  readonly fields?: Readonly<Record<string, unknown>>
}

const PATHS = /^\/services\/collector(\/event(\/1\.0)?)?$/
const KEYS = new Set(['time', 'host', 'source', 'sourcetype', 'index', 'event', 'fields'])
const said = (status: number, code: number, text: string, number?: number): Reply => ({
  status,
  body: { text, code, ...(number === undefined ? {} : { 'invalid-event-number': number }) },
})

/** A strict HTTP Event Collector: one token, no acknowledgement, and what it accepted. */
export async function splunkReceiver(options: SplunkOptions): Promise<Receiver & { readonly events: readonly Envelope[] }> {
  const events: Envelope[] = []
  const server = await listen((request, problem): Reply => {
    const [scheme, token] = (request.headers['authorization'] ?? '').split(' ')
    if (/^\/services\/collector\/health(\/1\.0)?$/.test(request.path)) {
      return token === options.token ? said(200, 17, 'HEC is healthy') : said(400, 21, 'Invalid token')
    }
    if (!PATHS.test(request.path))
      return { status: 404, body: { text: 'The requested URL was not found on this server.', code: 404 } }
    if (request.method !== 'POST') return { status: 405, body: 'Method Not Allowed' }
    if (scheme === '') return said(401, 2, 'Token is required')
    if (scheme !== 'Splunk' || token === undefined) return said(401, 3, 'Invalid authorization')
    if (token !== options.token) return said(403, 4, 'Invalid token')
    // Splunk reads the body whatever its type is; Splunk's own client sends a form's.
    if (!['application/json', 'application/x-www-form-urlencoded'].includes(mediaType(request.headers))) problem('content-type')
    if (request.body.byteLength > (options.maxBytes ?? 1_000_000))
      return { status: 413, body: '<html>Request Entity Too Large</html>' }
    const text = utf8(request.body)
    if (text === undefined) return said(400, 6, 'Invalid data format', 0)
    const objects = concatenated(text)
    if (objects.length === 0) return said(400, 5, 'No data')
    const wrong = objects.findIndex(({ index }) => index !== undefined && options.indexes?.includes(word(index)) === false)
    if (wrong >= 0) return said(400, 7, 'Incorrect index', wrong)
    for (const [number, object] of objects.entries()) {
      const [code, why] = fault(object) ?? []
      if (code !== undefined) return said(400, code, why ?? '', number)
      for (const key of Object.keys(object)) if (!KEYS.has(key)) problem(`envelope key ${key}`)
      if (Number(object['time'] ?? 0) > 1e11) problem('time in milliseconds')
      events.push(object as unknown as Envelope)
    }
    return said(200, 0, 'Success')
  }, options.tls)
  return Object.assign(server, { events })
}

function fault(object: Record<string, unknown>): readonly [number, string] | undefined {
  const { time, host, source, sourcetype, index, event, fields } = object
  if (object[''] !== undefined) return [6, 'Invalid data format']
  if (event === undefined || event === null) return [12, 'Event field is required']
  if (event === '') return [13, 'Event field cannot be blank']
  if (time !== undefined && !(typeof time === 'number' || /^\d+(\.\d+)?$/.test(word(time)))) return [6, 'Invalid data format']
  for (const name of [host, source, sourcetype, index])
    if (name !== undefined && typeof name !== 'string') return [6, 'Invalid data format']
  if (fields === undefined) return undefined
  const flat = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value)
  const list = (value: unknown) => Array.isArray(value) && value.every(flat)
  if (!isObject(fields) || !Object.values(fields).every(value => flat(value) || list(value))) {
    return [15, 'Error in handling indexed fields']
  }
  return undefined
}

/** JSON objects one after the other, with anything of white space between. What is no object stands as `{ '': text }`, and ends it. */
function concatenated(text: string): Record<string, unknown>[] {
  const objects: Record<string, unknown>[] = []
  let depth = 0
  let inString = false
  let start = -1
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string
    if (inString) {
      if (c === '\\') i++
      else if (c === '"') inString = false
      continue
    }
    if (depth === 0 && !/[\s{]/.test(c)) return [...objects, { '': c }]
    if (c === '"') inString = true
    else if (c === '{' && depth++ === 0) start = i
    else if (c === '}' && --depth === 0) {
      const object = parse(text.slice(start, i + 1))
      if (!isObject(object)) return [...objects, { '': 'not an object' }]
      objects.push(object)
    }
  }
  return depth === 0 ? objects : [...objects, { '': 'cut off' }]
}
