import type { Detector, DetectorEvent } from '../detector.ts'
import { bodyOf, textAt, textsAt } from '../fields.ts'
import { matchesGlob } from '../glob.ts'
import { OURS } from '../ours.ts'
import { buckets, DAY_MS, firstInWindow } from '../windows.ts'

const SIGNALS: ReadonlySet<unknown> = new Set(['platform.extension', 'platform.telemetrySubscription'])
const OWN = 'weir'
/** Lambda lets ten extensions register in a sandbox; a batch that names more makes them up. */
const EXTENSIONS = 10
const NAME_LENGTH = 128
const SEPARATOR = ' '

/**
 * Tells once a day and function of each extension that registered, or subscribed to telemetry, and is neither `weir` nor named in
 * `options.allowedExtensions`. Reads what the platform says happened in the sandbox, however the extension came there.
 */
export const unknownExtension: Detector = {
  meta: {
    ...OURS,
    id: '23f15e67-758c-46a3-85bf-fc932d1a46b2',
    title: 'Unknown extension registered in a function',
    level: 'high',
    description:
      'An extension that nobody listed registered in the sandbox of a function. It runs beside the code with the same role, sees its environment, ' +
      'and may read its logs or its traffic. The API call that attached the layer may be old; this is what runs now.\nNext: find which layer ' +
      '(or image) brought it: `get-function-configuration`, then the `extensions/` folder of each layer. If it is wanted, add its name to ' +
      '`detections.allowedExtensions`; if not, remove the layer and replace the credentials that the function holds.',
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
    const unknown = events.filter(event => {
      const name = nameOf(event)
      return name !== undefined && !allowed.some(glob => matchesGlob(glob, name))
    })
    const names = new Set<string>()
    const detections = []
    for (const bucket of buckets(unknown, DAY_MS, event => `${event.identity.function ?? ''}${SEPARATOR}${nameOf(event)}`)) {
      const [first] = bucket.events
      const name = first && nameOf(first)
      if (!first || !name || (!names.has(name) && names.size >= EXTENSIONS)) continue
      names.add(name)
      if (!(await firstInWindow(unknownExtension.meta.id, bucket, context))) continue
      const bodies = bucket.events.map(event => bodyOf(event.record))
      detections.push({
        group: bucket.group,
        window: String(bucket.start),
        message: `the extension "${name}" registered in ${first.identity.function ?? 'a function'} and is on no list`,
        events: bucket.events,
        evidence: {
          extension: name,
          registeredFor: unique(bodies.flatMap(body => textsAt(body, 'events'))),
          subscribedTo: unique(bodies.flatMap(body => textsAt(body, 'types'))),
          allowedExtensions: context.options.allowedExtensions,
        },
      })
    }
    return detections
  },
}

function nameOf({ record }: DetectorEvent): string | undefined {
  return SIGNALS.has(record['signal']) ? textAt(bodyOf(record), 'name')?.slice(0, NAME_LENGTH) : undefined
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)].slice(0, EXTENSIONS)
