import { perSandbox } from '../per-sandbox.ts'
import { REQUEST_ID_NAMES, requestIdIn } from '../request-id.ts'
import type { Recording } from '../signals/signal.ts'
import type { TelemetryEvent } from '../telemetry.ts'

/** Lines of one invocation that are parsed. */
const MAX_TRIES = 4
const MAX_WORD = 256

/** What an event of the kind has, and its source: a word, or nothing where the field itself says it. */
const KINDS: readonly (readonly [has: string, source: string])[] = [
  ['requestContext.http.method', 'http-api'],
  ['requestContext.identity', 'rest-api'],
  ['requestContext.elb', 'alb'],
  ['Records.0.eventSource', ''],
  ['Records.0.EventSource', ''],
  ['detail-type', 'eventbridge'],
  ['triggerSource', 'cognito'],
]

/** Where events hold these, the first that is there: "Invoking Lambda with events from other AWS services" in the Developer Guide. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  sourceIp: [
    'requestContext.http.sourceIp',
    'requestContext.identity.sourceIp',
    'headers.x-forwarded-for',
    'Records.0.requestParameters.sourceIPAddress',
  ],
  userAgent: ['requestContext.http.userAgent', 'requestContext.identity.userAgent', 'headers.user-agent'],
  method: ['requestContext.http.method', 'httpMethod', 'Records.0.eventName', 'detail-type', 'triggerSource'],
  path: ['requestContext.http.path', 'path', 'Records.0.s3.object.key'],
  host: ['requestContext.domainName', 'headers.host'],
  principal: [
    'requestContext.authorizer.iam.userArn',
    'requestContext.authorizer.jwt.claims.sub',
    'requestContext.authorizer.claims.sub',
    'requestContext.authorizer.principalId',
    'requestContext.identity.userArn',
    'Records.0.userIdentity.principalId',
    'Records.0.attributes.SenderId',
    'userName',
    'account',
  ],
  resource: [
    'requestContext.elb.targetGroupArn',
    'Records.0.eventSourceARN',
    'Records.0.s3.bucket.arn',
    'Records.0.Sns.TopicArn',
    'userPoolId',
    'source',
  ],
}

const stateOf = perSandbox(() => ({ invocation: '', left: 0 }))

/**
 * Tells where the request of an invocation came from, once: from a line that is the event that the function was given, or has it at its
 * end. All of it is what the function printed, and of that what its caller wrote.
 */
export function tellTrigger({ record, time }: TelemetryEvent, to: Recording): void {
  const text = at(record, 'message') ?? record
  const isText = typeof text === 'string'
  const invocation = requestIdIn(record, REQUEST_ID_NAMES) || to.sandbox.attribute(time)
  const state = stateOf(to)
  // On Managed Instances a plain line belongs to no invocation that could be known.
  if (!invocation || invocation !== state.invocation) Object.assign(state, { invocation, left: MAX_TRIES })
  if (state.left <= 0) return
  if (isText) state.left--
  const value = isText ? parsed(text) : text
  const kind = KINDS.find(([has]) => at(value, has))
  if (!kind) return
  state.left = 0
  const body: Record<string, string> = { source: kind[1] || word(value, kind[0]) }
  for (const [name, paths] of Object.entries(FIELDS)) {
    const found = paths.map(path => word(value, path)).find(each => each !== '')
    if (found) body[name] = found
  }
  to.json('weir.trigger', body, 'kept', { time, invocation })
}

/** A field, however deep, of a value that may be anything. */
const at = (value: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((held, key) => (typeof held === 'object' && held ? Reflect.get(held, key) : undefined), value)

function word(value: unknown, path: string): string {
  const found = at(value, path)
  if (typeof found !== 'string') return ''
  // The word that is cut goes as a whole: half of a secret would not be known for one.
  return found.length <= MAX_WORD ? found : found.slice(0, MAX_WORD).replace(/[\w+/=-]*$/, '')
}

/** The object that a line ends in, behind what loggers write before it: as JSON, or as Python prints it. */
function parsed(line: string): unknown {
  const text = line.slice(line.indexOf('{'), line.lastIndexOf('}') + 1)
  return json(text) ?? json(text.replace(LITERAL, asJson))
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Literals of Python that JSON writes otherwise; the rest of a dictionary is the same. One without an end goes to the end of the text: where a match
 * could fail there, each quote would be tried in vain.
 */
const LITERAL = /'(?:[^'\\]|\\[^])*(?:'|\\?$)|"(?:[^"\\]|\\[^])*(?:"|\\?$)|\b(?:True|False|None)\b/g
const WORDS: Readonly<Record<string, string>> = { True: 'true', False: 'false', None: 'null' }
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

function asJson(literal: string): string {
  const text = literal.slice(1, -1).replace(/\\(?:x(..)|u(....)|(.))/g, (_, byte?: string, unit?: string, one = '') => {
    const code = byte ?? unit
    return code === undefined ? (ESCAPES[one] ?? String(one)) : String.fromCharCode(Number.parseInt(code, 16))
  })
  return WORDS[literal] ?? JSON.stringify(text)
}
