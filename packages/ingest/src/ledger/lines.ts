import type { LedgerSummary } from './fold.ts'

const MAX_FUNCTIONS = 20

/** The ledger for a terminal: aligned plain text, a table for each of streams, functions and sinks. */
export function ledgerLines({ streams, functions, sinks }: LedgerSummary): string[] {
  const shown = functions.toSorted((a, b) => b.records - a.records).slice(0, MAX_FUNCTIONS)
  const lines = [
    ...table(
      ['stream', 'inputs', 'records', 'decoded', 'quarantined', 'findings'],
      streams.map(row => [row.stream, row.inputs, row.records, row.decoded, row.quarantined, row.findings]),
    ),
    ...table(
      ['function', 'sandboxes', 'open', 'emitted', 'received', 'in flight', 'missing batches', 'dropped'],
      shown.map(row => [
        shortName(row.function),
        row.sandboxes,
        row.open,
        row.emitted,
        row.records,
        row.inFlight,
        row.missing,
        Object.entries(row.dropped)
          .filter(([, count]) => count > 0)
          .map(([reason, count]) => `${count} ${reason}`)
          .join(', ') || '0',
      ]),
    ),
    ...(functions.length > shown.length ? [`… and ${functions.length - shown.length} more functions`, ''] : []),
    ...table(
      ['sink', 'routed', 'delivered', 'duplicate', 'spooled', 'held', 'quarantined', 'not routed'],
      sinks.map(row => [
        row.sink,
        row.routed,
        row.delivered,
        row.duplicate,
        row.spooled,
        row.held,
        row.quarantined,
        row.notRouted,
      ]),
    ),
  ]
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}

/** Names to the left, numbers to the right, an empty line after it. Nothing for no rows. */
function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  if (rows.length === 0) return []
  const cells = [head, ...rows.map(row => row.map(cell => (typeof cell === 'number' ? String(cell) : printable(cell))))]
  const widths = head.map((_, column) => Math.max(...cells.map(row => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')
  return [...cells.map(line), '']
}

/** The name in a function's ARN. */
const shortName = (arn: string): string =>
  /^arn:[^:]*:lambda:[^:]*:[^:]*:function:([^:]+)$/.exec(arn)?.[1] ?? (arn === '' ? '(unknown)' : arn)

const MAX_NAME = 80

/** A name that a sandbox claims may hold anything; what a terminal would obey, or could not show, becomes "?". */
export const printable = (text: string): string => {
  const safe = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '?')
  return safe.length > MAX_NAME ? `${safe.slice(0, MAX_NAME - 1)}…` : safe
}
