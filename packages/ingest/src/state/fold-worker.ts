import { once } from 'node:events'
import { sqliteState } from './sqlite.ts'

// A process of its own for the test of shared files: folds 300 batches, every second of them the same as every other worker's. Begins when
// told, so that all fold at once.
const [path = '', worker = ''] = process.argv.slice(2)
const store = sqliteState({ path })
process.send?.('ready')
await once(process, 'message')
for (let i = 0; i < 300; i++) {
  const batch = i % 2 === 0 ? `shared-${i}` : `own-${worker}-${i}`
  const request = {
    key: `k${i % 3}`,
    batch,
    now: 1,
    expiresAt: 10,
    initial: 0,
    reduce: (n: number) => ({ state: n + 1, answer: n + 1 }),
  }
  await store.fold(request)
}
await store.close()
process.disconnect()
