import { invocationAt } from '../invocation-at.ts'
import { requestIdIn } from '../request-id.ts'
import type { At, Recording } from '../signals/signal.ts'

/** An item of an export request, as a record's body. Names are OTLP's; attributes are objects, and times epoch milliseconds. */
export interface Item {
  readonly body: Record<string, unknown>
  /** Epoch milliseconds; undefined where the item has none that can be. */
  readonly time: number | undefined
  /** Lambda's request id, where an attribute tells it; else ''. */
  readonly invocation: string
  /** How a partial success counts it: a metric is as many as its points. */
  readonly weight: number
}

/** One of the three signals: its path, the word for it, and how its requests are read. */
export interface Kind {
  readonly signal: string
  /** In a partial success. */
  readonly rejected: string
  /** Names of the lists, outermost first. */
  readonly lists: readonly [resources: string, scopes: string, items: string]
  item(item: Fields): { readonly body: Record<string, unknown>; readonly time: number | undefined; readonly weight?: number }
}

type Fields = Readonly<Record<string, unknown>>

/** The items of a request, one at a time, each with its resource and scope. */
export function* itemsOf(request: Fields, kind: Kind): Generator<Item> {
  const [resources, scopes, items] = kind.lists
  for (const eachResource of list(request[resources])) {
    const resource = attributesOf(fields(eachResource['resource']))
    for (const eachScope of list(eachResource[scopes])) {
      const { name, version, ...rest } = fields(eachScope['scope'])
      const scope = some({ name, version, attributes: attributesOf(rest) })
      for (const each of list(eachScope[items])) {
        const { body, time, weight = 1 } = kind.item(each)
        yield {
          body: defined({ ...body, scope, resource }),
          time,
          invocation: requestIdIn(body['attributes'], INVOCATION) || requestIdIn(resource, INVOCATION),
          weight,
        }
      }
    }
  }
}

/** Severity numbers by fours: 1–4 is trace, 5–8 debug, and so on (OTLP's data model for logs). */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']
const SPAN_KINDS = [undefined, 'internal', 'server', 'client', 'producer', 'consumer']
const STATUSES = [undefined, 'ok', 'error']
const TEMPORALITIES = [undefined, 'delta', 'cumulative']
const METRIC_TYPES = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary']
/** Points of one metric that are recorded, so that they fit into one record. */
const MAX_POINTS = 500

export const LOG: Kind = {
  signal: 'otlp.log',
  rejected: 'rejectedLogRecords',
  lists: ['resourceLogs', 'scopeLogs', 'logRecords'],
  item({ timeUnixNano, observedTimeUnixNano, severityNumber, severityText, body: said, ...item }) {
    const value = valueOf(fields(said))
    const number = typeof severityNumber === 'number' ? severityNumber : 0
    return {
      time: millis(timeUnixNano) ?? millis(observedTimeUnixNano),
      body: {
        level: severityText ?? LEVELS[Math.ceil(number / 4) - 1],
        severityNumber,
        ...(typeof value === 'string' ? { message: value } : { body: value }),
        ...common(item),
      },
    }
  },
}

export const SPAN: Kind = {
  signal: 'otlp.span',
  rejected: 'rejectedSpans',
  lists: ['resourceSpans', 'scopeSpans', 'spans'],
  item({ startTimeUnixNano: from, endTimeUnixNano: to, kind, status, events, links, ...item }) {
    const { code, message } = fields(status)
    return {
      time: millis(from) ?? millis(to),
      body: {
        kind: SPAN_KINDS[Number(kind)],
        endTime: millis(to),
        durationMs: duration(from, to),
        status: STATUSES[Number(code)],
        statusMessage: message,
        ...common(item),
        events: listOf(events, ({ timeUnixNano, ...event }) => ({ time: millis(timeUnixNano), ...common(event) })),
        links: listOf(links, common),
      },
    }
  },
}

