import { DatabaseSync } from 'node:sqlite'

/**
 * A SQLite file that several processes may share: write-ahead log, writers wait for one another up to ten seconds. A transaction survives the
 * death of the process; of the last ones before a power failure some may be lost (synchronous = NORMAL).
 */
export function openDatabase(path: string, schema: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 10_000 })
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  database.exec(schema)
  return database
}

/** Runs `work` as one transaction that no other writer interrupts. */
export function transaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
