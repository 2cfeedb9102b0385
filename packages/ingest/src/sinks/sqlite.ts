import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import type { OcsfEvent } from '@weir/schema/ocsf'
import * as z from 'zod/mini'
import type { Sink } from '../sink.ts'
import { functionOf, get, int, text } from './schemas/map.ts'
import { retry } from './shared/judge.ts'
import { judgeLocal, localAnswer } from './shared/local.ts'

const options = z.strictObject({
  path: z
    .string()
    .check(z.minLength(1), z.describe('Database file; it, its folder and its table are made when they are not there')),
})
type Options = z.infer<typeof options>

const SCHEMA = `
  PRAGMA busy_timeout = 1000; -- milliseconds; node:sqlite waits within the event loop, so not for long
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS events (
    uid TEXT PRIMARY KEY,
    time INTEGER NOT NULL,
    class INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    title TEXT,
    function TEXT,
    body TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS events_time ON events (time);
  CREATE INDEX IF NOT EXISTS events_class ON events (class, time);
  CREATE INDEX IF NOT EXISTS events_severity ON events (severity, time);
  CREATE INDEX IF NOT EXISTS events_title ON events (title, time);
  CREATE INDEX IF NOT EXISTS events_function ON events (function, time);
`

function withDatabase<T>(path: string, use: (database: DatabaseSync) => T): T {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(path)
  try {
    database.exec(SCHEMA)
    return use(database)
  } finally {
    database.close()
  }
}

/** Inserts in one transaction. `+` or `=` for each event: new, or there already. */
function insert(database: DatabaseSync, events: readonly OcsfEvent[], bodies: readonly string[]): string {
  const statement = database.prepare('INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?, ?)')
  database.exec('BEGIN IMMEDIATE')
  const marks = events.map((event, i) => {
    const title = text(get(event, 'finding_info.title')) ?? text(event['message']) ?? null
    const row = [event.metadata.uid, int(Math.trunc(event.time)) ?? 0, event.class_uid, event.severity_id, title] as const
    return statement.run(...row, functionOf(event)?.arn ?? null, bodies[i] ?? '{}').changes === 1 ? '+' : '='
  })
  database.exec('COMMIT')
  return marks.join('')
}

/** `ERR_SQLITE_ERROR` carries SQLite's own result code: 5 busy, 13 full. */
function coded(error: unknown): unknown {
  const { errcode } = error as { errcode?: number }
  const names: Readonly<Record<number, string>> = {
    5: 'SQLITE_BUSY',
    8: 'SQLITE_READONLY',
    13: 'SQLITE_FULL',
    14: 'SQLITE_CANTOPEN',
    26: 'SQLITE_NOTADB',
  }
  return errcode === undefined ? error : { code: names[errcode & 0xff] ?? `SQLITE_${errcode}` }
}

/** A SQLite database on this machine, with the columns one looks by. */
export const sqlite: Sink<Options> = {
  name: 'sqlite',
  summary: 'A local SQLite database, each event once, with indexed columns',
  options,
  secrets: [],
  limits: () => ({ events: 10_000, bytes: 8_000_000 }),
  encode: (events, { path }) => ({
    method: 'POST',
    url: pathToFileURL(resolve(path)).href,
    headers: { 'content-type': 'application/x-ndjson' },
    body: events.map(event => `${JSON.stringify(event)}\n`).join(''),
  }),
  judge: (response, events) => {
    const judged = judgeLocal(response, events)
    if (judged.verdict !== 'delivered') return judged
    const marks = Buffer.from(response.body).toString()
    if (marks.length !== events.length || /[^+=]/.test(marks)) return retry('an answer that does not match the events')
    return Array.from(marks, mark => ({ verdict: mark === '+' ? ('delivered' as const) : ('duplicate' as const) }))
  },
  probe: ({ path }) => ({ method: 'GET', url: pathToFileURL(resolve(path)).href, headers: {}, body: '' }),
  judgeProbe: response => judgeLocal(response, []),
  send: async (request, events, { path }) => {
    try {
      const bodies = String(request.body).split('\n')
      return localAnswer(
        200,
        withDatabase(resolve(path), database => insert(database, events, bodies)),
      )
    } catch (error) {
      return localAnswer(coded(error))
    }
  },
}
