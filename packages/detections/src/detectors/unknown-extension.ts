import type { Detector, DetectorEvent } from '../detector.ts'
import { bodyOf, type Fields, textAt, textsAt } from '../fields.ts'
import { matchesGlob } from '../glob.ts'
import { OURS } from '../ours.ts'
import { buckets, DAY_MS, firstInWindow } from '../windows.ts'

const SIGNALS: ReadonlySet<unknown> = new Set(['platform.extension', 'platform.telemetrySubscription'])
/** The extension's own look at the sandbox; `unlisted` is there where the function has a list. */
const LISTED = 'weir.extensions'
const OWN = 'weir'
/** Lambda lets ten extensions register in a sandbox; a batch that names more makes them up. */
const EXTENSIONS = 10
const NAME_LENGTH = 128
/** Weir's extension tells of so many. */
const MOST_FILES = 16
const SEPARATOR = ' '

/**
 * Tells once a day and function of each extension that registered, or subscribed to telemetry, and is neither `weir` nor named in
 * `options.allowedExtensions`; and of each that the function's own list does not name (`unlisted` of `weir.extensions`), be it registered or a file
 * that Lambda starts. A function can narrow the list and not widen it: who may attach a layer may set its variables, too.
 */
export const unknownExtension: Detector = {
  meta: {
    ...OURS,
    id: '23f15e67-758c-46a3-85bf-fc932d1a46b2',
    title: 'Unknown extension registered in a function',
    level: 'high',
    description:
      'An extension that nobody listed registered in the sandbox of a function. It runs beside the code with the same role, sees its environment, ' +
      'and may read its logs or its traffic. The API call that attached the layer may be old; this is what runs now. `refusedBy` says which list ' +
      'does not name it: that of weir.yaml, or the one that the function itself has.\nNext: find which layer (or image) brought it: ' +
      '`get-function-configuration`, then the `extensions/` folder of each layer; `sha256` is the digest of a small one. If it is wanted, add its ' +
      'name to the list; if not, remove the layer and replace the credentials that the function holds.',
    falsepositives: ["A vendor's extension that was installed and not listed yet."],
    references: ['https://docs.aws.amazon.com/lambda/latest/dg/lambda-extensions.html'],
    tags: [
      'attack.persistence',
      'attack.t1574',
      'attack.execution',
      'attack.t1648',
      'attack.initial-access',
      'attack.t1195.002',
      'owasp-serverless.sls9',
      'nist-800-53.cm-7',
      'nist-800-53.si-7',
      'nist-800-53.sr-3',
      'hipaa.164.312.c.1',
    ],
  },
  logsource: { product: 'weir', service: 'telemetry' },
  async detect(events, context) {
    const allowed = [OWN, ...context.options.allowedExtensions]
    const seen = new Map<string, DetectorEvent[]>()
    for (const event of events) {
      for (const name of unknownIn(event, allowed)) {
        const sightings = seen.get(name)
        if (sightings) sightings.push(event)
        else if (seen.size < EXTENSIONS) seen.set(name, [event])
      }
    }
    const detections = []
    for (const [name, sightings] of seen) {
      for (const bucket of buckets(sightings, DAY_MS, ({ identity }) => `${identity.function ?? ''}${SEPARATOR}${name}`)) {
        if (!(await firstInWindow(unknownExtension.meta.id, bucket, context))) continue
        const platform = bucket.events.filter(({ record }) => SIGNALS.has(record['signal'])).map(({ record }) => bodyOf(record))
        const own = bucket.events.filter(({ record }) => record['signal'] === LISTED).map(({ record }) => bodyOf(record))
        const refusedBy = [
          ...(allowed.some(glob => matchesGlob(glob, name)) ? [] : ['detections.allowedExtensions']),
          ...(own.length > 0 ? ['WEIR_ALLOWED_EXTENSIONS'] : []),
        ]
        const [first] = bucket.events
        detections.push({
          group: bucket.group,
          window: String(bucket.start),
          message: `the extension "${name}" is in ${first?.identity.function ?? 'a function'}, and ${refusedBy.join(' and ')} ${refusedBy.length > 1 ? 'do' : 'does'} not name it`,
          events: bucket.events,
          evidence: {
            extension: name,
            refusedBy,
            registeredFor: unique(platform.flatMap(body => textsAt(body, 'events'))),
            subscribedTo: unique(platform.flatMap(body => textsAt(body, 'types'))),
            sha256: unique(own.flatMap(body => digestsOf(body, name))),
            allowedExtensions: context.options.allowedExtensions,
          },
        })
      }
    }
    return detections
  },
}

/** The extensions that an event shows and a list does not. */
function unknownIn({ record }: DetectorEvent, allowed: readonly string[]): readonly string[] {
  const body = bodyOf(record)
  const short = (name: string): string => name.slice(0, NAME_LENGTH)
  if (record['signal'] === LISTED) return unique(textsAt(body, 'unlisted').map(short)).filter(name => name !== '' && name !== OWN)
  const name = SIGNALS.has(record['signal']) ? textAt(body, 'name') : undefined
  return name === undefined || allowed.some(glob => matchesGlob(glob, short(name))) ? [] : [short(name)]
}

/** Digests of the files of this name. */
function digestsOf(body: Fields | undefined, name: string): readonly string[] {
  const files: unknown = body?.['files']
  return Array.isArray(files)
    ? files.slice(0, MOST_FILES).flatMap(file => (textAt(file, 'name') === name ? textsAt(file, 'sha256') : []))
    : []
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)].slice(0, EXTENSIONS)
