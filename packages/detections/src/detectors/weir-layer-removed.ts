import { accountOf, callOf, functionIn, layersIn } from '../accounts.ts'
import type { Detection, Detector, DetectorEvent } from '../detector.ts'
import { objectAt, textAt } from '../fields.ts'
import { OURS } from '../ours.ts'
import { DAY_MS } from '../windows.ts'

/** What is known of a function: whether it carries the layer, and since which event. */
interface Known {
  readonly has: boolean
  readonly at: number
}

const CALLS: ReadonlySet<string> = new Set(['lambda:CreateFunction', 'lambda:UpdateFunctionConfiguration'])
/** The layer is recognized by `weir` in its name, as the stack makes it. */
const LAYER = /^arn:[^:]*:lambda:[^:]*:\d*:layer:[^:]*weir/i
const KEEP_MS = 400 * DAY_MS
const NAME_LENGTH = 512

/**
 * Remembers which functions carry Weir's layer and tells when a call leaves one without it. A function whose layer was attached before Weir
 * read the trail is known from its next configuration change on.
 */
export const weirLayerRemoved: Detector = {
  meta: {
    ...OURS,
    id: 'cd8e63f1-745a-43f2-bf9b-960206c26329',
    title: "Weir's layer taken off a function",
    level: 'high',
    description:
      'A configuration change left a function without the Weir layer that it had. From its next cold start on nothing is seen of what happens ' +
      'inside it.\nNext: ask the caller. If it was not a planned change, attach the layer again, and compare code, role and environment of the ' +
      'function with your deployment: the layer is in the way of someone.',
    falsepositives: ['A deployment whose template does not know of the layer, and takes it off each time.'],
    references: ['https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html'],
    tags: [
      'attack.defense-impairment',
      'attack.t1685',
      'owasp-serverless.sls10',
      'nist-800-53.au-12',
      'nist-800-53.si-4',
      'hipaa.164.312.b',
    ],
  },
  logsource: { product: 'aws', service: 'cloudtrail' },
  async detect(events, { batch, now, state }) {
    const byFunction = Map.groupBy(
      events.filter(event => carries(event) !== undefined),
      ({ record }) =>
        `${accountOf(record)} ${textAt(record, 'awsRegion')} ${shortName(functionIn(record))}`.slice(0, NAME_LENGTH),
    )
    const detections: Detection[] = []
    for (const [group, changes] of byFunction) {
      const inOrder = changes.toSorted((a, b) => a.time - b.time)
      const removals = await state.fold<Known, readonly string[]>({
        key: `${weirLayerRemoved.meta.id}|${group}`,
        batch,
        now,
        expiresAt: now + KEEP_MS,
        initial: { has: false, at: 0 },
        reduce: before => follow(before, inOrder),
      })
      for (const event of inOrder.filter(({ uid }) => removals.includes(uid))) {
        const name = functionIn(event.record)
        detections.push({
          group,
          window: event.uid,
          message: `${name} no longer carries Weir's layer`,
          events: [event],
          evidence: {
            function: name,
            layers: layersIn(objectAt(event.record, 'requestParameters')) ?? [],
            account: accountOf(event.record),
          },
        })
      }
    }
    return detections
  },
}

function follow(before: Known, changes: readonly DetectorEvent[]): { state: Known; answer: readonly string[] } {
  const answer: string[] = []
  let known = before
  for (const event of changes) {
    if (event.time < known.at) continue // a late event says nothing of today
    const has = carries(event) ?? known.has
    if (known.has && !has && callOf(event.record) === 'lambda:UpdateFunctionConfiguration') answer.push(event.uid)
    known = { has, at: event.time }
  }
  return { state: known, answer }
}

/** Whether the function carries the layer after this call; undefined where the call says nothing of layers. */
function carries({ record }: DetectorEvent): boolean | undefined {
  if (!CALLS.has(callOf(record)) || textAt(record, 'errorCode') !== undefined) return undefined
  const layers = layersIn(objectAt(record, 'requestParameters')) ?? layersIn(objectAt(record, 'responseElements'))
  return layers?.some(arn => LAYER.test(arn))
}

/** A function's name, whether the call wrote it plain, as `account:name` or as an ARN, with or without a version. */
function shortName(name: string): string {
  return /(?:^|:)function:([^:]+)/.exec(name)?.[1] ?? name.split(':').at(-1) ?? name
}
