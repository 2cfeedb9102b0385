import { createHash } from 'node:crypto'
import type { OcsfEvent } from '@weir/schema/ocsf'
import type { FoldRequest, StateStore } from '@weir/sigma'
import type { Route } from './config.ts'
import { decode } from './decode.ts'
import { type Detections, detect } from './detect.ts'
import { WeirError } from './errors.ts'
import type { Event, Input, Quarantined } from './event.ts'
import type { ForwardCounts, Forwarder } from './forward.ts'
import type { Ledger, LedgerRow } from './ledger/ledger.ts'
import { normalize, type Redact, redactBytes } from './normalize.ts'
import { type Log, measure, traced } from './observe.ts'
import { routed } from './route.ts'
import type { Quarantine, SpooledEvent } from './spool/spool.ts'
import { examineClaim, trustEvent } from './trust.ts'

/** What the pipeline is made of; `assemble.ts` builds it from a config. */
export interface Parts {
  readonly detections: Detections
  /** Mask secrets: in a record before it becomes an event, and in text before it is stored. */
  readonly redact: Redact
  readonly redactText: (text: string) => string
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
  /** Inputs that are not safe: neither delivered, nor spooled, nor in quarantine. Only these are reported back to the stream. */
  readonly unsafe: ReadonlySet<string>
  readonly findings: number
}

/** An input on its way through, with what each stage adds to it. */
interface Passage {
  readonly input: Input
  readonly events: readonly Event[]
  readonly findings: readonly OcsfEvent[]
  readonly involved: ReadonlySet<string>
  readonly quarantined: readonly Quarantined[]
  readonly rows: LedgerRow[]
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
    const passages: Passage[] = []
    for (const input of inputs) {
      try {
        passages.push(await understand(input, parts))
      } catch (error) {
        // State that cannot be reached: the input goes back to the stream whole, and is asked again under the same batch name.
        parts.log.error(
          { input: input.origin.id, error: describe(error) },
          'an input could not be processed and goes back to its stream',
        )
        unsafe.add(input.origin.id)
      }
    }
    const results = await traced('weir.forward', {}, () => forwardAll(passages, deadline, parts))
    for (const result of results) for (const id of result.unsafe) unsafe.add(id)
    for (const passage of passages) {
      for (const result of results) passage.rows.push(sinkRow(passage, result))
      if (!(await quarantineAll(passage.quarantined, parts))) unsafe.add(passage.input.origin.id)
    }
    const safe = passages.filter(passage => !unsafe.has(passage.input.origin.id))
    try {
      await parts.ledger.record(safe.flatMap(passage => passage.rows))
    } catch (error) {
      // The events are where they belong: repeating the batch for the sake of its count would deliver them twice.
      parts.log.error(
        { inputs: safe.length, error: describe(error) },
        'the ledger could not be written; these inputs are missing from it',
      )
      measure('weir.ledger.failed', safe.length)
    }
    measure('weir.pipeline.duration', parts.now() - began)
    return { unsafe, findings: safe.reduce((sum, passage) => sum + passage.findings.length, 0) }
  })
}

/** decode → normalize → detect, for one input. */
async function understand(input: Input, parts: Parts): Promise<Passage> {
  const { origin } = input
  const decoded = decode(input)
  const normalized = normalize(decoded.records, origin, parts.redact)
  const quarantined = [...decoded.quarantined, ...normalized.quarantined]
  const events = [...normalized.events]

  const now = parts.now()
  if (decoded.batch) {
    const { sandbox, sequence } = decoded.batch
    const claim = { sandbox, sequence, functionArn: decoded.batch.function.arn }
    const digest = createHash('sha256').update(input.bytes).digest('hex').slice(0, 32)
    events.push(...(await examineClaim(claim, origin, digest, parts.state, now)))
  }
  const wrong = quarantined.filter(item => item.reason === 'wrong-source')
  if (wrong[0]) events.push(trustEvent('weir.wrong-source', origin, { detail: wrong[0].detail, records: wrong.length }))
  parts.tap?.events?.(events)

  const state = watched(parts.state)
  const { findings, involved, failed } = await detect(events, origin.id, now, state, parts.detections)
  if (state.failure) throw new WeirError('the state store cannot be reached', { cause: state.failure })
  for (const { title, error } of failed) {
    measure('weir.detections.failed', 1, { detection: title })
    parts.log.error({ detection: title, input: origin.id, error: describe(error) }, 'a detection failed; the others ran')
  }
  for (const finding of findings) {
    parts.tap?.finding?.(finding)
    measure('weir.findings', 1, { severity: String(finding['severity']) })
  }
  const lost = quarantined.reduce((sum, item) => sum + item.records, 0)
  measure('weir.records.received', decoded.received, { stream: origin.stream })
  measure('weir.records.decoded', normalized.events.length, { stream: origin.stream })
  for (const item of quarantined)
    measure('weir.records.quarantined', item.records, { stream: origin.stream, reason: item.reason })

  const rows: LedgerRow[] = [
    {
      kind: 'received',
      input: origin.id,
      stream: origin.stream,
      function: decoded.batch?.function.arn ?? '',
      sandbox: decoded.batch?.sandbox ?? '',
      sequence: decoded.batch?.sequence ?? 0,
      records: decoded.received,
      decoded: normalized.events.length,
      quarantined: lost,
      findings: findings.length,
    },
  ]
  if (decoded.batch) {
    const { sandbox, sequence, emitted, dropped } = decoded.batch
    rows.push({
      kind: 'emitted',
      sandbox,
      sequence,
      function: decoded.batch.function.arn,
      emitted,
      dropped: Object.fromEntries(dropped.map(({ reason, records }) => [reason, records])),
    })
  }
  return { input, events, findings, involved, quarantined, rows }
}

/** The state store, and whether it failed: then the input must come again, while a detection's own bug must not stop the stream. */
function watched(state: StateStore): StateStore & { failure: unknown } {
  const watching = {
    failure: undefined as unknown,
    fold: <State, Answer>(request: FoldRequest<State, Answer>) =>
      state.fold(request).catch((error: unknown) => {
        watching.failure = error
        throw error
      }),
    lease: state.lease.bind(state),
    close: state.close.bind(state),
  }
  return watching
}

/** Each sink gets what its route says, all inputs together, all sinks at once. */
function forwardAll(passages: readonly Passage[], deadline: number, parts: Parts): ReturnType<Forwarder['forward']> {
  const bySink = new Map<string, SpooledEvent[]>()
  for (const [sink, route] of parts.routes) {
    bySink.set(
      sink,
      passages.flatMap(({ input, events, findings, involved }) => routed(route, input.origin.id, events, findings, involved)),
    )
  }
  return parts.forwarder.forward(bySink, { deadline })
}

function sinkRow(passage: Passage, result: { sink: string; counts: ReadonlyMap<string, ForwardCounts> }): LedgerRow {
  const input = passage.input.origin.id
  const counts = result.counts.get(input) ?? { delivered: 0, duplicate: 0, spooled: 0, held: 0, quarantined: 0 }
  const sum = counts.delivered + counts.duplicate + counts.spooled + counts.held + counts.quarantined
  for (const [outcome, number] of Object.entries(counts)) {
    if (number > 0) measure('weir.sink.events', number, { sink: result.sink, outcome })
  }
  return {
    kind: 'sink',
    input,
    sink: result.sink,
    routed: sum,
    notRouted: passage.events.length + passage.findings.length - sum,
    ...counts,
  }
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

/** An error for the log: name and message, and those of its cause. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  return `${error.name}: ${error.message}${error.cause === undefined ? '' : ` (${describe(error.cause)})`}`
}
