import type { EmittedRow, LedgerRow, ReceivedRow, SettledRow, SinkRow } from './ledger.ts'
import { joinRows, mergeRows } from './row.ts'

/** What the records of one stream, or of one function's sandboxes, became. */
export interface RecordCounts {
  records: number
  decoded: number
  quarantined: number
  findings: number
  /** Records that are neither decoded nor in quarantine, or both: 0 unless the ledger is wrong. */
  unaccounted: number
}

export interface StreamSummary extends RecordCounts {
  readonly stream: string
  inputs: number
}

export interface SandboxSummary extends RecordCounts {
  readonly sandbox: string
  /** As its last batch claims. */
  readonly function: string
  /** Batches that arrived; one that arrived twice counts once. */
  readonly batches: number
  /** Records it says it has sent, by its last batch. */
  readonly emitted: number
  /** Records it says it has lost, by reason. */
  readonly dropped: Readonly<Record<string, number>>
  /** Sequence numbers before the last that have not arrived, as ranges; at most 100 of these. */
  readonly gaps: readonly { readonly from: number; readonly to: number }[]
  /** How many numbers are missing in all. */
  readonly missing: number
  /** Emitted and not received: on the stream, or in a missing batch. Negative where a sandbox sends more than it says. */
  readonly inFlight: number
  /** It has said that it ended. One that has not lives, is frozen, or was killed: then what it had not shipped is lost, uncounted. */
  readonly ended: boolean
}

export interface FunctionSummary extends RecordCounts {
  readonly function: string
  sandboxes: number
  /** Sandboxes that have not said that they ended. */
  open: number
  emitted: number
  dropped: Record<string, number>
  missing: number
  inFlight: number
}

export interface SinkSummary {
  readonly sink: string
  routed: number
  notRouted: number
  delivered: number
  duplicate: number
  /** Waiting now. */
  spooled: number
  /** Waiting now for a person. */
  held: number
  quarantined: number
  /** Routed events that are nowhere, or in two places: 0 unless the ledger is wrong. */
  unaccounted: number
}

export interface LedgerSummary {
  readonly streams: readonly StreamSummary[]
  readonly functions: readonly FunctionSummary[]
  readonly sandboxes: readonly SandboxSummary[]
  readonly sinks: readonly SinkSummary[]
  /** Over all streams and sandboxes. */
  readonly totals: RecordCounts & {
    readonly inputs: number
    readonly emitted: number
    readonly dropped: number
    readonly inFlight: number
  }
}

/**
 * Sums a ledger. Rows may come in any order and any number of times; each thing is counted once. What was spooled counts as delivered,
 * duplicate or quarantined when it has left the spool, and at most as many as were spooled.
 */
export function foldLedger(rows: Iterable<LedgerRow>): LedgerSummary {
  const emitted: EmittedRow[] = []
  const received: ReceivedRow[] = []
  const sinks: SinkRow[] = []
  const settled: SettledRow[] = []
  for (const row of mergeRows(rows).values()) {
    if (row.kind === 'emitted') emitted.push(row)
    else if (row.kind === 'received') received.push(row)
    else if (row.kind === 'sink') sinks.push(row)
    else settled.push(row)
  }
  const streams = sumStreams(received)
  const sandboxes = sumSandboxes(emitted, received)
  return {
    streams,
    functions: sumFunctions(sandboxes),
    sandboxes,
    sinks: sumSinks(sinks, settled),
    totals: {
      ...streams.reduce<RecordCounts>((total, counts) => add(total, counts), none()),
      inputs: total(streams, ({ inputs }) => inputs),
      emitted: total(sandboxes, ({ emitted }) => emitted),
      dropped: total(sandboxes, ({ dropped }) => total(Object.values(dropped), n => n)),
      inFlight: total(sandboxes, ({ inFlight }) => inFlight),
    },
  }
}

/** Reads a ledger and sums it. */
export async function summarize(ledger: { rows(): AsyncIterable<LedgerRow> }): Promise<LedgerSummary> {
  const rows: LedgerRow[] = []
  for await (const row of ledger.rows()) rows.push(row)
  return foldLedger(rows)
}

const none = (): RecordCounts => ({ records: 0, decoded: 0, quarantined: 0, findings: 0, unaccounted: 0 })

const countsOf = ({ records, decoded, quarantined, findings }: ReceivedRow): RecordCounts => ({
  records,
  decoded,
  quarantined,
  findings,
  unaccounted: Math.abs(records - decoded - quarantined),
})

function add<Counts extends RecordCounts>(total: Counts, counts: RecordCounts): Counts {
  total.records += counts.records
  total.decoded += counts.decoded
  total.quarantined += counts.quarantined
  total.findings += counts.findings
  total.unaccounted += counts.unaccounted
  return total
}

const total = <T>(items: readonly T[], of: (item: T) => number): number => items.reduce((sum, item) => sum + of(item), 0)

const byName =
  <T>(name: (item: T) => string) =>
  (a: T, b: T): number =>
    name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0

function sumStreams(received: readonly ReceivedRow[]): StreamSummary[] {
  const streams = new Map<string, StreamSummary>()
  for (const row of received) {
    const summary = streams.get(row.stream) ?? { stream: row.stream, inputs: 0, ...none() }
    summary.inputs++
    streams.set(row.stream, add(summary, countsOf(row)))
  }
  return [...streams.values()].sort(byName(({ stream }) => stream))
}

