import { openDatabase, transaction } from '../state/database.ts'
import type { Ledger, LedgerRow } from './ledger.ts'
import { rowId } from './row.ts'

const SCHEMA = 'CREATE TABLE IF NOT EXISTS ledger (id TEXT PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID'

/** A ledger in a SQLite file, beside the state; several processes may share it. */
export function sqliteLedger({ path }: { readonly path: string }): Ledger {
  const database = openDatabase(path, SCHEMA)
  const insert = database.prepare('INSERT OR IGNORE INTO ledger (id, row) VALUES (?, ?)')
  const all = database.prepare('SELECT row FROM ledger')
  return {
    async record(rows) {
      if (rows.length === 0) return
      transaction(database, () => {
        for (const row of rows) insert.run(rowId(row), JSON.stringify(row))
      })
    },
    async *rows() {
      for (const { row } of all.all() as { row: string }[]) yield JSON.parse(row) as LedgerRow
    },
    async close() {
      database.close()
    },
  }
}
