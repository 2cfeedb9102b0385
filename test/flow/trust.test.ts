import { summarize } from '@weir/ingest'
import { describe, expect, it } from 'vitest'
import { logBatch, openBench, stopLogging, titles } from './harness.ts'

const batchOf = (account: string): Uint8Array =>
  logBatch(['hello'], {
    function: {
      arn: `arn:aws:lambda:us-east-1:${account}:function:payroll`,
      version: '$LATEST',
      memoryMb: 128,
      region: 'us-east-1',
      runtime: '',
      initializationType: '',
    },
  })

describe('trust', () => {
  it('a batch that claims a function of another account is a finding, and its events say that they are claimed', async () => {
    const bench = await openBench()
    expect(await bench.handle([{ stream: 'telemetry', data: batchOf('444455556666') }])).toEqual([])
    expect(titles(bench.findings).join()).toMatch(/account|identity/i)
    expect(bench.findings[0]).toMatchObject({ cloud: { account: { uid: '111122223333' } } })
  })

  it('an account that the config lets write is no finding', async () => {
    const config = { streams: { telemetry: { sources: ['weir'], accounts: ['111122223333', '444455556666'] } } }
    const bench = await openBench({ config })
    await bench.handle([{ stream: 'telemetry', data: batchOf('444455556666') }])
    expect(bench.findings).toEqual([])
  })

  it('CloudTrail on a telemetry stream goes to quarantine and is a finding, and its content is detected as nothing else', async () => {
    const bench = await openBench()
    expect(await bench.handle([{ stream: 'telemetry', data: stopLogging() }])).toEqual([])
    expect(bench.findings).toHaveLength(1)
    expect(titles(bench.findings).join()).toMatch(/source|stream/i)
    const [id = ''] = await bench.weir.quarantine.list(10)
    expect(await bench.weir.quarantine.get(id)).toMatchObject({ reason: 'wrong-source', records: 1 })
    const { totals } = await summarize(bench.weir.ledger)
    expect(totals).toMatchObject({ records: 1, decoded: 0, quarantined: 1 })
  })

  it('a Weir batch on a trail goes to quarantine too', async () => {
    const bench = await openBench()
    await bench.handle([{ stream: 'trail', data: logBatch(['a', 'b']) }])
    const { totals } = await summarize(bench.weir.ledger)
    expect(totals).toMatchObject({ records: 2, decoded: 0, quarantined: 2 })
    expect(bench.findings).toHaveLength(1)
  })

  it('two contents under one sandbox and sequence are a finding; the same content twice is not', async () => {
    const bench = await openBench()
    await bench.handle([{ stream: 'telemetry', data: logBatch(['one']) }])
    await bench.handle([{ stream: 'telemetry', data: logBatch(['one']) }])
    expect(bench.findings).toEqual([])
    await bench.handle([{ stream: 'telemetry', data: logBatch(['two']) }])
    expect(bench.findings).toHaveLength(1)
  })

  it('a stream that the config does not name may carry nothing', async () => {
    const bench = await openBench()
    expect(await bench.handle([{ stream: 'elsewhere', data: stopLogging() }])).toEqual([])
    expect(await bench.weir.quarantine.list(10)).toHaveLength(1)
  })
})