function sumSandboxes(emitted: readonly EmittedRow[], received: readonly ReceivedRow[]): SandboxSummary[] {
  const last = new Map<string, EmittedRow>()
  const ended = new Set<string>()
  for (const row of emitted) {
    if (row.ended) ended.add(row.sandbox)
    const before = last.get(row.sandbox)
    if (!before || before.sequence < row.sequence) last.set(row.sandbox, row)
  }
  // A producer that retries puts one batch on the stream twice: two inputs, one sequence number.
  const batches = new Map<string, Map<number, ReceivedRow>>()
  for (const row of received) {
    if (row.sandbox === '') continue
    const sequences = batches.get(row.sandbox) ?? new Map<number, ReceivedRow>()
    const before = sequences.get(row.sequence)
    sequences.set(row.sequence, before ? joinRows(before, row) : row)
    batches.set(row.sandbox, sequences)
  }
  return [...new Set([...last.keys(), ...batches.keys()])].sort().map(sandbox => {
    const claim = last.get(sandbox)
    const sequences = batches.get(sandbox) ?? new Map<number, ReceivedRow>()
    const counts = [...sequences.values()].reduce((sum, row) => add(sum, countsOf(row)), none())
    const arrived = [...sequences.keys()].sort((a, b) => a - b)
    const sent = claim?.emitted ?? 0
    return {
      sandbox,
      function: claim?.function ?? sequences.get(arrived.at(-1) ?? 0)?.function ?? '',
      batches: sequences.size,
      emitted: sent,
      dropped: claim?.dropped ?? {},
      ...gapsIn(arrived),
      inFlight: sent - counts.records,
      ended: ended.has(sandbox),
      ...counts,
    }
  })
}

const MAX_GAPS = 100

/** Numbers from 1 that are not among these, which are sorted and distinct. */
function gapsIn(arrived: readonly number[]): Pick<SandboxSummary, 'gaps' | 'missing'> {
  const gaps: { from: number; to: number }[] = []
  let missing = 0
  let expected = 1
  for (const sequence of arrived) {
    if (sequence > expected) {
      missing += sequence - expected
      if (gaps.length < MAX_GAPS) gaps.push({ from: expected, to: sequence - 1 })
    }
    expected = Math.max(expected, sequence + 1)
  }
  return { gaps, missing }
}

function sumFunctions(sandboxes: readonly SandboxSummary[]): FunctionSummary[] {
  const functions = new Map<string, FunctionSummary>()
  for (const sandbox of sandboxes) {
    const name = sandbox.function
    const summary = functions.get(name) ?? {
      function: name,
      sandboxes: 0,
      open: 0,
      emitted: 0,
      dropped: {},
      missing: 0,
      inFlight: 0,
      ...none(),
    }
    summary.sandboxes++
    if (!sandbox.ended) summary.open++
    summary.emitted += sandbox.emitted
    summary.missing += sandbox.missing
    summary.inFlight += sandbox.inFlight
    summary.dropped = addDropped(summary.dropped, sandbox.dropped)
    functions.set(name, add(summary, sandbox))
  }
  return [...functions.values()].sort(byName(summary => summary.function))
}

/** By way of a Map: a reason is a claim, and may be `__proto__`. */
function addDropped(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const sums = new Map(Object.entries(a))
  for (const [reason, count] of Object.entries(b)) sums.set(reason, (sums.get(reason) ?? 0) + count)
  return Object.fromEntries(sums)
}

function sumSinks(rows: readonly SinkRow[], settled: readonly SettledRow[]): SinkSummary[] {
  const later = Map.groupBy(settled, ({ input, sink }) => JSON.stringify([input, sink]))
  const sinks = new Map<string, SinkSummary>()
  for (const row of rows) {
    const { sink } = row
    const summary = sinks.get(sink) ?? {
      sink,
      routed: 0,
      notRouted: 0,
      delivered: 0,
      duplicate: 0,
      spooled: 0,
      held: 0,
      quarantined: 0,
      unaccounted: 0,
    }
    sinks.set(sink, summary)
    const left = settle(row, later.get(JSON.stringify([row.input, sink])) ?? [])
    for (const outcome of OUTCOMES) summary[outcome] += left[outcome]
    summary.routed += row.routed
    summary.notRouted += row.notRouted
    summary.unaccounted += Math.abs(row.routed - total(OUTCOMES, outcome => left[outcome]))
  }
  return [...sinks.values()].sort(byName(({ sink }) => sink))
}

const OUTCOMES = ['delivered', 'duplicate', 'spooled', 'held', 'quarantined'] as const

/**
 * A row after what left the spool is counted. After a crash between delivery and the entry's removal, settled rows speak of some events
 * twice: they count at most what waits, and the spool is emptied before what is held.
 */
function settle(row: SinkRow, settled: readonly SettledRow[]): Record<(typeof OUTCOMES)[number], number> {
  const { delivered, duplicate, spooled, held, quarantined } = row
  const result = { delivered, duplicate, spooled, held, quarantined }
  for (const outcome of ['delivered', 'duplicate', 'quarantined'] as const) {
    let left = total(settled, entry => entry[outcome])
    for (const waiting of ['spooled', 'held'] as const) {
      const moved = Math.min(left, result[waiting])
      result[waiting] -= moved
      result[outcome] += moved
      left -= moved
    }
  }
  return result
}
