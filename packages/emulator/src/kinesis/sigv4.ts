import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { KinesisError } from './errors.ts'

/** Test credentials a client must sign with. A session token, when named, must be sent and signed. */
export interface Credentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

export interface SignedRequest {
  method: string
  /** Path and query as they came on the request line. */
  url: string
  headers: IncomingHttpHeaders
  body: Uint8Array
}

/** AWS refuses a signature that is more than five minutes off. */
const MAX_SKEW_MS = 5 * 60_000
const ALGORITHM = 'AWS4-HMAC-SHA256'

const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex')
const hmac = (key: Uint8Array | string, data: string) => createHmac('sha256', key).update(data).digest()
/** RFC 3986 as Signature Version 4 wants it: `encodeURIComponent` leaves five characters that must be escaped. */
const escape = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

const decode = (text: string) => {
  try {
    return decodeURIComponent(text.replace(/\+/g, ' '))
  } catch {
    throw refuse('The request line is not valid percent-encoding.')
  }
}

const refuse = (message: string) => new KinesisError('InvalidSignatureException', message)
const incomplete = (message: string) => new KinesisError('IncompleteSignatureException', message)

/** Splits `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`; throws what AWS answers when a part is missing. */
function parseAuthorization(header: string | undefined) {
  if (!header) throw new KinesisError('MissingAuthenticationTokenException', 'Missing Authentication Token')
  if (!header.startsWith(`${ALGORITHM} `))
    throw incomplete(`Unsupported AWS 'algorithm': ${header.split(' ', 1)[0]?.slice(0, 40)}.`)
  const parts = new Map(
    header
      .slice(ALGORITHM.length)
      .split(',')
      .map((part): [string, string] => {
        const at = part.indexOf('=')
        return [part.slice(0, at).trim(), part.slice(at + 1).trim()]
      }),
  )
  const take = (name: string) => {
    const value = parts.get(name)
    if (!value) throw incomplete(`Authorization header requires '${name}' parameter.`)
    return value
  }
  const scope = take('Credential').split('/')
  if (scope.length !== 5 || scope[4] !== 'aws4_request')
    throw incomplete("Credential must have exactly 5 slash-delimited elements and end in 'aws4_request'.")
  return { scope, signedHeaders: take('SignedHeaders').split(';'), signature: take('Signature') }
}

/** The canonical request of Signature Version 4 (AWS: "Create a signed AWS API request"). */
function canonicalRequest(request: SignedRequest, signedHeaders: readonly string[], payloadHash: string): string {
  const [path = '/', query = ''] = request.url.split('?', 2)
  const pairs = query
    .split('&')
    .filter(Boolean)
    .map(pair => {
      const [key = '', value = ''] = pair.split('=', 2)
      return `${escape(decode(key))}=${escape(decode(value))}`
    })
    .sort()
  const headers = signedHeaders.map(name => {
    const value = request.headers[name]
    const text = Array.isArray(value) ? value.join(',') : (value ?? '')
    return `${name}:${text.trim().replace(/ +/g, ' ')}\n`
  })
  // Every service but S3 encodes the path a second time.
  const uri = path.split('/').map(escape).join('/')
  return [request.method, uri, pairs.join('&'), headers.join(''), signedHeaders.join(';'), payloadHash].join('\n')
}

/**
 * Verifies a Signature Version 4 header. Throws a KinesisError as AWS would answer: MissingAuthenticationToken, IncompleteSignature,
 * UnrecognizedClient (another key id or token) or InvalidSignature. Without `credentials` only presence and scope are checked.
 */
export function verifySignature(
  request: SignedRequest,
  options: { service: string; region: string; credentials: Credentials | undefined; now: number },
): void {
  const header = request.headers.authorization
  const { scope, signedHeaders, signature } = parseAuthorization(header)
  const [accessKeyId, date = '', region = '', service] = scope
  if (service !== options.service) throw refuse(`Credential should be scoped to correct service: '${options.service}'.`)
  const { credentials } = options
  if (!credentials) return
  if (region !== options.region) throw refuse(`Credential should be scoped to a valid region, not '${region}'.`)
  const token = request.headers['x-amz-security-token']
  if (accessKeyId !== credentials.accessKeyId || (credentials.sessionToken !== undefined && token !== credentials.sessionToken))
    throw new KinesisError('UnrecognizedClientException', 'The security token included in the request is invalid.')

  const amzDate = request.headers['x-amz-date']
  if (typeof amzDate !== 'string' || !/^\d{8}T\d{6}Z$/.test(amzDate))
    throw incomplete("Authorization header requires existence of 'X-Amz-Date'.")
  const stamp = Date.parse(amzDate.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (Math.abs(options.now - stamp) > MAX_SKEW_MS)
    throw refuse(`Signature expired or not yet current: ${amzDate} is more than 5 minutes from now.`)
  if (!amzDate.startsWith(date))
    throw refuse(`Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${date}'.`)

  const mustSign = ['host', ...Object.keys(request.headers).filter(name => name.startsWith('x-amz-'))]
  for (const name of mustSign)
    if (!signedHeaders.includes(name)) throw refuse(`'${name}' must be a 'SignedHeader' in the AWS Authorization.`)

  const payloadHash = sha256(request.body)
  const declared = request.headers['x-amz-content-sha256']
  if (declared !== undefined && declared !== payloadHash)
    throw refuse("The provided 'x-amz-content-sha256' header does not match what was computed.")
  const canonical = canonicalRequest(request, signedHeaders, payloadHash)
  const toSign = [ALGORITHM, amzDate, scope.slice(1).join('/'), sha256(canonical)].join('\n')
  const key = [region, options.service, 'aws4_request'].reduce<Uint8Array>(
    (derived, part) => hmac(derived, part),
    hmac(`AWS4${credentials.secretAccessKey}`, date),
  )
  const expected = hmac(key, toSign)
  const given = Buffer.from(signature, 'hex')
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw refuse(
      `The request signature we calculated does not match the signature you provided. The Canonical String for this request should have been\n'${canonical}'`,
    )
}
