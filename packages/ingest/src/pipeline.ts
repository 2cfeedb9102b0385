import { createHash } from 'node:crypto'
import type { OcsfEvent } from '@weir/schema/ocsf'
import type { CorrelationMatch, StateStore } from '@weir/sigma'
import type { Route } from './config.ts'
import type { Opener } from '@weir/schema/open'
import { decode, gathered, type Part } from './decode.ts'
import { type Detections, detect } from './detect.ts'
import { describe } from './errors.ts'
import type { Event, Input, Origin, Quarantined } from './event.ts'
import type { Forwarder } from './forward.ts'
import type { Ledger, LedgerRow } from './ledger/ledger.ts'
import { emittedRow, receivedRow, sinkRow } from './ledger/make.ts'
import { normalize, type Redact, redactBytes } from './normalize.ts'
import { type Log, measure, traced } from './observe.ts'
import { routed } from './route.ts'
import { KeyUnavailable } from './seal-keys.ts'
import type { Quarantine, SpooledEvent } from './spool/spool.ts'
import { StateUnavailable, watched } from './state/watched.ts'
import { type Claim, examineClaims, trustEvent } from './trust.ts'
import { SLICE_WEIGHT } from './weight.ts'

/** What the pipeline is made of; `assemble.ts` builds it from a config. */
export interface Parts {
  readonly detections: Detections
  /** Mask secrets: in a record before it becomes an event, and in text before it is stored. */
  readonly redact: Redact
  readonly redactText: (text: string) => string
  /** Opens what extensions have sealed, where there is a key for it. */
  readonly opener?: Opener | undefined
  readonly forwarder: Pick<Forwarder, 'forward'>
  /** Sink name → what it gets. */
  readonly routes: ReadonlyMap<string, Route>
  readonly state: StateStore
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly ledger: Pick<Ledger, 'record'>
  readonly log: Log
  readonly now: () => number
  /** Sees every finding as it is made, and every event; for the terminal. */
  readonly tap?: { finding?(finding: OcsfEvent): void; events?(events: readonly Event[]): void }
}

/** What became of the inputs of one call. */
export interface Processed {
  /** Inputs that are not safe: neither delivered, nor spooled, nor in quarantine, or not begun. Only these are reported back to the stream. */
  readonly unsafe: ReadonlySet<string>
  readonly findings: number
}

/** An input on its way through, with what the stages have made of it. */
interface Passage {
  readonly input: Input
  readonly events: readonly Event[]
  readonly findings: readonly OcsfEvent[]
  /** Uids of the events that took part in a finding. */
  readonly involved: ReadonlySet<string>
  readonly quarantined: readonly Quarantined[]
  readonly rows: LedgerRow[]
  /** What the batches that were sealed in it weigh. */
  readonly opened: number
  /** Sink → how many events its route took: what forward says of them must add up to this. */
  readonly routedTo: Map<string, number>
}

/**
 * The product: bytes from a stream become events, events become findings, and both reach the sinks.
 *
 *     decode → normalize → detect → forward
 *
 * Each input ends delivered, spooled, in quarantine, or named in `unsafe`; the ledger says which.
 */
export async function process(inputs: readonly Input[], deadline: number, parts: Parts): Promise<Processed> {
  const began = parts.now()
  return traced('weir.process', { 'weir.inputs': inputs.length }, async () => {
    const unsafe = new Set<string>()
    let passages: Passage[] = []
    let opened = 0
    let findings = 0
    const deliver = async () => {
      for (const id of await deliverAll(passages, deadline, parts)) unsafe.add(id)
      const safe = passages.filter(passage => !unsafe.has(passage.input.origin.id))
      findings += safe.reduce((sum, passage) => sum + passage.findings.length, 0)
      passages = []
      opened = 0
    }
    for (const [index, input] of inputs.entries()) {
      // A stream repeats everything from the first failure on: what stands behind it is not begun, or it would be delivered twice.
      const stop = () => {
        for (const { origin } of inputs.slice(index)) unsafe.add(origin.id)
      }
      // What was sealed weighed nothing when the inputs were put together.
      if (opened > SLICE_WEIGHT) await deliver()
      // One input is always taken, or none would ever be.
      if (unsafe.size > 0 || (index > 0 && parts.now() >= deadline)) {
        stop()
        break
      }
      const passage = await passageOf(input, parts)
      // Quarantine first: an input whose bad part cannot be kept comes again whole, so nothing of it may be delivered yet.
      if (!passage || !(await quarantineAll(passage.quarantined, parts))) {
        stop()
        break
      }
      passages.push(passage)
      opened += passage.opened
    }
    await deliver()
    measure('weir.pipeline.duration', parts.now() - began)
    return { unsafe, findings }
  })
}

