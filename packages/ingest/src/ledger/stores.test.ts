import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BatchWriteItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { localDynamo } from '../state/testing.ts'
import { dynamodbState } from '../state/dynamodb.ts'
import { sqliteState } from '../state/sqlite.ts'
import { dynamodbLedger } from './dynamodb.ts'
import { foldLedger, summarize } from './fold.ts'
import type { Ledger, LedgerRow } from './ledger.ts'
import { memoryLedger } from './memory.ts'
import { sqliteLedger } from './sqlite.ts'

const TABLE = 'weir-ledger'
let folder: string
let dynamo: Awaited<ReturnType<typeof localDynamo>>
const open: Ledger[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-ledger-'))
  dynamo = await localDynamo(TABLE)
})
afterAll(async () => {
  for (const ledger of open) await ledger.close()
  await dynamo.close()
  await rm(folder, { recursive: true, force: true })
})

/** Two workers' connections to one new ledger. */
const STORES: Readonly<Record<string, () => Promise<readonly [Ledger, Ledger]>>> = {
  memory: async () => {
    const ledger = memoryLedger()
    return [ledger, ledger]
  },
  sqlite: async () => {
    const path = join(folder, `${randomUUID()}.db`)
    return [sqliteLedger({ path }), sqliteLedger({ path })]
  },
  dynamodb: async () => {
    dynamo = await fresh()
    return [dynamodbLedger({ table: TABLE, client: dynamo.client }), dynamodbLedger({ table: TABLE, client: dynamo.client })]
  },
}
const fresh = async () => {
  await dynamo.close()
  return localDynamo(TABLE)
}

const rowsOf = (n: number, spooled = 0): LedgerRow[] => [
  {
    kind: 'received',
    input: `i${n}`,
    stream: 's',
    function: 'f',
    sandbox: `box-${n % 3}`,
    sequence: 1 + Math.floor(n / 3),
    records: 2,
    decoded: 2,
    quarantined: 0,
    findings: 0,
  },
  {
    kind: 'emitted',
    sandbox: `box-${n % 3}`,
    sequence: 1 + Math.floor(n / 3),
    function: 'f',
    emitted: 2 * (1 + Math.floor(n / 3)),
    dropped: {},
  },
  {
    kind: 'sink',
    input: `i${n}`,
    sink: 'x',
    routed: 2,
    notRouted: 0,
    delivered: 2 - spooled,
    duplicate: 0,
    spooled,
    held: 0,
    quarantined: 0,
  },
]

describe.each(Object.entries(STORES))('ledger in %s', (_, make) => {
  it('gives back every fact, however often and in whatever company it was written', async () => {
    const [one, other] = await make()
    open.push(one, other)
    const all = Array.from({ length: 60 }, (_, n) => rowsOf(n))
    await Promise.all([
      ...all.map(rows => one.record(rows)),
      ...all.map((_, n) => other.record([...rowsOf(n), ...rowsOf((n * 7) % 60, n % 3)])),
      one.record(all.flat()),
    ])
    await one.record([])
    expect(await summarize(one)).toEqual(foldLedger(all.flat()))
    expect(await summarize(other)).toEqual(foldLedger(all.flat()))
  })
})

describe('sqliteLedger', () => {
  it('shares its file with the state', async () => {
    const path = join(folder, 'both.db')
    const state = sqliteState({ path })
    const ledger = sqliteLedger({ path })
    open.push(ledger)
    await ledger.record(rowsOf(1))
    expect(await state.lease('a', 'b', 1, 1)).toBe(true)
    await state.close()
    expect((await summarize(ledger)).totals.records).toBe(2)
  })
})

describe('dynamodbLedger', () => {
  it('writes one item for a call, which DynamoDB forgets after 90 days, and leaves the state alone', async () => {
    dynamo = await fresh()
    const { client } = dynamo
    const ledger = dynamodbLedger({ table: TABLE, client, now: () => 1_800_000_000_000 })
    await dynamodbState({ table: TABLE, client }).lease('a', 'b', 1, 1)
    await ledger.record(Array.from({ length: 100 }, (_, n) => rowsOf(n)).flat())
    const { Items = [] } = await client.send(new ScanCommand({ TableName: TABLE }))
    expect(new Set(Items.map(item => item['pk']?.S?.split('#')[0]))).toEqual(new Set(['lease', 'ledger']))
    expect(Items).toHaveLength(2)
    expect(Items.find(item => item['rows'])?.['expiresAt']).toEqual({ N: String(1_800_000_000 + 90 * 86_400) })
    expect((await summarize(ledger)).totals.records).toBe(200)
  })

  it('divides rows by what they take compressed, so that each item fits', async () => {
    dynamo = await fresh()
    const { client } = dynamo
    const ledger = dynamodbLedger({ table: TABLE, client })
    const rows = Array.from({ length: 40 }, (_, n) => ({
      ...rowsOf(n)[0],
      input: randomBytes(15_000).toString('hex'),
    })) as LedgerRow[]
    await ledger.record(rows)
    const { Items = [] } = await client.send(new ScanCommand({ TableName: TABLE }))
    expect(Items.length).toBeGreaterThan(1)
    for (const item of Items) expect(item['rows']?.B?.length).toBeLessThan(400_000)
    expect((await summarize(ledger)).totals.records).toBe(80)
  })

  it('writes the other items where one is refused, and says so', async () => {
    dynamo = await fresh()
    const { client } = dynamo
    let refused = false
    const send = async (command: { readonly input: object }): Promise<unknown> => {
      const requests = command instanceof BatchWriteItemCommand ? (command.input.RequestItems?.[TABLE] ?? []) : []
      if (requests.length > 1 || (requests.length === 1 && !refused)) {
        refused = requests.length === 1
        throw Object.assign(new Error('Item size has exceeded'), { name: 'ValidationException' })
      }
      return client.send(command as ScanCommand)
    }
    const strict = Object.assign(Object.create(client) as typeof client, { send })
    const ledger = dynamodbLedger({ table: TABLE, client: strict })
    const rows = Array.from({ length: 3_000 }, (_, n) => rowsOf(n)).flat()
    await expect(ledger.record(rows)).rejects.toThrow('1 of 5 pieces')
    const { Items = [] } = await client.send(new ScanCommand({ TableName: TABLE }))
    expect(Items).toHaveLength(4)
  })

  it('writes again what DynamoDB left unprocessed', async () => {
    dynamo = await fresh()
    const { client } = dynamo
    let calls = 0
    const send = async (command: { readonly input: object }): Promise<unknown> => {
      if (command instanceof BatchWriteItemCommand && ++calls % 2 === 1) return { UnprocessedItems: command.input.RequestItems }
      return client.send(command as ScanCommand)
    }
    const throttled = Object.assign(Object.create(client) as typeof client, { send })
    const ledger = dynamodbLedger({ table: TABLE, client: throttled })
    const rows = Array.from({ length: 3_000 }, (_, n) => rowsOf(n)).flat()
    await ledger.record(rows)
    expect(calls).toBe(2)
    expect(await summarize(ledger)).toEqual(foldLedger(rows))
  })
})
