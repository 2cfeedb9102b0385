import type { Ledger, LedgerRow } from './ledger.ts'
import { joinRows, rowKey } from './row.ts'

/** A ledger that ends with the process. */
export function memoryLedger(): Ledger {
  const merged = new Map<string, LedgerRow>()
  return {
    async record(rows) {
      for (const row of rows) {
        const key = rowKey(row)
        const before = merged.get(key)
        merged.set(key, before ? joinRows(before, row) : row)
      }
    },
    async *rows() {
      yield* merged.values()
    },
    async close() {},
  }
}