/** What findings without an input stand under in the ledger's list of streams: of correlations whose windows time has closed. */
const CORRELATIONS = 'correlations'

/**
 * Sends findings that no input brought to the sinks, as those of an input go. In the ledger each is an input of its own, without records and
 * named by its uid: made again after a crash, it is the same one. Answers the uids of those that are not safe and must be made again.
 */
export async function deliverFindings(findings: readonly OcsfEvent[], deadline: number, parts: Parts): Promise<Set<string>> {
  const passages = findings.map((finding): Passage => {
    const id = `correlation/${finding.metadata.uid}`
    const origin: Origin = { stream: CORRELATIONS, id, arrival: parts.now(), accounts: [], sources: [] }
    announce([finding], parts)
    const rows = [receivedRow(origin, { received: 0 }, 0, 0, 1)]
    return passage({ origin, bytes: NOTHING }, rows, [], [finding], new Set(), [])
  })
  const unsafe = await deliverAll(passages, deadline, parts)
  return new Set(findings.map(({ metadata: { uid } }) => uid).filter(uid => unsafe.has(`correlation/${uid}`)))
}

const NOTHING = new Uint8Array()

/** Forwards what the inputs became, and writes the ledger of those that are safe; answers the others' ids. */
async function deliverAll(passages: readonly Passage[], deadline: number, parts: Parts): Promise<Set<string>> {
  const results = await traced('weir.forward', {}, () => forwardAll(passages, deadline, parts))
  const unsafe = new Set(results.flatMap(result => [...result.unsafe]))
  for (const { input, events, findings, rows, routedTo } of passages) {
    for (const { sink, counts } of results) {
      const row = sinkRow(
        input.origin.id,
        sink,
        routedTo.get(sink) ?? 0,
        events.length + findings.length,
        counts.get(input.origin.id),
      )
      rows.push(row)
      for (const outcome of ['delivered', 'duplicate', 'spooled', 'held', 'quarantined'] as const) {
        if (row[outcome] > 0) measure('weir.sink.events', row[outcome], { sink, outcome })
      }
    }
  }
  await count(
    passages.filter(passage => !unsafe.has(passage.input.origin.id)),
    parts,
  )
  return unsafe
}

/** Shows findings as they are made. */
function announce(findings: readonly OcsfEvent[], parts: Parts): void {
  for (const finding of findings) {
    parts.tap?.finding?.(finding)
    measure('weir.findings', 1, { severity: String(finding['severity']) })
  }
}

/** Counts correlations that hold. */
export function measureCorrelated(matches: readonly CorrelationMatch[], door: 'event' | 'tick'): void {
  for (const { caveats } of matches) measure('weir.correlations', 1, { door, caveat: caveats.join('+') || 'none' })
}

/** decode → normalize → detect, for one input; undefined where it must come again under the same name. */
async function passageOf(input: Input, parts: Parts): Promise<Passage | undefined> {
  try {
    return await understand(input, parts)
  } catch (error) {
    parts.log.error({ input: input.origin.id, error: describe(error) }, 'an input could not be processed')
    if (error instanceof StateUnavailable || error instanceof KeyUnavailable) return undefined
    // Whatever else this is, it would happen again: a person looks at it, and the stream goes on.
    const detail = `the input could not be processed (${error instanceof Error ? error.name : 'unknown error'}); the log says more`
    const item: Quarantined = { origin: input.origin, reason: 'unmappable', detail, bytes: input.bytes, records: 1 }
    return passage(input, [receivedRow(input.origin, { received: 1 }, 0, 1, 0)], [], [], new Set(), [item])
  }
}

