import type { Decoded } from '../decode.ts'
import type { Origin } from '../event.ts'
import type { ForwardCounts } from '../forward.ts'
import type { BatchHeader } from '../source.ts'
import type { EmittedRow, ReceivedRow, SinkRow } from './ledger.ts'

/** The row of an input: what came, and what became of it. */
export function receivedRow(
  { id, stream }: Pick<Origin, 'id' | 'stream'>,
  { received, batch }: Pick<Decoded, 'received' | 'batch'>,
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

/** The row of a batch's own claim: what its sandbox has sent and lost so far. */
export function emittedRow({ sandbox, sequence, emitted, dropped, function: { arn } }: BatchHeader): EmittedRow {
  return {
    kind: 'emitted',
    sandbox,
    sequence,
    function: arn,
    emitted,
    dropped: Object.fromEntries(dropped.map(({ reason, records }) => [reason, records])),
  }
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
