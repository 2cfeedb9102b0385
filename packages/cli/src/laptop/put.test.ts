import { describe, expect, it } from 'vitest'
import { putAll } from './put.ts'

describe('putting records on the stream', () => {
  it('repeats those that were refused, and only those', async () => {
    const asked: number[][] = []
    const pauses: number[] = []
    await putAll(
      [1, 2, 3, 4],
      async entries => {
        asked.push(entries)
        return entries.map(entry =>
          entry % 2 === 0 && asked.length < 3 ? { ErrorCode: 'ProvisionedThroughputExceededException' } : {},
        )
      },
      async ms => void pauses.push(ms),
    )
    expect(asked).toEqual([
      [1, 2, 3, 4],
      [2, 4],
      [2, 4],
    ])
    expect(pauses).toEqual([100, 200])
  })

  it('gives up at last, and says why', async () => {
    const never = putAll(
      [1, 2],
      async entries => entries.map(() => ({ ErrorCode: 'InternalFailure' })),
      async () => {},
    )
    await expect(never).rejects.toThrow('refused 2 of 2 records: InternalFailure')
  })
})
