import { type Certificate, isObject, listen, mediaType, parse, type Receiver, type Reply, utf8 } from './server.ts'

export interface OtlpOptions {
  /** A header and the value it must have. */
  readonly header?: readonly [name: string, value: string]
  /** Bytes of a request, decompressed. Default: the specification's 20 MiB. */
  readonly maxBytes?: number
  /** How many of these records to refuse, for a partial success. */
  readonly refuse?: (records: readonly Readonly<Record<string, unknown>>[]) => number
  readonly tls?: Certificate
}

export interface OtlpRecord {
  readonly resource: Readonly<Record<string, unknown>>
  readonly scope: string
  readonly record: Readonly<Record<string, unknown>>
}

const status = (http: number, code: number, message: string): Reply => ({ status: http, body: { code, message } })

/** A strict OTLP/HTTP receiver of logs in JSON. What a receiver may ignore (unknown keys) it reports as problems. */
export async function otlpReceiver(options: OtlpOptions = {}): Promise<Receiver & { readonly records: readonly OtlpRecord[] }> {
  const records: OtlpRecord[] = []
  const server = await listen((request, problem): Reply => {
    const [header, value] = options.header ?? []
    if (header !== undefined && request.headers[header] !== value) return status(401, 16, 'unauthenticated')
    if (request.path !== '/v1/logs') return { status: 404, body: '404 page not found' }
    if (request.method !== 'POST') return { status: 405, body: '405 method not allowed, supported: [POST]' }
    if (mediaType(request.headers) !== 'application/json')
      return { status: 415, body: '415 unsupported media type, supported: [application/json]' }
    if (request.body.byteLength > (options.maxBytes ?? 20 << 20)) return status(413, 8, 'request too large')
    const message = parse(utf8(request.body) ?? '')
    const faults: string[] = []
    const found = isObject(message) ? exported(message, faults, problem) : undefined
    if (found === undefined || faults.length > 0) return status(400, 3, `invalid request: ${faults[0] ?? 'not an object'}`)
    const refused = options.refuse?.(found.map(({ record }) => record)) ?? 0
    records.push(...found.slice(refused))
    return {
      status: 200,
      body: refused === 0 ? {} : { partialSuccess: { rejectedLogRecords: String(refused), errorMessage: 'too old' } },
    }
  }, options.tls)
  return Object.assign(server, { records })
}

type Report = (text: string) => void
type Check = (value: unknown, at: string, faults: string[], unknown: Report) => void
type Shape = Readonly<Record<string, Check>>

/** A message of these fields, in lowerCamelCase; a null field is absent. */
const message =
  (shape: () => Shape): Check =>
  (value, at, faults, unknown) => {
    if (!isObject(value)) return void faults.push(`${at} is not an object`)
    const fields = shape()
    for (const [key, child] of Object.entries(value)) {
      const check = fields[key]
      if (check === undefined) unknown(`${at}.${key}`)
      else if (child !== null) check(child, `${at}.${key}`, faults, unknown)
    }
  }
const list =
  (check: Check): Check =>
  (value, at, faults, unknown) => {
    if (!Array.isArray(value)) return void faults.push(`${at} is not a list`)
    for (const [i, child] of value.entries()) check(child, `${at}[${i}]`, faults, unknown)
  }
const that =
  (what: string, test: (value: unknown) => boolean): Check =>
  (value, at, faults) => {
    if (!test(value)) faults.push(`${at} is not ${what}`)
  }
const string = that('a string', value => typeof value === 'string')
const bool = that('a boolean', value => typeof value === 'boolean')
const uint32 = that('a number', value => Number.isInteger(value) && (value as number) >= 0)
const double = that('a number', value => typeof value === 'number')
/** 64-bit integers are decimal strings; a reader of proto3's JSON takes numbers too. */
const int64 = that(
  'a 64-bit integer',
  value => Number.isInteger(value) || (typeof value === 'string' && /^-?\d{1,19}$/.test(value)),
)
const fixed64 = that('a decimal string', value => typeof value === 'string' && /^\d{1,20}$/.test(value))
const hex = (digits: number) =>
  that(
    `${digits} hex digits`,
    value => value === '' || (typeof value === 'string' && value.length === digits && /^[0-9a-f]+$/i.test(value)),
  )

const anyValue: Check = (value, at, faults, unknown) => {
  if (isObject(value) && Object.keys(value).length > 1) return void faults.push(`${at} has more than one kind`)
  message(() => ({
    stringValue: string,
    boolValue: bool,
    intValue: int64,
    doubleValue: double,
    bytesValue: string,
    arrayValue: message(() => ({ values: list(anyValue) })),
    kvlistValue: message(() => ({ values: list(keyValue) })),
  }))(value, at, faults, unknown)
}
const keyValue: Check = message(() => ({ key: string, value: anyValue }))
const attributes = list(keyValue)
const logRecord: Check = message(() => ({
  timeUnixNano: fixed64,
  observedTimeUnixNano: fixed64,
  severityNumber: that('1 to 24', value => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 24),
  severityText: string,
  eventName: string,
  body: anyValue,
  attributes,
  droppedAttributesCount: uint32,
  flags: uint32,
  traceId: hex(32),
  spanId: hex(16),
}))
const scopeLogs: Check = message(() => ({
  scope: message(() => ({ name: string, version: string, attributes, droppedAttributesCount: uint32 })),
  logRecords: list(logRecord),
  schemaUrl: string,
}))
const resourceLogs: Check = message(() => ({
  resource: message(() => ({ attributes, droppedAttributesCount: uint32, entityRefs: list(() => {}) })),
  scopeLogs: list(scopeLogs),
  schemaUrl: string,
}))
const request: Check = message(() => ({ resourceLogs: list(resourceLogs) }))

function exported(body: Record<string, unknown>, faults: string[], unknown: Report): OtlpRecord[] {
  request(body, 'request', faults, key => unknown(`unknown key ${key}`))
  if (faults.length > 0) return []
  const { resourceLogs: groups = [] } = body as { resourceLogs?: Group[] }
  return groups.flatMap(({ resource, scopeLogs: scopes }) =>
    scopes.flatMap(({ scope, logRecords }) =>
      logRecords.map(record => ({ resource: plain(resource.attributes), scope: scope.name, record })),
    ),
  )
}

interface Group {
  readonly resource: { readonly attributes: readonly { key: string; value: Record<string, unknown> }[] }
  readonly scopeLogs: readonly {
    readonly scope: { readonly name: string }
    readonly logRecords: readonly Record<string, unknown>[]
  }[]
}

/** Attributes as an object of their scalar values. */
export const plain = (list: unknown): Record<string, unknown> =>
  Object.fromEntries((list as Group['resource']['attributes']).map(({ key, value }) => [key, Object.values(value)[0]]))
