import type { S3Client } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { memoryLedger } from './ledger/memory.ts'
import { summarize } from './ledger/fold.ts'
import { createOnFailure, fromInvocationRecord } from './on-failure.ts'
import { memoryQuarantine } from './quarantine/memory.ts'

const invocationRecord = (data: string): Buffer =>
  Buffer.from(
    JSON.stringify({
      requestContext: { condition: 'RetryAttemptsExhausted' },
      KinesisBatchInfo: { batchSize: 1 },
      payload: JSON.stringify({
        Records: [
          {
            eventID: 'shardId-000000000000:7',
            eventSourceARN: 'arn:aws:kinesis:us-east-1:111122223333:stream/trail',
            kinesis: { data: Buffer.from(data).toString('base64'), approximateArrivalTimestamp: 1_793_520_000.5 },
          },
        ],
      }),
    }),
  )

describe('the on-failure bucket', () => {
  it('is emptied into quarantine, each record by itself, masked and counted', async () => {
    const objects = new Map([['aws/lambda/a', invocationRecord('{"a":1}\n{"token":"secret"}')]])
    const client = {
      send: async ({ input, constructor }: { input: { Key?: string }; constructor: { name: string } }) => {
        if (constructor.name === 'ListObjectsV2Command')
          return { Contents: [...objects].map(([Key, { length: Size }]) => ({ Key, Size })) }
        const key = input.Key ?? ''
        if (constructor.name === 'GetObjectCommand') return { Body: { transformToByteArray: async () => objects.get(key) } }
        objects.delete(key)
        return {}
      },
    } as unknown as S3Client
    const quarantine = memoryQuarantine()
    const ledger = memoryLedger()
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    const redactText = (text: string): string => text.replaceAll('secret', '[redacted]')
    const onFailure = createOnFailure(
      { bucket: 'b', prefix: 'aws/lambda/' },
      { quarantine, ledger, redactText, now: () => 0, log },
      client,
    )
    expect(await onFailure.collect(1)).toBe(1)
    expect(objects.size).toBe(0)
    const [id = ''] = await quarantine.list(10)
    const entry = await quarantine.get(id)
    expect(entry).toMatchObject({
      reason: 'on-failure',
      records: 2,
      origin: { stream: 'trail', id: 'trail/shardId-000000000000:7' },
    })
    expect(Buffer.from(entry.bytes).toString()).toContain('[redacted]')
    expect((await summarize(ledger)).totals).toMatchObject({ records: 2, decoded: 0, quarantined: 2 })
  })

  it('keeps what is no invocation record as it is', () => {
    expect(fromInvocationRecord('k', Buffer.from('not JSON'), 5)).toMatchObject([{ reason: 'on-failure', records: 1 }])
    expect(fromInvocationRecord('k', Buffer.from('{"payload":"{}"}'), 5)).toHaveLength(1)
  })
})
