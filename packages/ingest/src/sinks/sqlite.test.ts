import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import type { OcsfEvent } from '@weir/schema/ocsf'
import { sqlite } from './sqlite.ts'
import { keepsTheSinkContract, some, verdicts } from './testing/contract.ts'
import { hostile, samples } from './testing/events.ts'

const folder = await mkdtemp(join(tmpdir(), 'weir-sqlite-'))
afterAll(() => rm(folder, { recursive: true }))
const options = { path: join(folder, 'deep', 'events.db') }
keepsTheSinkContract(sqlite, options)

async function deliver(events: readonly OcsfEvent[], given = options) {
  return verdicts(sqlite.judge(await sqlite.send!(sqlite.encode(events, given), events, given), events, given), events)
}

describe('sqlite', () => {
  it('stores each uid once, and says which it had', async () => {
    expect(await deliver(some(2))).toEqual(['delivered', 'delivered'])
    expect(await deliver(some(3))).toEqual(['duplicate', 'duplicate', 'delivered'])
  })

  it('has the columns one looks by, and the event as it came', async () => {
    const finding = samples['finding']!
    await deliver([finding])
    const database = new DatabaseSync(options.path)
    const row = database.prepare('SELECT * FROM events WHERE title = ?').get('Public invoke permission')
    database.close()
    expect(row).toMatchObject({
      uid: 'finding-1',
      time: finding.time,
      class: 2004,
      severity: 5,
      function: 'arn:aws:lambda:eu-west-1:111122223333:function:orders:7',
    })
    expect(JSON.parse(String(row?.['body']))).toEqual(finding)
  })

  it('takes hostile events', async () => {
    expect(new Set(await deliver(hostile))).toEqual(new Set(['delivered']))
  })

  it('asks for a retry where the database is locked, and holds on a file that is none', async () => {
    const path = join(folder, 'locked.db')
    await deliver(some(1), { path })
    const other = new DatabaseSync(path)
    other.exec('BEGIN EXCLUSIVE')
    expect(await deliver(some(2), { path })).toEqual(['retry', 'retry'])
    other.exec('ROLLBACK')
    other.close()
    expect(await deliver(some(2), { path })).toEqual(['duplicate', 'delivered'])
    const none = join(folder, 'none.db')
    await writeFile(none, 'this is no database, and it is longer than the header of one would be, by far. '.repeat(20))
    expect(await deliver(some(1), { path: none })).toEqual(['hold'])
    expect(await deliver(some(1), { path: join(none, 'below') })).toEqual(['hold'])
  })

  it('probes by opening the database', async () => {
    expect(sqlite.judgeProbe(await sqlite.send!(sqlite.probe(options), [], options), options).verdict).toBe('delivered')
  })
})
