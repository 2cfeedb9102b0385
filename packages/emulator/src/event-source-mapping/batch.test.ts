import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { manualClock } from '../manual-clock.ts'
import { processBatch, type Condition, type InvokeOutcome, type RetryRules } from './batch.ts'
import type { SourceRecord } from './event.ts'

const record = (at: number, arrivalMs = 0): SourceRecord => ({
  shardId: 'shardId-000000000000',
  sequenceNumber: String(at),
  partitionKey: 'k',
  data: new Uint8Array(),
  arrivalMs,
})
const batch = (length: number) => Array.from({ length }, (_, at) => record(at))

const RULES: RetryRules = {
  bisectBatchOnFunctionError: false,
  maximumRetryAttempts: -1,
  maximumRecordAgeInSeconds: -1,
  backoff: { initialMs: 100, maxMs: 1000 },
}

interface Run {
  invoked: string[][]
  settled: string[]
  given: { records: string[]; condition: Condition; invocations: number }[]
  waited: number
}

/** Runs a batch against a function given as "sequence numbers in, outcome out". */
async function run(
  records: readonly SourceRecord[],
  rules: Partial<RetryRules>,
  answer: (numbers: string[], call: number) => InvokeOutcome,
): Promise<Run> {
  const clock = manualClock(0, { leap: true })
  const out: Run = { invoked: [], settled: [], given: [], waited: 0 }
  const numbers = (list: readonly SourceRecord[]) => list.map(({ sequenceNumber }) => sequenceNumber)
  await processBatch(
    records,
    { ...RULES, ...rules },
    {
      clock,
      signal: new AbortController().signal,
      count: () => {},
      settled: list => out.settled.push(...numbers(list)),
      giveUp: async (list, condition, invocations) => void out.given.push({ records: numbers(list), condition, invocations }),
      invoke: async list => {
        out.invoked.push(numbers(list))
        return answer(numbers(list), out.invoked.length - 1)
      },
    },
  )
  out.waited = clock.now()
  return out
}

const poison =
  (...bad: string[]) =>
  (numbers: string[]): InvokeOutcome =>
    numbers.some(number => bad.includes(number)) ? { kind: 'failure' } : { kind: 'success' }

/** A function with partial responses: names the first bad record. */
const careful =
  (...bad: string[]) =>
  (numbers: string[]): InvokeOutcome => {
    const from = numbers.findIndex(number => bad.includes(number))
    return from < 0 ? { kind: 'success' } : { kind: 'partial', from }
  }

