import { randomUUID } from 'node:crypto'
import { ANSWER_BYTES, type FoldRequest, STATE_BYTES, type StateStore } from '@weir/sigma/state'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { REMEMBERED_BATCHES } from './answers.ts'

interface Count {
  readonly n: number
}

type Adding = Omit<FoldRequest<Count, Count | undefined>, 'packing'>

/** Adds to a counter and answers with the sum, and with nothing (as a detector mostly does) where it is odd. */
const adding = (key: string, batch: string, by = 1, more: Partial<Adding> = {}): Adding => ({
  key,
  batch,
  now: 1_000,
  expiresAt: 100_000,
  initial: { n: 0 },
  reduce: ({ n }) => ({ state: { n: n + by }, answer: { n: n + by } }),
  ...more,
})

/** A text that takes so many bytes as JSON. */
function sized(bytes: number, character: string): string {
  const each = Buffer.byteLength(JSON.stringify(character)) - 2
  const many = Math.floor((bytes - 2) / each)
  return character.repeat(many) + 'x'.repeat(bytes - 2 - many * each)
}

const sumOf = async (store: StateStore, key: string, now = 1_000): Promise<number | undefined> =>
  (await store.fold(adding(key, randomUUID(), 0, { now })))?.n

/**
 * What every state store keeps. `connect` gives one more worker's connection to the same state; `runs` how often properties are tried.
 */
