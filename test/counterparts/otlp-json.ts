/** OTLP's JSON as the collector's file exporter writes it: one export request a line. */
type Json = Readonly<Record<string, unknown>>
const list = (of: unknown, key: string): readonly Json[] => ((of as Json)[key] ?? []) as readonly Json[]

/** An OTLP value as the plain value it stands for. */
export function value(any: unknown): unknown {
  const [kind, inner] = Object.entries((any ?? {}) as Json)[0] ?? []
  if (kind === undefined) return null
  if (kind === 'intValue') return Number(inner)
  if (kind === 'arrayValue') return list(inner, 'values').map(value)
  if (kind === 'kvlistValue') return keyed(list(inner, 'values'))
  return inner
}
const keyed = (pairs: readonly Json[]): Record<string, unknown> =>
  Object.fromEntries(pairs.map(pair => [String(pair['key']), value(pair['value'])]))
const attributesOf = (of: Json | undefined): Record<string, unknown> => keyed(list(of ?? {}, 'attributes'))

export const entries = (object: object): unknown[] => Object.entries(object).toSorted(([a], [b]) => (a < b ? -1 : 1))

/** Log records, each with its own attributes and its resource's. */
export const logRecords = (line: unknown) =>
  list(line, 'resourceLogs').flatMap(({ resource, scopeLogs }) =>
    list({ scopeLogs }, 'scopeLogs').flatMap(scope =>
      list(scope, 'logRecords').map(record => ({
        record,
        attributes: attributesOf(record),
        resource: attributesOf(resource as Json),
      })),
    ),
  )

export const spans = (line: unknown) =>
  list(line, 'resourceSpans').flatMap(({ resource, scopeSpans }) =>
    list({ scopeSpans }, 'scopeSpans').flatMap(scope =>
      list(scope, 'spans').map(span => ({ span, resource: attributesOf(resource as Json) })),
    ),
  )

/** Points of sums and histograms; `amount` is the sum either way. */
export const metricPoints = (line: unknown) =>
  list(line, 'resourceMetrics').flatMap(resource =>
    list(resource, 'scopeMetrics').flatMap(scope =>
      list(scope, 'metrics').flatMap(metric =>
        list(metric['sum'] ?? metric['histogram'] ?? {}, 'dataPoints').map(point => ({
          name: String(metric['name']),
          unit: String(metric['unit']),
          attributes: attributesOf(point),
          amount: Number(point['asInt'] ?? point['asDouble'] ?? point['sum'] ?? 0),
        })),
      ),
    ),
  )