async function understand(input: Input, parts: Parts): Promise<Passage> {
  const { origin } = input
  const now = parts.now()
  const state = watched(parts.state)

  const decoded = decode(input, parts.opener)
  const understood = decoded.parts.map(part => {
    const { events, quarantined } = normalize(part.records, origin, parts.redact)
    return { part, events, quarantined: [...part.quarantined, ...quarantined] }
  })
  const quarantined = gathered(understood.flatMap(each => each.quarantined))
  const normalized = understood.flatMap(each => each.events)
  const events = [...normalized, ...(await examine(origin, decoded.parts, quarantined, state, now))]
  parts.tap?.events?.(events)

  const { findings, involved, correlated, failed } = await detect(events, origin.id, now, state, parts.detections)
  if (state.failure) throw new StateUnavailable('the state store cannot be reached', { cause: state.failure })
  for (const { title, error } of failed) {
    measure('weir.detections.failed', 1, { detection: title })
    parts.log.error({ detection: title, input: origin.id, error: describe(error) }, 'a detection failed; the others ran')
  }
  announce(findings, parts)
  measureCorrelated(correlated, 'event')
  measure('weir.records.received', decoded.received, { stream: origin.stream })
  measure('weir.records.decoded', normalized.length, { stream: origin.stream })
  for (const item of quarantined)
    measure('weir.records.quarantined', item.records, { stream: origin.stream, reason: item.reason })
  const rows = understood.flatMap((each, index) => rowsOf(each, origin.stream, index === 0 ? findings.length : 0))
  return passage(input, rows, events, findings, involved, quarantined, decoded.opened)
}

/** What the ledger says of a part: records = decoded + quarantined, where a sealed one that has become a part counts as decoded. */
function rowsOf(
  { part, events, quarantined }: { part: Part; events: readonly Event[]; quarantined: readonly Quarantined[] },
  stream: string,
  findings: number,
): LedgerRow[] {
  const { id, batch, unsealed } = part
  const recordsOf = (items: readonly Quarantined[]) => items.reduce((sum, item) => sum + item.records, 0)
  const came = part.records.length + recordsOf(part.quarantined) + unsealed
  const received = receivedRow(
    { id, stream },
    { received: came, batch },
    events.length + unsealed,
    recordsOf(quarantined),
    findings,
  )
  const signals = part.records.flatMap(({ carrier }) => (carrier.kind === 'weir' ? carrier.record.signal : []))
  return batch ? [received, emittedRow(batch, signals)] : [received]
}

/** What does not fit what is known of the stream, as events of ingest's own. */
async function examine(
  origin: Origin,
  parts: readonly Part[],
  quarantined: readonly Quarantined[],
  state: StateStore,
  now: number,
): Promise<Event[]> {
  const claims = parts.flatMap(({ id, batch, bytes }): Claim[] => {
    if (!batch) return []
    const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 32)
    return [{ id, digest, sandbox: batch.sandbox, sequence: batch.sequence, functionArn: batch.function.arn }]
  })
  const found = await examineClaims(claims, origin, state, now)
  const wrong = quarantined.filter(item => item.reason === 'wrong-source')
  if (wrong[0]) found.push(trustEvent('weir.wrong-source', origin, { detail: wrong[0].detail, records: wrong.length }))
  return found
}

function passage(
  input: Input,
  rows: LedgerRow[],
  events: readonly Event[],
  findings: readonly OcsfEvent[],
  involved: ReadonlySet<string>,
  quarantined: readonly Quarantined[],
  opened = 0,
): Passage {
  return { input, events, findings, involved, quarantined, rows, opened, routedTo: new Map() }
}

/** Each sink gets what its route says, all inputs together, all sinks at once. */
function forwardAll(passages: readonly Passage[], deadline: number, parts: Parts): ReturnType<Forwarder['forward']> {
  const bySink = new Map<string, SpooledEvent[]>()
  for (const [sink, route] of parts.routes) {
    const all: SpooledEvent[] = []
    for (const { input, events, findings, involved, routedTo } of passages) {
      const own = routed(route, input.origin.id, events, findings, involved)
      routedTo.set(sink, own.length)
      all.push(...own)
    }
    bySink.set(sink, all)
  }
  return parts.forwarder.forward(bySink, { deadline })
}

/** False when an item could not be stored: then the input must come again. */
async function quarantineAll(items: readonly Quarantined[], parts: Parts): Promise<boolean> {
  for (const item of items) {
    try {
      await parts.quarantine.put({ ...item, bytes: redactBytes(item.bytes, parts.redactText) })
    } catch (error) {
      parts.log.error({ input: item.origin.id, error: describe(error) }, 'quarantine could not be written')
      return false
    }
  }
  return true
}

/** Writes the ledger. The events are where they belong by now: repeating a batch for the sake of its count would deliver it twice. */
async function count(safe: readonly Passage[], parts: Parts): Promise<void> {
  try {
    await parts.ledger.record(safe.flatMap(each => each.rows))
  } catch (error) {
    parts.log.error(
      { inputs: safe.length, error: describe(error) },
      'the ledger could not be written; these inputs are missing from it',
    )
    measure('weir.ledger.failed', safe.length)
  }
}
