import type { FoldRequest, StateStore } from '@weir/sigma'
import { openDatabase, transaction } from './database.ts'
import { type Item, step } from './step.ts'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, state TEXT NOT NULL, answers TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS state_expiry ON state (expires_at);
  CREATE TABLE IF NOT EXISTS lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
`
const SWEEP_FOLDS = 1_000

/** State in a SQLite file, for a laptop; several processes may share the file. One transaction a fold. */
export function sqliteState({ path }: { readonly path: string }): StateStore {
  const database = openDatabase(path, SCHEMA)
  const read = database.prepare('SELECT state, answers, expires_at AS expiresAt FROM state WHERE key = ?')
  const write = database.prepare('INSERT OR REPLACE INTO state (key, state, answers, expires_at) VALUES (?, ?, ?, ?)')
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
        const { next, answer } = step(row && { ...row, answers: JSON.parse(row.answers) as Item['answers'] }, request)
        if (next) write.run(request.key, next.state, JSON.stringify(next.answers), Math.trunc(next.expiresAt))
        return JSON.parse(answer) as Answer
      })
    },
    async due() {
      return []
    },
    async lease(name, holder, now, forMs) {
      return take.run({ name, holder, until: Math.trunc(now + forMs), now: Math.trunc(now) }).changes === 1
    },
    async close() {
      database.close()
    },
  }
}
