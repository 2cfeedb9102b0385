import { sqliteState } from './sqlite.ts'

// A process of its own for the test of shared files: folds 100 batches, every second of them the same as every other worker's.
const [path = '', worker = ''] = process.argv.slice(2)
const store = sqliteState({ path })
for (let i = 0; i < 100; i++) {
  const batch = i % 2 === 0 ? `shared-${i}` : `own-${worker}-${i}`
  await store.fold({
    key: 'k',
    batch,
    now: 1,
    expiresAt: 10,
    initial: 0,
    reduce: (n: number) => ({ state: n + 1, answer: n + 1 }),
  })
}
await store.close()