export function keepsTheStateContract(connect: () => Promise<StateStore>, { runs = 100 }: { readonly runs?: number } = {}): void {
  const key = (): string => `rule|${randomUUID()}`

  describe('fold', () => {
    it('begins with the initial state and goes on from there', async () => {
      const store = await connect()
      const group = key()
      expect(await store.fold(adding(group, 'a', 2))).toEqual({ n: 2 })
      expect(await store.fold(adding(group, 'b', 3))).toEqual({ n: 5 })
      expect(await store.fold(adding(key(), 'a', 3))).toEqual({ n: 3 })
    })

    it('folds a batch once and answers as it did, whatever came between and whoever asks', async () => {
      const [store, other] = [await connect(), await connect()]
      const group = key()
      const first = await store.fold(adding(group, 'a', 2))
      await store.fold(adding(group, 'b', 3))
      let reduced = 0
      const again = adding(group, 'a', 2, {
        reduce: state => {
          reduced++
          return { state, answer: { n: -1 } }
        },
      })
      expect(await other.fold(again)).toEqual(first)
      expect(reduced).toBe(0)
      expect(await sumOf(other, group)).toBe(5)
    })

    it('gives an answer that is nothing as JSON gives it, the first time and again', async () => {
      const store = await connect()
      const group = key()
      const request = { ...adding(group, 'a'), reduce: (state: Count) => ({ state, answer: undefined }) }
      const first = await store.fold(request)
      expect(await store.fold(request)).toEqual(first)
    })

    it('keeps state and answers apart from what callers hold', async () => {
      const store = await connect()
      const group = key()
      const list = { ...adding(group, 'a'), initial: [1], reduce: (state: number[]) => ({ state: [...state, 2], answer: state }) }
      const answer = await store.fold(list)
      answer.push(99)
      expect(await store.fold(list)).toEqual([1])
      expect(await store.fold({ ...list, batch: 'b' })).toEqual([1, 2])
    })

    it('keeps state that is JSON only when packed, and gives each fold what the last one left', async () => {
      const [store, other] = [await connect(), await connect()]
      const group = key()
      const counting = (batch: string, word: string): FoldRequest<ReadonlyMap<string, bigint>, readonly string[]> => ({
        key: group,
        batch,
        now: 1_000,
        expiresAt: 100_000,
        initial: new Map(),
        packing: {
          pack: state => [...state].map(([word, count]) => [word, String(count)]),
          unpack: packed => new Map((packed as [string, string][]).map(([word, count]) => [word, BigInt(count)])),
        },
        reduce: state => {
          const next = new Map([...state, [word, (state.get(word) ?? 0n) + 1n] as const])
          return { state: next, answer: [...next].map(each => each.join(' ')) }
        },
      })
      await store.fold(counting('a', 'x'))
      await other.fold(counting('b', 'y'))
      expect(await store.fold(counting('c', 'x'))).toEqual(['x 2', 'y 1'])
      expect(await other.fold(counting('b', 'z'))).toEqual(['x 1', 'y 1'])
    })

    it('changes nothing when reduce throws', async () => {
      const store = await connect()
      const group = key()
      await store.fold(adding(group, 'a', 2))
      const throwing = adding(group, 'b', 1, {
        reduce: () => {
          throw new Error('in reduce')
        },
      })
      await expect(store.fold(throwing)).rejects.toThrow('in reduce')
      expect(await store.fold(adding(group, 'b', 3))).toEqual({ n: 5 })
    })

    it('forgets state that has expired, and only that', async () => {
      const store = await connect()
      const group = key()
      await store.fold(adding(group, 'a', 2, { now: 1_000, expiresAt: 5_000 }))
      expect(await sumOf(store, group, 4_999)).toBe(2)
      const other = key()
      await store.fold(adding(other, 'a', 2, { now: 1_000, expiresAt: 5_000 }))
      expect(await store.fold(adding(other, 'a', 7, { now: 5_000, expiresAt: 9_000 }))).toEqual({ n: 7 })
    })

    it('remembers state as long as the last batch to come wants, in any order', async () => {
      const store = await connect()
      const group = key()
      await store.fold(adding(group, 'a', 2, { expiresAt: 9_000 }))
      await store.fold(adding(group, 'b', 3, { expiresAt: 5_000 }))
      expect(await sumOf(store, group, 8_999)).toBe(5)
    })

    it(`remembers the answers of the last ${REMEMBERED_BATCHES} batches of a key`, async () => {
      const store = await connect()
      const group = key()
      for (let i = 0; i < REMEMBERED_BATCHES; i++) await store.fold(adding(group, `batch-${i}`))
      expect(await store.fold(adding(group, 'batch-0'))).toEqual({ n: 1 })
      expect(await store.fold(adding(group, `batch-${REMEMBERED_BATCHES - 1}`))).toEqual({ n: REMEMBERED_BATCHES })
    })

    it('remembers the largest answer beside the largest state, and the newest answers before', async () => {
      const [store, other] = [await connect(), await connect()]
      const group = key()
      const folding = (batch: string, length: number): FoldRequest<string, string> => ({
        key: group,
        batch,
        now: 1_000,
        expiresAt: 100_000,
        initial: '',
        // Characters of three bytes, and one that JSON writes with six.
        reduce: () => ({ state: sized(STATE_BYTES, '本'), answer: sized(length, batch === 'd' ? '\ud800' : '本') }),
      })
      for (const [batch, length] of [
        ['a', 100_000],
        ['b', 90_000],
        ['c', 90_000],
        ['d', ANSWER_BYTES],
      ] as const) {
        const first = await store.fold(folding(batch, length))
        expect(await other.fold({ ...folding(batch, 1_000), reduce: () => ({ state: '', answer: 'folded again' }) })).toBe(first)
      }
      await store.fold(folding('e', 5_000))
      expect((await other.fold(folding('d', 10))).length).toBeGreaterThan(10_000)
    })

    it('refuses an answer that it could not keep, and changes nothing', async () => {
      const store = await connect()
      const group = key()
      await store.fold(adding(group, 'a', 2))
      const large: FoldRequest<Count, unknown> = {
        ...adding(group, 'b'),
        reduce: () => ({ state: { n: 99 }, answer: sized(ANSWER_BYTES + 1, '本') }),
      }
      await expect(store.fold(large)).rejects.toThrow(RangeError)
      expect(await sumOf(store, group)).toBe(2)
    })

    it.each(['a'.repeat(1_025), ''])('refuses a key of the wrong length', async wrong => {
      await expect((await connect()).fold(adding(wrong, 'a'))).rejects.toThrow('characters')
    })

    it('takes the longest key, in any script, and any text', async () => {
      const store = await connect()
      for (const text of ['𝔘'.repeat(512), 'a'.repeat(1_024), '__proto__', 'x\u0000y', "'; DROP TABLE state; --"]) {
        await store.fold(adding(text, 'a'.repeat(256), 2, { now: 2e12, expiresAt: 2e12 + 5 }))
        expect(await store.fold(adding(text, 'b', 3, { now: 2e12, expiresAt: 2e12 + 5 }))).toEqual({ n: 5 })
      }
    })

    it('sums exactly what many workers fold at once, duplicates among it', async () => {
      const workers = await Promise.all(Array.from({ length: 4 }, connect))
      const group = key()
      const batches = Array.from({ length: 24 }, (_, i) => ({ name: `b${i}`, by: i + 1 }))
      const answers = await Promise.all(
        workers.flatMap((worker, w) =>
          batches
            .filter((_, i) => i % 4 === w || i % 3 === 0)
            .map(async ({ name, by }) => [name, await worker.fold(adding(group, name, by))] as const),
        ),
      )
      expect(await sumOf(workers[0] as StateStore, group)).toBe((24 * 25) / 2)
      for (const { name } of batches) {
        expect(new Set(answers.filter(([of]) => of === name).map(([, answer]) => answer?.n)).size, name).toBe(1)
      }
    })

    it('comes to the same sum and the same answers in any interleaving of workers and duplicates', async () => {
      const workers = [await connect(), await connect(), await connect()]
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ worker: fc.nat(2), batch: fc.nat(5), group: fc.nat(1), together: fc.boolean() }), {
            minLength: 1,
            maxLength: 20,
          }),
          async steps => {
            const run = randomUUID()
            const answers = new Map<string, number | undefined>()
            let running: Promise<void>[] = []
            for (const { worker, batch, group, together } of steps) {
              const work = async (): Promise<void> => {
                const answer = await workers[worker]?.fold(adding(`${run}|${group}`, `b${batch}`, 10 ** batch))
                const name = `${group}/${batch}`
                if (answers.has(name)) expect(answer?.n).toBe(answers.get(name))
                answers.set(name, answer?.n)
              }
              running.push(work())
              if (!together) {
                await Promise.all(running)
                running = []
              }
            }
            await Promise.all(running)
            for (const group of [0, 1]) {
              const folded = new Set(steps.filter(step => step.group === group).map(({ batch }) => batch))
              const expected = [...folded].reduce((sum, batch) => sum + 10 ** batch, 0)
              expect(await sumOf(workers[0] as StateStore, `${run}|${group}`)).toBe(expected)
            }
          },
        ),
        { numRuns: runs },
      )
    })
  })

  describe('due', () => {
    /** Folds a state that asks to be looked at again then. */
    const waking = (of: string, batch: string, wakeAt?: number) =>
      adding(of, batch, 1, {
        reduce: ({ n }) => ({ state: { n: n + 1 }, answer: undefined, ...(wakeAt === undefined ? {} : { wakeAt }) }),
      })
    /** What is due of these keys: the store is shared with other tests. */
    const dueOf = async (store: StateStore, now: number, keys: readonly string[]) =>
      (await store.due(now, 1_000)).filter(due => keys.includes(due.key))

    it('names a key from its time on, to every worker, until a fold says nothing of it', async () => {
      const [store, other] = [await connect(), await connect()]
      const group = key()
      await store.fold(waking(group, 'a', 5_000))
      expect(await dueOf(other, 4_999, [group])).toEqual([])
      expect(await dueOf(other, 5_000, [group])).toEqual([{ key: group, wakeAt: 5_000 }])
      expect(await dueOf(store, 6_000, [group])).toEqual([{ key: group, wakeAt: 5_000 }])
      await other.fold(waking(group, 'b'))
      expect(await dueOf(store, 6_000, [group])).toEqual([])
    })

    it('goes by what the last fold said', async () => {
      const store = await connect()
      const group = key()
      await store.fold(waking(group, 'a', 5_000))
      await store.fold(waking(group, 'b', 7_000))
      expect(await dueOf(store, 6_999, [group])).toEqual([])
      await store.fold(waking(group, 'c', 6_000))
      expect(await dueOf(store, 6_999, [group])).toEqual([{ key: group, wakeAt: 6_000 }])
      await store.fold(waking(group, 'd'))
    })

    it('is not moved by a batch that was folded before, nor by a reduce that throws', async () => {
      const store = await connect()
      const group = key()
      await store.fold(waking(group, 'a', 5_000))
      await store.fold(waking(group, 'a'))
      const throwing = adding(group, 'b', 1, {
        reduce: () => {
          throw new Error('in reduce')
        },
      })
      await expect(store.fold(throwing)).rejects.toThrow('in reduce')
      expect(await dueOf(store, 5_000, [group])).toEqual([{ key: group, wakeAt: 5_000 }])
      await store.fold(waking(group, 'c'))
    })

    it('names the most urgent first, and no more than asked for', async () => {
      const store = await connect()
      const keys = Array.from({ length: 20 }, key)
      const times = keys.map((_, i) => ((i * 7) % 20) - 1_000) // before all that other tests may have left
      for (const [i, group] of keys.entries()) await store.fold(waking(group, 'a', times[i]))
      const expected = keys
        .map((group, i) => ({ key: group, wakeAt: times[i] ?? 0 }))
        .toSorted((a, b) => a.wakeAt - b.wakeAt)
        .slice(0, 7)
      expect(await store.due(10_000, 7)).toEqual(expected)
      for (const group of keys) await store.fold(waking(group, 'b'))
    })

    it('names keys as they were given: the longest, in any script', async () => {
      const store = await connect()
      const keys = [`${'𝔘'.repeat(490)}${key()}`, `${'a'.repeat(980)}${key()}`, `x\u0000y${key()}`]
      for (const group of keys) await store.fold(waking(group, 'a', 5_000))
      expect((await dueOf(store, 5_000, keys)).map(due => due.key).toSorted()).toEqual(keys.toSorted())
      for (const group of keys) await store.fold(waking(group, 'b'))
    })

    it('leaves out a time that is none', async () => {
      const store = await connect()
      const group = key()
      await store.fold(waking(group, 'a', Number.NaN))
      await store.fold(waking(group, 'b', Number.POSITIVE_INFINITY))
      expect(await dueOf(store, Number.MAX_SAFE_INTEGER, [group])).toEqual([])
    })

    it('agrees with a model, whichever worker folds', async () => {
      const workers = [await connect(), await connect()]
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ worker: fc.nat(1), group: fc.nat(4), wakeAt: fc.option(fc.nat(9), { nil: undefined }) }), {
            maxLength: 15,
          }),
          fc.nat(9),
          async (folds, now) => {
            const run = randomUUID()
            const model = new Map<string, number>()
            for (const [i, { worker, group, wakeAt }] of folds.entries()) {
              const of = `${run}|${group}`
              await workers[worker]?.fold(waking(of, `b${i}`, wakeAt))
              if (wakeAt === undefined) model.delete(of)
              else model.set(of, wakeAt)
            }
            const byKey = (a: { key: string }, b: { key: string }): number => (a.key < b.key ? -1 : 1)
            const keys = [0, 1, 2, 3, 4].map(group => `${run}|${group}`)
            const due = await dueOf(workers[0] as StateStore, now, keys)
            expect(due.toSorted(byKey)).toEqual(
              [...model]
                .filter(([, at]) => at <= now)
                .map(([of, at]) => ({ key: of, wakeAt: at }))
                .toSorted(byKey),
            )
            for (const of of model.keys()) await workers[0]?.fold(waking(of, 'end'))
          },
        ),
        { numRuns: runs },
      )
    })
  })

  describe('lease', () => {
    it('goes to one holder, who may renew it, and to another when it has run out', async () => {
      const [store, other] = [await connect(), await connect()]
      const name = key()
      expect(await store.lease(name, 'one', 1_000, 500)).toBe(true)
      expect(await other.lease(name, 'two', 1_499, 500)).toBe(false)
      expect(await store.lease(name, 'one', 1_400, 500)).toBe(true)
      expect(await other.lease(name, 'two', 1_899, 500)).toBe(false)
      expect(await other.lease(name, 'two', 1_900, 500)).toBe(true)
      expect(await store.lease(name, 'one', 2_000, 500)).toBe(false)
      expect(await store.lease(key(), 'one', 2_000, 500)).toBe(true)
    })

    it('goes to one of many who ask at once', async () => {
      const workers = await Promise.all(Array.from({ length: 4 }, connect))
      const name = key()
      const got = await Promise.all(workers.flatMap((worker, i) => [0, 1].map(j => worker.lease(name, `${i}/${j}`, 1_000, 500))))
      expect(got.filter(Boolean)).toHaveLength(1)
    })
  })
}
