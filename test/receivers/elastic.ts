import { isIP } from 'node:net'
import { type Certificate, isObject, listen, parse, type Received, type Receiver, type Reply, utf8, word } from './server.ts'

export interface ElasticOptions {
  /** `ApiKey …` or `Basic …`, as the client must send it. */
  readonly authorization: string
  readonly flavour?: 'elasticsearch' | 'opensearch'
  /** Bytes of a request, decompressed (http.max_content_length). Default 100 MB. */
  readonly maxBytes?: number
  /** An answer for one document, instead of storing it: for items that fail. */
  readonly item?: (document: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>> | undefined
  readonly tls?: Certificate
}

export interface Stored {
  readonly stream: string
  readonly id: string
  readonly document: Readonly<Record<string, unknown>>
}

const PARAMETERS = [
  'refresh',
  'filter_path',
  'timeout',
  'pipeline',
  'require_alias',
  'require_data_stream',
  'pretty',
  'error_trace',
]
const error = (status: number, type: string, reason: string): Reply => ({ status, body: { error: { type, reason }, status } })

/** A strict `_bulk` endpoint over data streams that have a template: any `logs-*-*`. */
export async function elasticReceiver(options: ElasticOptions): Promise<Receiver & { readonly documents: readonly Stored[] }> {
  const documents: Stored[] = []
  const known = new Set<string>()
  const mapping = new Map<string, 'object' | 'value'>()
  const opensearch = options.flavour === 'opensearch'

  const store = (stream: string, action: unknown, source: string): Readonly<Record<string, unknown>> => {
    const target = isObject(action) ? (action['create'] ?? action['index'] ?? action['update'] ?? action['delete']) : undefined
    const meta = isObject(target) ? target : {}
    const name = word(meta['_index'] ?? stream)
    const id = word(meta['_id'] ?? `generated-${documents.length}`)
    const no = (status: number, type: string, reason: string) => ({ _index: name, _id: id, status, error: { type, reason } })
    if (!/^logs-[a-z0-9_.]+-[a-z0-9_.]+$/.test(name)) return no(404, 'index_not_found_exception', `no such index [${name}]`)
    if (!isObject(action) || !('create' in action)) {
      return no(400, 'illegal_argument_exception', 'only write ops with an op_type of create are allowed in data streams')
    }
    if (Buffer.byteLength(id) > 512) return no(400, 'illegal_argument_exception', 'id is too long')
    const document = parse(source)
    if (!isObject(document)) return no(400, 'document_parsing_exception', 'failed to parse')
    if (Number.isNaN(Date.parse(word(document['@timestamp'])))) {
      return no(400, 'document_parsing_exception', 'data stream timestamp field [@timestamp] is missing')
    }
    const wrong = conflict(document, mapping)
    if (wrong !== undefined) return no(400, 'document_parsing_exception', wrong)
    const scripted = options.item?.(document)
    if (scripted !== undefined) return { _index: name, _id: id, ...scripted }
    if (known.has(`${name} ${id}`))
      return no(409, 'version_conflict_engine_exception', `[${id}]: version conflict, document already exists`)
    known.add(`${name} ${id}`)
    documents.push({ stream: name, id, document })
    return {
      _index: `.ds-${name}-000001`,
      _id: id,
      _version: 1,
      result: 'created',
      status: 201,
      ...(opensearch ? {} : { failure_store: 'not_enabled' }),
    }
  }

  const bulk = (request: Received, stream: string): Reply => {
    const parameters = opensearch ? PARAMETERS : [...PARAMETERS, 'include_source_on_error']
    const unknown = [...request.query.keys()].find(name => !parameters.includes(name))
    if (unknown !== undefined) {
      return error(400, 'illegal_argument_exception', `request [${request.path}] contains unrecognized parameter: [${unknown}]`)
    }
    const type = request.headers['content-type'] ?? ''
    const vendored = /^application\/vnd\.elasticsearch\+x-ndjson; ?compatible-with=[89]$/
    if (!/^application\/(x-ndjson|json)(;|$)/.test(type) && (opensearch || !vendored.test(type))) {
      return error(406, 'media_type_header_exception', 'Content-Type header is not supported')
    }
    if (request.body.byteLength > (options.maxBytes ?? 100 << 20)) return { status: 413, body: '' }
    const text = utf8(request.body)
    if (text === undefined || text === '') return error(400, 'parse_exception', 'request body is required')
    if (!text.endsWith('\n'))
      return error(400, 'illegal_argument_exception', 'The bulk request must be terminated by a newline [\\n]')
    const lines = text.slice(0, -1).split('\n')
    if (lines.length % 2 !== 0) return error(400, 'illegal_argument_exception', 'Malformed action/metadata line')
    const items: object[] = []
    for (let i = 0; i < lines.length; i += 2) {
      const action = parse(lines[i] ?? '')
      if (!isObject(action) || Object.keys(action).length !== 1) {
        return error(400, 'illegal_argument_exception', `Malformed action/metadata line [${i + 1}]`)
      }
      items.push({ [Object.keys(action)[0] as string]: store(stream, action, lines[i + 1] ?? '') })
    }
    const failed = items.some(item => Object.values(item).some(result => isObject(result) && Number(result['status']) >= 300))
    return { status: 200, body: { took: 1, errors: failed, items } }
  }

  const server = await listen(request => {
    const reply = ((): Reply => {
      if (request.headers['authorization'] !== options.authorization)
        return error(401, 'security_exception', 'unable to authenticate')
      if (request.path === '/' && (request.method === 'GET' || request.method === 'HEAD')) {
        return {
          status: 200,
          body: { name: 'node-1', version: { number: opensearch ? '3.2.0' : '9.4.0' }, tagline: 'You Know, for Search' },
        }
      }
      const path = /^\/(?:([^/]+)\/)?_bulk$/.exec(request.path)
      if (path === null) return error(404, 'invalid_index_name_exception', 'no handler found')
      return request.method === 'POST' || request.method === 'PUT'
        ? bulk(request, path[1] ?? '')
        : error(405, 'method_not_allowed', 'no')
    })()
    // Elastic's own client refuses an answer without this header; OpenSearch does not send it.
    return opensearch ? reply : { ...reply, headers: { 'x-elastic-product': 'Elasticsearch', ...reply.headers } }
  }, options.tls)
  return Object.assign(server, { documents })
}

/** Dynamic mapping in short: a field is an object or a value for good, and fields called `ip` hold addresses. `weir.ocsf` is flattened. */
function conflict(
  value: Readonly<Record<string, unknown>>,
  mapping: Map<string, 'object' | 'value'>,
  path = '',
): string | undefined {
  for (const [key, child] of Object.entries(value)) {
    const name = path === '' ? key : `${path}.${key}`
    if (name === 'weir.ocsf' || child === null) continue
    const kind = isObject(child) ? 'object' : 'value'
    if ((mapping.get(name) ?? kind) !== kind)
      return `object mapping for [${name}] tried to parse field [${key}] as object, but found a concrete value`
    mapping.set(name, kind)
    if (isObject(child)) {
      const below = conflict(child, mapping, name)
      if (below !== undefined) return below
    } else if (key === 'ip' && [child].flat().some(each => isIP(word(each)) === 0)) {
      return `failed to parse field [${name}] of type [ip]. Preview of field's value: '${word(child)}'`
    }
  }
  return undefined
}
