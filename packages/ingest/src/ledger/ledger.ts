/**
 * The counts: per function, sandbox and sink, what was emitted, dropped and why, received, delivered, spooled, quarantined. Rows are
 * facts under a key, so writing one twice changes nothing; sums are folded on read.
 */
export interface Ledger {
  record(rows: readonly LedgerRow[]): Promise<void>
  /** Every row, in no order. */
  rows(): AsyncIterable<LedgerRow>
  close(): Promise<void>
}

export type LedgerRow = EmittedRow | ReceivedRow | SinkRow | SettledRow

/** What a sandbox says it has sent and lost so far: cumulative, so the highest sequence counts. Key: sandbox, sequence. */
export interface EmittedRow {
  readonly kind: 'emitted'
  readonly sandbox: string
  readonly sequence: number
  readonly function: string
  readonly emitted: number
  readonly dropped: Readonly<Record<string, number>>
  /** There where the batch says that its sandbox ended in an orderly way (`weir.end`). */
  readonly ended?: true
}

/** What became of one input: records = decoded + quarantined. Key: input. */
export interface ReceivedRow {
  readonly kind: 'received'
  readonly input: string
  readonly stream: string
  /** Function ARN and sandbox, where the input is a Weir batch; '' otherwise. */
  readonly function: string
  readonly sandbox: string
  readonly sequence: number
  readonly records: number
  readonly decoded: number
  readonly quarantined: number
  readonly findings: number
}

/** What a sink did with one input's events: routed = delivered + duplicate + spooled + held + quarantined. Key: input, sink. */
export interface SinkRow {
  readonly kind: 'sink'
  readonly input: string
  readonly sink: string
  readonly routed: number
  readonly notRouted: number
  readonly delivered: number
  readonly duplicate: number
  /** Waiting in the spool because the sink was down or slow. */
  readonly spooled: number
  /** Waiting in the spool because a person must mend the config. */
  readonly held: number
  readonly quarantined: number
}

/** What became later of an input's spooled events. Key: input, sink, entry. */
export interface SettledRow {
  readonly kind: 'settled'
  readonly input: string
  readonly sink: string
  readonly entry: string
  readonly delivered: number
  readonly duplicate: number
  readonly quarantined: number
}