describe('processBatch', () => {
  it('settles a batch that succeeds', async () => {
    expect(await run(batch(3), {}, () => ({ kind: 'success' }))).toMatchObject({
      invoked: [['0', '1', '2']],
      settled: ['0', '1', '2'],
      given: [],
    })
  })

  it('retries from the returned sequence number, later successes included', async () => {
    let failed = false
    const { invoked, settled } = await run(batch(4), {}, numbers => {
      if (failed || !numbers.includes('1')) return { kind: 'success' }
      failed = true
      return { kind: 'partial', from: numbers.indexOf('1') }
    })
    expect(invoked).toEqual([
      ['0', '1', '2', '3'],
      ['1', '2', '3'],
    ])
    expect(settled).toEqual(['0', '1', '2', '3'])
  })

  it('gives the whole batch up after the last retry', async () => {
    const { invoked, given, settled } = await run(batch(3), { maximumRetryAttempts: 2 }, poison('1'))
    expect(invoked).toHaveLength(3)
    expect(given).toEqual([{ records: ['0', '1', '2'], condition: 'RetryAttemptsExhausted', invocations: 3 }])
    expect(settled).toEqual(['0', '1', '2'])
  })

  it('bisects down to the one bad record, without using attempts for it', async () => {
    const { invoked, given, settled } = await run(
      batch(8),
      { bisectBatchOnFunctionError: true, maximumRetryAttempts: 0 },
      poison('5'),
    )
    expect(given).toEqual([{ records: ['5'], condition: 'RetryAttemptsExhausted', invocations: 4 }])
    expect(settled).toEqual(['0', '1', '2', '3', '4', '5', '6', '7'])
    expect(invoked.map(numbers => numbers.length)).toEqual([8, 4, 4, 2, 1, 1, 2])
  })

  it('splits at the returned sequence number when it may bisect, without using an attempt', async () => {
    const { invoked, given } = await run(batch(4), { bisectBatchOnFunctionError: true, maximumRetryAttempts: 0 }, careful('2'))
    expect(invoked).toEqual([
      ['0', '1', '2', '3'],
      ['2', '3'],
    ])
    expect(given).toMatchObject([{ records: ['2', '3'], condition: 'RetryAttemptsExhausted' }])
  })

  it('waits longer with every retry, up to a limit', async () => {
    const { waited } = await run(batch(1), { maximumRetryAttempts: 6 }, poison('0'))
    expect(waited).toBe(100 + 200 + 400 + 800 + 1000 + 1000)
  })

  it('uses no attempt for a throttled invocation', async () => {
    const { invoked, given } = await run(batch(1), { maximumRetryAttempts: 0 }, (_, call) => ({
      kind: call < 5 ? 'throttled' : 'success',
    }))
    expect(invoked).toHaveLength(6)
    expect(given).toEqual([])
  })

  it('gives records up by age, the old ones at the front only', async () => {
    const records = [record(0, -20_000), record(1, -11_000), record(2, -9000)]
    const { invoked, given, settled } = await run(records, { maximumRecordAgeInSeconds: 10 }, () => ({ kind: 'success' }))
    expect(given).toEqual([{ records: ['0', '1'], condition: 'RecordAgeExceeded', invocations: 0 }])
    expect(invoked).toEqual([['2']])
    expect(settled).toEqual(['0', '1', '2'])
  })

  it('does not let a record that fails for ever hold the shard for longer than its age', async () => {
    const { given } = await run(batch(2), { maximumRecordAgeInSeconds: 5 }, poison('0'))
    expect(given).toMatchObject([{ records: ['0', '1'], condition: 'RecordAgeExceeded' }])
  })

  it('tries the on-failure destination until it takes the records', async () => {
    let tries = 0
    const settled: string[] = []
    await processBatch(
      batch(1),
      { ...RULES, maximumRetryAttempts: 0 },
      {
        clock: manualClock(0, { leap: true }),
        signal: new AbortController().signal,
        count: () => {},
        settled: list => settled.push(...list.map(({ sequenceNumber }) => sequenceNumber)),
        giveUp: async () => {
          if (++tries < 4) throw new Error('down')
        },
        invoke: async () => ({ kind: 'failure' }),
      },
    )
    expect([tries, settled]).toEqual([4, ['0']])
  })

  it('loses nothing and keeps order, whatever the function answers', async () => {
    const outcome = fc.oneof(
      fc.constant<InvokeOutcome>({ kind: 'success' }),
      fc.constant<InvokeOutcome>({ kind: 'failure' }),
      fc.constant<InvokeOutcome>({ kind: 'throttled' }),
      fc.nat(20).map((from): InvokeOutcome => ({ kind: 'partial', from })),
    )
    const rules = fc.record({
      bisectBatchOnFunctionError: fc.boolean(),
      maximumRetryAttempts: fc.integer({ min: -1, max: 3 }),
      maximumRecordAgeInSeconds: fc.constantFrom(-1, 1, 3),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        rules,
        fc.array(outcome, { maxLength: 40 }),
        async (length, chosen, script) => {
          const records = batch(length)
          const succeeded = new Set<string>()
          const { settled, given, invoked } = await run(records, chosen, (numbers, call) => {
            const next = script[call] ?? { kind: 'success' }
            const answer: InvokeOutcome = next.kind === 'partial' ? { kind: 'partial', from: next.from % numbers.length } : next
            const upTo = answer.kind === 'success' ? numbers.length : answer.kind === 'partial' ? answer.from : 0
            for (const number of numbers.slice(0, upTo)) succeeded.add(number)
            return answer
          })
          const all = records.map(({ sequenceNumber }) => sequenceNumber)
          // Every record is settled once, in order, and was either processed or handed to the on-failure destination.
          expect(settled).toEqual(all)
          const surrendered = given.flatMap(({ records }) => records)
          expect(all.filter(number => succeeded.has(number) === surrendered.includes(number))).toEqual([])
          // Within an invocation and from one to the next records never go backwards past what is settled.
          for (const numbers of invoked) expect(numbers.map(Number)).toEqual(numbers.map(Number).toSorted((a, b) => a - b))
        },
      ),
      { numRuns: 1000 },
    )
  })
})
