import { createHash } from 'node:crypto'
import type { LedgerRow } from './ledger.ts'

/** The key of a row: rows of one key are statements about one thing. */
export function rowKey(row: LedgerRow): string {
  switch (row.kind) {
    case 'emitted':
      return JSON.stringify([row.kind, row.sandbox, row.sequence])
    case 'received':
      return JSON.stringify([row.kind, row.input])
    case 'sink':
      return JSON.stringify([row.kind, row.input, row.sink])
    case 'settled':
      return JSON.stringify([row.kind, row.input, row.sink, row.entry])
  }
}

/** Names a row by all it says: stores keep every statement and the fold chooses, so that writing needs no reading. */
export function rowId(row: LedgerRow): string {
  return createHash('sha256').update(canonical(row)).digest('base64url').slice(0, 22)
}

/**
 * Of two rows of one key, the one that counts: a total order's greater, so that merging is idempotent, commutative and associative, and
 * neither redelivery nor the order of arrival moves a sum. The row that says more of what was achieved wins; the rest is only to decide.
 */
export function joinRows<Row extends LedgerRow>(a: Row, b: Row): Row {
  const left = weight(a)
  const right = weight(b)
  for (const [i, value] of left.entries()) {
    const difference = value - (right[i] ?? 0)
    if (difference !== 0) return difference > 0 ? a : b
  }
  return canonical(a) >= canonical(b) ? a : b
}

function weight(row: LedgerRow): readonly number[] {
  switch (row.kind) {
    case 'emitted':
      return [row.emitted, sum(Object.values(row.dropped))]
    case 'received':
      return [row.decoded, row.records, row.findings]
    case 'sink':
      return [row.delivered + row.duplicate + row.quarantined, row.delivered, row.routed]
    case 'settled':
      return [row.delivered + row.duplicate + row.quarantined, row.delivered]
  }
}

/** The merged rows, one a key. */
export function mergeRows(rows: Iterable<LedgerRow>): Map<string, LedgerRow> {
  const merged = new Map<string, LedgerRow>()
  for (const row of rows) {
    const key = rowKey(row)
    const before = merged.get(key)
    merged.set(key, before ? joinRows(before, row) : row)
  }
  return merged
}

/** JSON with sorted keys. */
function canonical(row: LedgerRow): string {
  return JSON.stringify(row, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  )
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
