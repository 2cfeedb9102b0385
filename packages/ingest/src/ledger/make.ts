import type { Origin } from '../event.ts'
import type { ForwardCounts } from '../forward.ts'
import type { BatchHeader } from '../source.ts'
import type { EmittedRow, ReceivedRow, SinkRow } from './ledger.ts'

/** The row of an input, or of a batch that came sealed in one: what came, and what became of it. */
export function receivedRow(
  { id, stream }: Pick<Origin, 'id' | 'stream'>,
  { received, batch }: { readonly received: number; readonly batch?: BatchHeader | undefined },
  decoded: number,
  quarantined: number,
  findings: number,
): ReceivedRow {
  return {
    kind: 'received',
    input: id,
    stream,
    function: batch?.function.arn ?? '',
    sandbox: batch?.sandbox ?? '',
    sequence: batch?.sequence ?? 0,
    records: received,
    decoded,
    quarantined,
    findings,
  }
}

/** The row of a batch's own claim: what its sandbox has sent and lost so far. `signals` are those of its records. */
export function emittedRow(
  { sandbox, sequence, emitted, dropped, function: { arn } }: BatchHeader,
  signals: Iterable<string> = [],
): EmittedRow {
  return {
    kind: 'emitted',
    sandbox,
    sequence,
    function: arn,
    emitted,
    dropped: droppedOf(dropped),
    ...(new Set(signals).has('weir.end') && { ended: true as const }),
  }
}

/** The reasons the extension gives (its README): a fixed list, so that a batch someone else wrote cannot fill the ledger with words. */
const DROP_REASONS: ReadonlySet<string> = new Set([
  'buffer-full',
  'logs-dropped',
  'truncated',
  'body-too-large',
  'unparsable',
  'forged',
  'repeated',
  'own-log',
  'stream-rejected',
  'not-encodable',
  'secret-sightings',
  'over-budget',
  'otlp-refused',
  'otlp-shed',
  'guard-unreadable',
])

/** By reason; those that are not on the list together as `other`. */
function droppedOf(dropped: BatchHeader['dropped']): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const { reason, records } of dropped) {
    const name = DROP_REASONS.has(reason) ? reason : 'other'
    sums[name] = (sums[name] ?? 0) + records
  }
  return sums
}

/** The row of an input at a sink. `routed` is what the route took, whatever forward says: the two must agree. */
export function sinkRow(input: string, sink: string, routed: number, all: number, counts: ForwardCounts | undefined): SinkRow {
  return {
    kind: 'sink',
    input,
    sink,
    routed,
    notRouted: all - routed,
    delivered: counts?.delivered ?? 0,
    duplicate: counts?.duplicate ?? 0,
    spooled: counts?.spooled ?? 0,
    held: counts?.held ?? 0,
    quarantined: counts?.quarantined ?? 0,
  }
}
