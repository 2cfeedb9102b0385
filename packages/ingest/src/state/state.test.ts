import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { DatabaseSync } from 'node:sqlite'
import { GetItemCommand } from '@aws-sdk/client-dynamodb'
import type { StateStore } from '@weir/sigma'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keepsTheStateContract } from './contract.ts'
import { dynamodbState } from './dynamodb.ts'
import { memoryState } from './memory.ts'
import { sqliteState } from './sqlite.ts'
import { localDynamo } from './testing.ts'

const TABLE = 'weir-state'
let folder: string
let dynamo: Awaited<ReturnType<typeof localDynamo>>
const open: StateStore[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-state-'))
  dynamo = await localDynamo(TABLE)
})
afterAll(async () => {
  for (const store of open) await store.close()
  await dynamo.close()
  await rm(folder, { recursive: true, force: true })
})
const kept = (store: StateStore): StateStore => {
  open.push(store)
  return store
}

describe('memoryState', () => {
  const shared = memoryState()
  keepsTheStateContract(async () => shared)
})

describe('sqliteState', () => {
  keepsTheStateContract(async () => kept(sqliteState({ path: join(folder, 'shared.db') })))

  it('sums exactly what several processes fold into one file', async () => {
    const path = join(folder, 'processes.db')
    const workers = [0, 1, 2].map(worker => fork(new URL('fold-worker.ts', import.meta.url), [path, String(worker)]))
    const ended = Promise.all(workers.map(async worker => (await once(worker, 'exit'))[0] as number))
    await Promise.all(workers.map(worker => once(worker, 'message')))
    for (const worker of workers) worker.send('go')
    expect(await ended).toEqual([0, 0, 0])
    const store = kept(sqliteState({ path }))
    const read = { batch: 'read', now: 1, expiresAt: 10, initial: 0, reduce: (state: number) => ({ state, answer: state }) }
    const sums = await Promise.all(['k0', 'k1', 'k2'].map(key => store.fold({ ...read, key })))
    expect(sums.reduce((sum, n) => sum + n, 0)).toBe(600) // 150 batches that all three fold, and 150 of each one's own
  })

  it('keeps its state when it is opened again', async () => {
    const path = join(folder, 'again.db')
    const request = {
      key: 'k',
      batch: 'b',
      now: 1,
      expiresAt: 10,
      initial: 0,
      reduce: (n: number) => ({ state: n + 1, answer: n + 1 }),
    }
    const first = sqliteState({ path })
    expect(await first.fold(request)).toBe(1)
    await first.close()
    const second = kept(sqliteState({ path }))
    expect(await second.fold(request)).toBe(1)
    expect(await second.fold({ ...request, batch: 'c' })).toBe(2)
  })
})

describe('a SQLite file of before there was wake_at', () => {
  it('keeps what it holds, remembers what it answered, and learns to wake', async () => {
    const path = join(folder, 'old.db')
    const digest = createHash('sha256').update('b').digest('base64url').slice(0, 22)
    const old = new DatabaseSync(path)
    old.exec(
      'CREATE TABLE state (key TEXT PRIMARY KEY, state TEXT NOT NULL, answers TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID',
    )
    old.prepare('INSERT INTO state VALUES (?, ?, ?, ?)').run('k', '7', JSON.stringify([[digest, '{"n":7}']]), 100)
    old.close()
    const [store, other] = [kept(sqliteState({ path })), kept(sqliteState({ path }))]
    const request = {
      key: 'k',
      batch: 'b',
      now: 1,
      expiresAt: 100,
      initial: 0,
      reduce: (n: number) => ({ state: n + 1, answer: { n: n + 1 }, wakeAt: 50 }),
    }
    expect(await store.fold(request)).toEqual({ n: 7 })
    expect(await other.fold({ ...request, batch: 'c' })).toEqual({ n: 8 })
    expect(await store.fold(request)).toEqual({ n: 7 })
    expect(await store.due(50, 10)).toEqual([{ key: 'k', wakeAt: 50 }])
  })
})

describe('dynamodbState', () => {
  keepsTheStateContract(async () => kept(dynamodbState({ table: TABLE, client: dynamo.client })), { runs: 15 })

  it('lets the oldest answers give way to a large state, and refuses what no item holds', async () => {
    const store = kept(dynamodbState({ table: TABLE, client: dynamo.client }))
    const folding = (batch: string, state: number, answer: number) => ({
      key: 'large',
      batch,
      now: 1,
      expiresAt: 10,
      initial: '',
      reduce: () => ({ state: '本'.repeat(state / 3), answer: `${batch}${'x'.repeat(answer)}` }),
    })
    for (const batch of ['a', 'b', 'c']) await store.fold(folding(batch, 300_000, 45_000))
    expect((await store.fold(folding('b', 3, 0))).length).toBe(45_001)
    expect(await store.fold(folding('a', 3, 0))).toBe('a')
    await expect(store.fold(folding('d', 390_000, 20_000))).rejects.toThrow(RangeError)
    expect(await store.fold(folding('e', 3, 0))).toBe('e')
  })

  it('tells DynamoDB when to forget, in seconds', async () => {
    const store = kept(dynamodbState({ table: TABLE, client: dynamo.client }))
    const key = randomUUID()
    await store.fold({
      key,
      batch: 'b',
      now: 1,
      expiresAt: 1_800_000_000_500,
      initial: 0,
      reduce: () => ({ state: 0, answer: 0 }),
    })
    const { Item } = await dynamo.client.send(new GetItemCommand({ TableName: TABLE, Key: { pk: { S: `state#${key}` } } }))
    expect(Item?.['expiresAt']).toEqual({ N: '1800000001' })
  })
})
