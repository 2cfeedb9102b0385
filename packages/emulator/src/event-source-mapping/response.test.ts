import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareSequence, sequenceNumber } from '../kinesis/sequence.ts'
import { judge } from './response.ts'

const BATCH = ['9', '10', '11']
const failures = (...identifiers: unknown[]) => ({ batchItemFailures: identifiers.map(itemIdentifier => ({ itemIdentifier })) })

describe('judge', () => {
  it.each([
    ['null', null],
    ['nothing', undefined],
    ['an empty response', {}],
    ['an empty text', ''],
    ['a null list', { batchItemFailures: null }],
    ['an empty list', { batchItemFailures: [] }],
    ['an unrelated response', { statusCode: 200 }],
  ])('takes %s for success', (_, response) => {
    expect(judge(response, BATCH)).toEqual({ kind: 'success' })
  })

  it.each([
    ['an empty identifier', failures('')],
    ['a null identifier', failures(null)],
    ['a misspelt key', { batchItemFailures: [{ itemidentifier: '10' }] }],
    ['an identifier that is not in the batch', failures('12')],
    ['a good and a bad identifier', failures('10', '12')],
    ['a number', failures(10)],
    ['a list of texts', { batchItemFailures: ['10'] }],
    ['no list', { batchItemFailures: {} }],
    ['a text', 'ok'],
    ['a list', []],
  ])('takes %s for failure of the batch', (_, response) => {
    expect(judge(response, BATCH)).toEqual({ kind: 'failure' })
  })

  it('takes up at the lowest sequence number, by value and not by text', () => {
    expect(judge(failures('11', '9', '10'), BATCH)).toEqual({ kind: 'partial', from: 0 })
    expect(judge(failures('11', '10'), BATCH)).toEqual({ kind: 'partial', from: 1 })
  })
})

describe('compareSequence', () => {
  it('orders any two decimal numbers as BigInt does', () => {
    const number = fc.bigInt({ min: 0n, max: 10n ** 129n })
    fc.assert(
      fc.property(number, number, (a, b) => {
        const expected = a < b ? -1 : a > b ? 1 : 0
        expect(Math.sign(compareSequence(String(a), String(b)))).toBe(expected)
      }),
      { numRuns: 1000 },
    )
  })

  it('rises with the counter of a shard, always in 56 digits', () => {
    const counter = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 1 })
    const seconds = fc.integer({ min: 0, max: 2 ** 33 })
    fc.assert(
      fc.property(seconds, fc.integer({ min: 0, max: 100_000 }), counter, (created, shard, at) => {
        const [low, high] = [sequenceNumber(created, shard, at), sequenceNumber(created, shard, at + 1)]
        expect(low).toHaveLength(56)
        expect(compareSequence(low, high)).toBeLessThan(0)
      }),
    )
  })
})
