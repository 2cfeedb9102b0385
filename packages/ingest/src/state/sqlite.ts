import type { DatabaseSync } from 'node:sqlite'
import type { Due, FoldRequest, StateStore } from '@weir/sigma'
import { readAnswers } from './answers.ts'
import { openDatabase, transaction } from './database.ts'
import { asText, spoken, step } from './step.ts'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS state (
    key TEXT PRIMARY KEY, state TEXT NOT NULL, answers TEXT NOT NULL, expires_at INTEGER NOT NULL, wake_at INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS state_expiry ON state (expires_at);
  CREATE TABLE IF NOT EXISTS lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
`
const SWEEP_FOLDS = 1_000

/** A file of before there was `wake_at` gets the column; of two processes that find it missing, one adds it. */
function withWakes(database: DatabaseSync): DatabaseSync {
  transaction(database, () => {
    const columns = database.prepare('PRAGMA table_info(state)').all() as { name: string }[]
    if (!columns.some(({ name }) => name === 'wake_at')) database.exec('ALTER TABLE state ADD COLUMN wake_at INTEGER')
    database.exec('CREATE INDEX IF NOT EXISTS state_wake ON state (wake_at) WHERE wake_at IS NOT NULL')
  })
  return database
}

/** State in a SQLite file, for a laptop; several processes may share the file. One transaction a fold. */
export function sqliteState({ path }: { readonly path: string }): StateStore {
  const database = withWakes(openDatabase(path, SCHEMA))
  const read = database.prepare('SELECT state, answers, expires_at AS expiresAt FROM state WHERE key = ?')
  const write = database.prepare('INSERT OR REPLACE INTO state (key, state, answers, expires_at, wake_at) VALUES (?, ?, ?, ?, ?)')
  const wakes = database.prepare('SELECT key, wake_at AS wakeAt FROM state WHERE wake_at <= ? ORDER BY wake_at LIMIT ?')
  const sweep = database.prepare('DELETE FROM state WHERE expires_at <= ?')
  const take = database.prepare(`
    INSERT INTO lease (name, holder, until) VALUES (:name, :holder, :until)
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE holder = excluded.holder OR until <= :now
  `)
  let folds = 0
  return {
    async fold<State, Answer>(request: FoldRequest<State, Answer>) {
      if (++folds % SWEEP_FOLDS === 0) sweep.run(request.now)
      return transaction(database, () => {
        const row = read.get(request.key) as { state: string; answers: string; expiresAt: number } | undefined
        const { next, answer } = step(row && { ...row, answers: readAnswers(row.answers) }, request, asText)
        if (next) write.run(request.key, next.state, next.answers, next.expiresAt, next.wakeAt ?? null)
        return spoken(answer) as Answer
      })
    },
    async due(now, limit) {
      return wakes.all(Math.trunc(now), limit) as unknown as Due[]
    },
    async lease(name, holder, now, forMs) {
      return take.run({ name, holder, until: Math.trunc(now + forMs), now: Math.trunc(now) }).changes === 1
    },
    async close() {
      database.close()
    },
  }
}
