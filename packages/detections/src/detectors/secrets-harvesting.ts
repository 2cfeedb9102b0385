import { accountOf, callOf } from '../accounts.ts'
import type { Detector, DetectorEvent } from '../detector.ts'
import { type Fields, objectAt, textAt, textsAt } from '../fields.ts'
import { OURS } from '../ours.ts'
import { buckets, foldWindow, MINUTE_MS } from '../windows.ts'

/** The different secrets a principal asked for in a window, until the threshold is reached; after it only that it was. */
type State = readonly string[] | 'told'

interface Answer {
  readonly crossed: boolean
  readonly secrets: number
}

/** So many names fit into one item of state. A higher threshold than this counts as this. */
const COUNTED = 1_000
const NAME_LENGTH = 256
const DEFAULT_THRESHOLD = 10
const SHOWN = 20

/** Which secrets each call asks for. Parameters count where they are asked for in the clear (`withDecryption`). */
const CALLS: Readonly<Record<string, (parameters: Fields) => readonly string[]>> = {
  'secretsmanager:GetSecretValue': parameters => textsAt(parameters, 'secretId').map(secretName),
  'secretsmanager:BatchGetSecretValue': parameters => textsAt(parameters, 'secretIdList').map(secretName),
  'ssm:GetParameter': parameters => decrypted(parameters, 'name'),
  'ssm:GetParameters': parameters => decrypted(parameters, 'names'),
  'ssm:GetParametersByPath': parameters => decrypted(parameters, 'path').map(path => `${path}*`),
}

/**
 * Counts the different secrets and decrypted parameters that one principal asks for; attempts that were denied count. Fires at
 * `options.secretsPerWindow` (10) in one window of `options.windowMinutes`. A role's sessions count as one principal.
 */
export const secretsHarvesting: Detector = {
  meta: {
    ...OURS,
    id: 'f9796ffe-d89a-4e2b-9a2d-6675b0180251',
    title: 'Secrets harvested by one principal',
    level: 'high',
    description:
      'One principal asked for many different secrets or encrypted parameters within minutes. An application reads the few that it needs; someone ' +
      'with stolen credentials reads all that there are.\nNext: see from where (`sourceIPAddress`) and with what (`userAgent`). If it is not a ' +
      'known job, take the sessions of the principal away, and rotate every secret named in the evidence and in its events since.',
    falsepositives: ['Deployment and backup tools, secret operators of a cluster. A role that many applications share.'],
    references: ['https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieve-ct-entries.html'],
    tags: [
      'attack.credential-access',
      'attack.t1555.006',
      'owasp-serverless.sls3',
      'nist-800-53.ac-6',
      'nist-800-53.au-6',
      'hipaa.164.312.a.1',
      'hipaa.164.312.b',
    ],
  },
  logsource: { product: 'aws', service: 'cloudtrail' },
  async detect(events, context) {
    const { windowMinutes, secretsPerWindow = DEFAULT_THRESHOLD } = context.options
    const threshold = Math.min(secretsPerWindow, COUNTED)
    const reads = events.filter(event => secretsOf(event).length > 0)
    const detections = []
    for (const bucket of buckets(reads, windowMinutes * MINUTE_MS, principalOf)) {
      const names = [...new Set(bucket.events.flatMap(secretsOf))]
      const { crossed, secrets } = await foldWindow<State, Answer>(secretsHarvesting.meta.id, bucket, context, [], state => {
        if (state === 'told') return { state, answer: { crossed: false, secrets: 0 } }
        const known = [...new Set([...state, ...names])]
        const told = known.length >= threshold
        return { state: told ? 'told' : known, answer: { crossed: told, secrets: known.length } }
      })
      if (!crossed) continue
      const last = bucket.events.at(-1)?.record ?? {}
      detections.push({
        group: bucket.group,
        window: String(bucket.start),
        message: `${bucket.group} asked for ${secrets} different secrets within ${windowMinutes} minutes`,
        events: bucket.events,
        evidence: {
          secrets,
          names: names.slice(0, SHOWN),
          denied: bucket.events.filter(event => textAt(event.record, 'errorCode') !== undefined).length,
          threshold,
          windowMinutes,
          windowStart: new Date(bucket.start).toISOString(),
          sourceIPAddress: textAt(last, 'sourceIPAddress'),
          userAgent: textAt(last, 'userAgent'),
          account: accountOf(last),
        },
      })
    }
    return detections
  },
}

function secretsOf({ record }: DetectorEvent): readonly string[] {
  const call = callOf(record)
  const read = Object.hasOwn(CALLS, call) ? CALLS[call] : undefined
  const parameters = objectAt(record, 'requestParameters')
  if (!read || !parameters || isService(record)) return []
  return read(parameters)
    .slice(0, COUNTED)
    .map(name => `${call.slice(0, call.indexOf(':'))}:${name.slice(0, NAME_LENGTH)}`)
}

/** The role behind a session, else the caller itself: sessions are named by whoever opens them. */
function principalOf({ record }: DetectorEvent): string | undefined {
  const identity = objectAt(record, 'userIdentity')
  const issuer = objectAt(objectAt(identity, 'sessionContext'), 'sessionIssuer')
  return textAt(issuer, 'arn') ?? textAt(identity, 'arn') ?? textAt(identity, 'principalId')
}

/** A service that reads on its own account, or for a task that it starts. AWS writes this field, not the caller. */
function isService(record: Fields): boolean {
  const source = textAt(record, 'sourceIPAddress') ?? ''
  return textAt(objectAt(record, 'userIdentity'), 'type') === 'AWSService' || source.endsWith('.amazonaws.com')
}

/** A secret's name, whether the caller wrote the name or the ARN, whose end is six random characters. */
const secretName = (id: string): string =>
  /^arn:[^:]*:secretsmanager:[^:]*:\d*:secret:(.+?)(-[A-Za-z0-9]{6})?$/.exec(id)?.[1] ?? id

const decrypted = (parameters: Fields, key: string): readonly string[] =>
  parameters['withDecryption'] === true ? textsAt(parameters, key) : []
