import { gzipSync } from 'node:zlib'
import { check, summarize } from '@weir/ingest'
import { parseRules } from '@weir/sigma'
import { describe, expect, it } from 'vitest'
import { logBatch, openBench, stopLogging } from './harness.ts'

const second = stopLogging({ eventID: '00000000-0000-4000-8000-0000000000a2' })

/** Input that is broken in one place, with how many good records stand beside what is broken. */
const CASES: readonly { readonly name: string; readonly data: () => Buffer; readonly good: number; readonly reason: RegExp }[] = [
  {
    name: 'a truncated gzip',
    data: () => {
      const whole = gzipSync(Buffer.concat(Array.from({ length: 50 }, () => Buffer.concat([stopLogging(), Buffer.from('\n')]))), {
        level: 0,
      })
      return whole.subarray(0, whole.length - 500)
    },
    good: 40,
    reason: /corrupt/,
  },
  {
    name: 'invalid JSON between good lines',
    data: () => Buffer.concat([stopLogging(), Buffer.from('\n{"eventName": oops}\n'), second]),
    good: 2,
    reason: /invalid-json/,
  },
  {
    name: 'a line of 8 MB between good lines',
    data: () => Buffer.concat([stopLogging(), Buffer.from(`\n{"x":"${'y'.repeat(8 << 20)}"}\n`), second]),
    good: 2,
    reason: /too-large/,
  },
  {
    name: 'JSON nested 100,000 deep',
    data: () => Buffer.concat([stopLogging(), Buffer.from(`\n{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}\n`), second]),
    good: 2,
    reason: /too-deep/,
  },
  { name: 'random bytes', data: () => Buffer.from([0, 1, 2, 250, 251, 252, 10, 13, 0, 255]), good: 0, reason: /./ },
  {
    name: 'an Avro batch of a schema of the future',
    data: () => {
      const bytes = Buffer.from(logBatch(['x']))
      bytes.fill(0x5a, 2, 10)
      return bytes
    },
    good: 0,
    reason: /unknown-schema/,
  },
]

describe.each(CASES)('$name', ({ data, good, reason }) => {
  it('goes to quarantine with its reason, the rest is processed, and the ledger adds up', async () => {
    const bench = await openBench({ config: { streams: { trail: { sources: ['cloudtrail'] } } } })
    expect(
      await bench.handle([
        { stream: 'trail', data: stopLogging(), sequence: 1 },
        { stream: 'trail', data: data(), sequence: 2 },
      ]),
    ).toEqual([])
    const summary = await summarize(bench.weir.ledger)
    expect(check(summary)).toEqual([])
    expect(summary.totals.quarantined).toBeGreaterThan(0)
    expect(summary.totals.decoded).toBeGreaterThanOrEqual(good + 1)
    const reasons = await Promise.all(
      (await bench.weir.quarantine.list(100)).map(async id => (await bench.weir.quarantine.get(id)).reason),
    )
    expect(reasons.join()).toMatch(reason)
  })
})

describe('a batch with one corrupted byte', () => {
  it('is refused at every position, and nothing else is lost', async () => {
    const bench = await openBench()
    const whole = Buffer.from(logBatch(['one line', 'another line']))
    const records = Array.from({ length: whole.length }, (_, at) => {
      const data = Buffer.from(whole)
      data[at] = (data[at] ?? 0) ^ 0x41
      return { stream: 'telemetry', data, sequence: at + 1 }
    })
    expect(await bench.handle([...records, { stream: 'telemetry', data: whole, sequence: whole.length + 1 }])).toEqual([])
    const summary = await summarize(bench.weir.ledger)
    expect(check(summary)).toEqual([])
    expect(summary.totals.decoded).toBe(2)
    expect(summary.streams[0]).toMatchObject({ inputs: whole.length + 1 })
  })
})

describe('hostile keys and text', () => {
  it('__proto__ and constructor are data, and reach neither a prototype nor a rule', async () => {
    const bench = await openBench()
    const data = Buffer.from(
      stopLogging()
        .toString()
        .replace(
          '"requestParameters":{',
          '"requestParameters":{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},',
        ),
    )
    expect(await bench.handle([{ stream: 'trail', data }])).toEqual([])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(bench.findings.length).toBeGreaterThan(0)
  })

  it('invalid UTF-8 costs at most the record it is in', async () => {
    const bench = await openBench()
    const broken = Buffer.from(stopLogging({ userAgent: 'XX' }).toString('latin1').replace('XX', 'X\xff\xfe'), 'latin1')
    expect(await bench.handle([{ stream: 'trail', data: Buffer.concat([broken, Buffer.from('\n'), second]) }])).toEqual([])
    const { totals } = await summarize(bench.weir.ledger)
    expect(totals.decoded + totals.quarantined).toBe(2)
    expect(totals.decoded).toBeGreaterThan(0)
  })
})

describe('a rule with a syntax error', () => {
  it('is refused with line and reason, and the others load', () => {
    const text = `title: Good
id: 11111111-2222-4333-8444-555555555555
logsource: { product: aws, service: cloudtrail }
detection:
  sel: { eventName: X }
  condition: sel
---
title: Broken
logsource: { product: aws, service: cloudtrail }
detection:
  sel: { eventName: X }
  condition: sel and (
`
    const { rules, refused } = parseRules(text, 'rules.yml')
    expect(rules.map(rule => rule.meta.title)).toEqual(['Good'])
    expect(refused).toMatchObject([{ file: 'rules.yml', rule: 'Broken', line: 12 }])
  })
})