export const METRIC: Kind = {
  signal: 'otlp.metric',
  rejected: 'rejectedDataPoints',
  lists: ['resourceMetrics', 'scopeMetrics', 'metrics'],
  item({ metadata, ...item }) {
    const type = METRIC_TYPES.find(each => item[each] !== undefined) ?? ''
    const { name, description, unit } = item
    const { dataPoints, aggregationTemporality, isMonotonic } = fields(item[type])
    const all = list(dataPoints)
    const times = all.flatMap(point => millis(point['timeUnixNano']) ?? [])
    const beyond = all.length - MAX_POINTS
    return {
      time: times.length > 0 ? times.reduce((one, other) => Math.max(one, other)) : undefined,
      weight: all.length,
      body: {
        name,
        type: type || undefined,
        unit,
        description,
        temporality: TEMPORALITIES[Number(aggregationTemporality)],
        monotonic: isMonotonic,
        points: listOf(all.slice(0, MAX_POINTS), pointOf),
        pointsLeftOut: beyond > 0 ? beyond : undefined,
        metadata: attributesOf({ attributes: metadata }),
      },
    }
  },
}

/** One point, in the words of OTLP; exemplars, samples of what the point sums up, are left out. */
function pointOf({ timeUnixNano, startTimeUnixNano, asDouble, asInt, quantileValues, ...point }: Fields): Fields {
  return {
    time: millis(timeUnixNano),
    start: millis(startTimeUnixNano),
    value: numeric(asInt) ?? asDouble,
    quantiles: listOf(quantileValues, each => each),
    ...common({ ...point, exemplars: undefined }),
  }
}

/** What items share, and all that needs no other form; 64-bit counts are numbers where those can hold them. */
function common({ attributes, ...item }: Fields): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(item))
    out[name] =
      name === 'count' || name === 'zeroCount'
        ? numeric(value)
        : name === 'bucketCounts' && Array.isArray(value)
          ? value.map(numeric)
          : value
  return { ...out, attributes: attributesOf({ attributes }) }
}

/** Attributes as an object; of a repeated key the last. Undefined where there are none. */
function attributesOf({ attributes }: Fields): Fields | undefined {
  const entries = list(attributes).map(({ key, value }) => [typeof key === 'string' ? key : '', valueOf(fields(value))] as const)
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}

/** An `AnyValue` as a plain one. Bytes stay base64, and an integer that a number cannot hold stays a text. */
function valueOf(value: Fields): unknown {
  if ('intValue' in value) return numeric(value['intValue'])
  if ('arrayValue' in value) return list(fields(value['arrayValue'])['values']).map(valueOf)
  if ('kvlistValue' in value) return attributesOf({ attributes: fields(value['kvlistValue'])['values'] }) ?? {}
  for (const name in value) return value[name]
  return null
}

/** Lambda's request id under the names of OpenTelemetry's conventions, the older one too. `aws.request_id` is that of a call to AWS. */
const INVOCATION = ['faas.invocation_id', 'faas.execution', 'aws.lambda.request_id']

/** Where an item belongs: the invocation that it names, else the one that ran at its time. */
export function place({ time, invocation }: Item, { host, sandbox }: Recording): At {
  const at = time ?? host.now()
  return { time: at, invocation: invocation || invocationAt(sandbox, at) }
}

/** Nanoseconds in decimal to milliseconds, of a time from 1973 to 2096. */
function millis(nanos: unknown): number | undefined {
  const ms = typeof nanos === 'string' ? Math.floor(Number(nanos) / 1e6) : Number.NaN
  return ms >= 1e11 && ms < 4e12 ? ms : undefined
}

/** Between two times in nanoseconds, to the microsecond: what a number can tell of times of this century. */
function duration(from: unknown, to: unknown): number | undefined {
  if (millis(from) === undefined || millis(to) === undefined) return undefined
  return Number((BigInt(String(to)) - BigInt(String(from))) / 1000n) / 1000
}

function numeric(integer: unknown): unknown {
  const value = typeof integer === 'string' ? Number(integer) : Number.NaN
  return Number.isSafeInteger(value) ? value : integer
}

const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})
const list = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.map(fields) : [])

function listOf(value: unknown, read: (item: Fields) => Fields): readonly Fields[] | undefined {
  const items = list(value)
  return items.length > 0 ? items.map(item => defined(read(item))) : undefined
}

function defined(value: Fields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined))
}

function some(value: Fields): Record<string, unknown> | undefined {
  const found = defined(value)
  return Object.keys(found).length > 0 ? found : undefined
}
