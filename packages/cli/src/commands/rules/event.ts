import { randomBytes } from 'node:crypto'
import { ConfigError, type Decoded, decode, type Event, normalize, type Quarantined, sources } from '@weir/ingest'
import { createRedactor } from '@weir/schema/redact'
import type { LogSource, Rule, SigmaEvent } from '@weir/sigma'
import type { Option, World } from '../../command.ts'
import { type Part, readSource, type Source } from '../../read.ts'

/** Option of commands that may be told where events come from. */
export const LOGSOURCE = {
  logsource: {
    type: 'string',
    value: 'SOURCE',
    description: 'Where events come from whose source is not known, as product/service/category; any part may be empty.',
  },
} as const satisfies Record<string, Option>

/** Whether ingest knows where an event comes from; a rule with a log source is tried on no other. */
export const isKnown = ({ logsource }: Event): boolean => Object.keys(logsource).length > 0

/** An event as one of another log source. */
export function asOf(event: Event, logsource: LogSource): Event {
  const { uid, time, source, classUid, record, identity } = event
  return {
    uid,
    time,
    source,
    classUid,
    record,
    identity,
    logsource,
    get ocsf() {
      return event.ocsf
    },
  }
}

/** Reads `--logsource`. */
export function logsourceOf(text: string | undefined): LogSource | undefined {
  if (text === undefined) return undefined
  const [product, service, category, ...more] = text.split('/')
  if (more.length > 0 || !(product || service || category))
    throw new ConfigError(`--logsource: expected product/service/category, such as aws/cloudtrail or windows//process_creation`)
  return { ...(product && { product }), ...(service && { service }), ...(category && { category }) }
}

/** Masks secrets, as `normalize` takes it. */
export type Mask = Parameters<typeof normalize>[2]

/** A part of a source as rules get it in a run: read, recognized, masked and normalized. */
export interface Read extends Part {
  readonly events: readonly Event[]
  readonly quarantined: readonly Quarantined[]
  readonly received: Decoded['received']
}

/** Reads what `weir run` reads, a part at a time. Throws `ConfigError` where the source cannot be read to its end. */
export async function* readEvents(source: Source, allowed: readonly string[], world: World): AsyncGenerator<Read> {
  const mask = masker()
  for await (const part of readSource(source, allowed, world)) {
    const decoded = decode(part.input)
    const { events, quarantined } = normalize(decoded.records, part.input.origin, mask)
    yield { ...part, events, quarantined: [...decoded.quarantined, ...quarantined], received: decoded.received }
  }
}

/** Masks secrets as a run does, before any rule looks. Fingerprints mean nothing outside this process. */
export function masker(): Mask {
  const redactor = createRedactor({ key: randomBytes(32) })
  return (value, keep = []) => redactor.json(value, { keep }).value
}

/** An event that someone wrote down for a rule. */
export interface Given {
  readonly event: Readonly<Record<string, unknown>>
  readonly logsource?: LogSource
}

/**
 * The event of a case as its rule would see it in a run. Its fields are those of the rule's log source, so it is taken as being of it. For a
 * rule with `taxonomy: ocsf` it is the OCSF body when it has a `class_uid`, else a record that a source of ingest knows, which is then mapped.
 * Undefined where it is neither.
 */
export function eventFor(
  rule: Pick<Rule, 'taxonomy' | 'logsource'>,
  { event, logsource }: Given,
  mask: Mask,
): SigmaEvent | undefined {
  const record = mask(event, knownBy(event)?.keep) as Given['event']
  if (rule.taxonomy === 'sigma') return { logsource: logsource ?? rule.logsource, record, ocsf: {} }
  if (event['class_uid'] !== undefined) return { logsource: logsource ?? rule.logsource, record: {}, ocsf: record }
  const made = mapped(event, mask)
  return made && (logsource ? { logsource, record: made.record, ocsf: made.ocsf } : made)
}

const BARE = { kind: 'bare' } as const
const asRecord = (event: Given['event']) => ({ value: event, carrier: BARE, bytes: new Uint8Array(0), index: 0, repaired: false })

/** The source that recognizes a record as it stands; not the one that takes anything. */
function knownBy(event: Given['event']): (typeof sources)[string] | undefined {
  return Object.values(sources).find(source => source.name !== 'other' && source.recognize(asRecord(event)))
}

function mapped(event: Given['event'], mask: Mask): Event | undefined {
  const source = knownBy(event)
  if (!source) return undefined
  const origin = { stream: 'case', id: 'case', arrival: 0, accounts: ['*'], sources: [source.name], file: true }
  return normalize([asRecord(event)], origin, mask).events[0]
}
