import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StateStore } from '@weir/sigma'
import { afterAll, beforeAll, describe } from 'vitest'
import { frozen, keepsTheCorrelationContract } from '@weir/sigma/correlation-contract'
import { dynamodbState } from './dynamodb.ts'
import { memoryState } from './memory.ts'
import { sqliteState } from './sqlite.ts'
import { localDynamo } from './testing.ts'

const TABLE = 'weir-state'
let folder: string
let dynamo: Awaited<ReturnType<typeof localDynamo>>
const open: StateStore[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-correlations-'))
  dynamo = await localDynamo(TABLE)
})
afterAll(async () => {
  for (const store of open) await store.close()
  await dynamo.close()
  await rm(folder, { recursive: true, force: true })
})

/** The first connections, again and again: a property asks for three in each run. */
function workers(connect: () => StateStore): () => Promise<StateStore> {
  const connected: StateStore[] = []
  let next = 0
  return async () => {
    const at = next++ % 3
    const store = (connected[at] ??= connect())
    if (!open.includes(store)) open.push(store)
    return store
  }
}

describe('memoryState', () => {
  // It keeps states as they are, so nobody may change them.
  const shared = frozen(memoryState())
  keepsTheCorrelationContract(async () => shared, { runs: 50 })
})

describe('sqliteState', () => {
  keepsTheCorrelationContract(
    workers(() => sqliteState({ path: join(folder, 'shared.db') })),
    { runs: 30 },
  )
})

describe('dynamodbState', () => {
  keepsTheCorrelationContract(
    workers(() => dynamodbState({ table: TABLE, client: dynamo.client })),
    { runs: 4 },
  )
})
