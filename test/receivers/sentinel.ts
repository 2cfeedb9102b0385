import {
  type Certificate,
  isObject,
  listen,
  mediaType,
  parse,
  type Received,
  type Receiver,
  type Reply,
  utf8,
  word,
} from './server.ts'

export interface SentinelOptions {
  readonly tenantId: string
  readonly clientId: string
  readonly clientSecret: string
  readonly scope?: string
  readonly ruleId: string
  /** The columns each stream declares, by name. */
  readonly streams: Readonly<Record<string, readonly { readonly name: string; readonly type: string }[]>>
  /** Whether tables refuse a call whose times are more than 30 minutes apart. */
  readonly strictTimes?: boolean
  /** A token taken as valid from the start, for clients that bring their own. */
  readonly token?: string
  readonly tls?: Certificate
}

export interface SentinelReceiver extends Receiver {
  readonly rows: readonly { readonly stream: string; readonly row: Readonly<Record<string, unknown>> }[]
  /** `stream.column` that a row had and its stream does not declare: Azure drops those in silence. */
  readonly undeclared: ReadonlySet<string>
  /** Ends every token given out so far. */
  revoke(): void
}

const MAX_BYTES = 1_048_576 // of the wire and of the body, each
const error = (status: number, code: string, message: string): Reply => ({
  status,
  headers: { 'ms-error-code': code },
  body: { error: { code, message } },
})

/** A strict sign-in endpoint and a data collection rule behind it, on one address. */
export async function sentinelReceiver(options: SentinelOptions): Promise<SentinelReceiver> {
  const rows: { stream: string; row: Readonly<Record<string, unknown>> }[] = []
  const undeclared = new Set<string>()
  const tokens = new Set<string>(options.token === undefined ? [] : [options.token])
  let issued = 0

  const signIn = (request: Received): Reply => {
    const form = Object.fromEntries(new URLSearchParams(utf8(request.body) ?? ''))
    const no = (status: number, code: string, number: number): Reply => ({
      status,
      body: {
        error: code,
        error_description: `AADSTS${number}: refused '${form['client_secret'] ?? ''}' for '${form['client_id'] ?? ''}'.`,
      },
    })
    if (request.method !== 'POST' || mediaType(request.headers) !== 'application/x-www-form-urlencoded')
      return no(400, 'invalid_request', 900144)
    if (request.path !== `/${options.tenantId}/oauth2/v2.0/token`) return no(400, 'invalid_tenant', 90002)
    if (form['grant_type'] !== 'client_credentials') return no(400, 'unsupported_grant_type', 70003)
    if (form['scope'] !== (options.scope ?? 'https://monitor.azure.com/.default')) return no(400, 'invalid_scope', 70011)
    if (form['client_id'] !== options.clientId) return no(400, 'unauthorized_client', 700016)
    if (form['client_secret'] !== options.clientSecret) return no(401, 'invalid_client', 7000215)
    const token = `token.${++issued}.signature`
    tokens.add(token)
    return { status: 200, body: { token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599, access_token: token } }
  }

  const upload = (request: Received, problem: (text: string) => void, ruleId: string, stream: string): Reply => {
    const token = /^Bearer (\S+)$/.exec(request.headers['authorization'] ?? '')?.[1]
    if (token === undefined || !tokens.has(token)) return error(401, 'InvalidAuthenticationToken', 'The access token is invalid.')
    if (request.query.get('api-version') !== '2023-01-01')
      return error(400, 'InvalidApiVersion', 'The api-version is not supported.')
    if (ruleId !== options.ruleId) return error(404, 'NotFound', 'Data collection rule with that immutable id was not found.')
    const columns = options.streams[stream]
    if (columns === undefined) return error(400, 'InvalidStream', 'The stream was not configured in the data collection rule.')
    if (mediaType(request.headers) !== 'application/json')
      return error(415, 'UnsupportedMediaType', 'The content type is not supported.')
    if (Math.max(request.wireBytes, request.body.byteLength) > MAX_BYTES) {
      return error(413, 'ContentLengthLimitExceeded', `Maximum allowed content length: ${MAX_BYTES} bytes.`)
    }
    const records = parse(utf8(request.body) ?? '')
    if (!Array.isArray(records) || !records.every(isObject))
      return error(400, 'InvalidPayload', 'The body must be an array of objects.')
    const times = records.map(record => Date.parse(word(record['TimeGenerated'])))
    if (times.some(Number.isNaN)) problem('a record without TimeGenerated')
    if (options.strictTimes === true && Math.max(...times) - Math.min(...times) > 30 * 60_000) {
      return error(400, 'RecordsTimeRangeIsMoreThan30Minutes', 'The records span more than 30 minutes.')
    }
    for (const row of records) {
      for (const [name, value] of Object.entries(row)) {
        const type = columns.find(column => column.name === name)?.type
        if (type === undefined) undeclared.add(`${stream}.${name}`)
        else if (!FITS[type]?.(value)) problem(`${stream}.${name} is a ${type}`)
      }
      rows.push({ stream, row })
    }
    return { status: 204 }
  }

  const server = await listen((request, problem) => {
    // The real sign-in is another host, so no connection of it is used again for an upload.
    if (request.path.endsWith('/oauth2/v2.0/token')) return { ...signIn(request), headers: { connection: 'close' } }
    const path = /^\/dataCollectionRules\/([^/]+)\/streams\/([^/]+)$/.exec(request.path)
    if (path === null) return error(404, 'NotFound', 'The resource was not found.')
    if (request.method !== 'POST') return error(405, 'MethodNotAllowed', 'The method is not allowed.')
    return upload(request, problem, path[1] ?? '', path[2] ?? '')
  }, options.tls)
  return Object.assign(server, { rows, undeclared, revoke: () => tokens.clear() })
}

const FITS: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: value => typeof value === 'string',
  int: value => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31,
  long: Number.isInteger,
  real: value => typeof value === 'number',
  boolean: value => typeof value === 'boolean',
  datetime: value => typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value),
  dynamic: () => true,
}
