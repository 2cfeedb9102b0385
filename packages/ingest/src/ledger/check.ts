import type { LedgerSummary } from './fold.ts'
import { printable } from './lines.ts'

/** The equations that every ledger must satisfy: a line for each that this one does not. Empty: it adds up. */
export function check({ streams, sandboxes, sinks }: LedgerSummary): string[] {
  const lines: string[] = []
  for (const { stream, records, decoded, quarantined, unaccounted } of streams) {
    if (unaccounted !== 0) {
      lines.push(
        `stream ${printable(stream)}: ${records} records received, but ${decoded} decoded and ${quarantined} quarantined: ${unaccounted} unaccounted for`,
      )
    }
  }
  for (const { sandbox, emitted, records, inFlight } of sandboxes) {
    if (inFlight < 0)
      lines.push(`sandbox ${printable(sandbox)}: ${records} records received, but it says it has emitted ${emitted}`)
  }
  for (const { sink, routed, delivered, duplicate, spooled, held, quarantined, unaccounted } of sinks) {
    if (unaccounted !== 0) {
      lines.push(
        `sink ${printable(sink)}: ${routed} events routed, but ${delivered} delivered, ${duplicate} duplicate, ${spooled} spooled, ${held} held and ${quarantined} quarantined: ${unaccounted} unaccounted for`,
      )
    }
  }
  return lines
}
