import { createRequire } from 'node:module'
import { afterEach, describe, expect, it } from 'vitest'
import {
  certificate,
  elasticReceiver,
  otlpReceiver,
  plain,
  type Receiver,
  sentinelReceiver,
  splunkReceiver,
} from '../receivers/index.ts'

// The vendors' own clients are dependencies of ingest's tests only.
const require = createRequire(new URL('../../packages/ingest/package.json', import.meta.url))
const open: Receiver[] = []
const opened = async <T extends Receiver>(receiver: Promise<T>): Promise<T> => {
  open.push(await receiver)
  return receiver
}
afterEach(() => Promise.all(open.splice(0).map(receiver => receiver.close())))

describe('the receivers take what the vendors’ own clients send', () => {
  it('splunk-logging 0.11', async () => {
    interface Logger {
      send(context: object, done: (error: Error | null, response: unknown, body: { code: number }) => void): void
      error: (error: Error) => void
    }
    const { Logger } = require('splunk-logging') as { Logger: new (config: object) => Logger }
    const hec = await opened(splunkReceiver({ token: 'a-token', indexes: ['main'] }))
    const logger = new Logger({ token: 'a-token', url: hec.url })
    const send = (message: unknown, metadata: object) =>
      new Promise<{ code: number }>((resolve, reject) =>
        logger.send({ message, metadata }, (error, _, body) => (error ? reject(error) : resolve(body))),
      )
    logger.error = () => {} // it prints otherwise
    expect(await send({ a: 1 }, { index: 'main', sourcetype: 'json', time: 1_795_321_815 })).toMatchObject({ code: 0 })
    expect(await send('text', { index: 'secret' })).toMatchObject({ code: 7 })
    expect(hec.events).toMatchObject([{ event: { message: { a: 1 } }, index: 'main', sourcetype: 'json' }])
    expect(hec.problems).toEqual([])
  })

  it('@elastic/elasticsearch 9.4', async () => {
    interface Client {
      bulk(request: object): Promise<{ errors: boolean; items: { create: { status: number } }[] }>
      info(): Promise<{ version: { number: string } }>
      close(): Promise<void>
    }
    const { Client } = require('@elastic/elasticsearch') as { Client: new (config: object) => Client }
    const es = await opened(elasticReceiver({ authorization: 'ApiKey a-key' }))
    const client = new Client({ node: es.url, auth: { apiKey: 'a-key' }, compression: true })
    expect((await client.info()).version.number).toBe('9.4.0')
    const document = { '@timestamp': '2026-11-22T00:00:00Z', source: { ip: '203.0.113.9' } }
    const operations = [
      { create: { _id: '1' } },
      document,
      { create: { _id: '1' } },
      document,
      { create: { _id: '2' } },
      { no: 'time' },
    ]
    const result = await client.bulk({ index: 'logs-weir.events-default', operations })
    expect(result.items.map(item => item.create.status)).toEqual([201, 409, 400])
    expect(es.documents).toMatchObject([{ stream: 'logs-weir.events-default', id: '1', document }])
    await client.close()
  })

  it('@azure/monitor-ingestion 1.2, over TLS', async () => {
    interface Client {
      upload(ruleId: string, stream: string, logs: object[], options?: object): Promise<void>
    }
    const { LogsIngestionClient } = require('@azure/monitor-ingestion') as {
      LogsIngestionClient: new (endpoint: string, credential: object, options: object) => Client
    }
    const tls = await certificate()
    const ruleId = `dcr-${'0'.repeat(32)}`
    const columns = [
      { name: 'TimeGenerated', type: 'datetime' },
      { name: 'Message', type: 'string' },
    ]
    const options = {
      tenantId: 't',
      clientId: 'c',
      clientSecret: 's',
      ruleId,
      streams: { 'Custom-A_CL': columns },
      token: 'a.b.c',
      tls,
    }
    const sentinel = await opened(sentinelReceiver(options))
    const credential = { getToken: () => Promise.resolve({ token: 'a.b.c', expiresOnTimestamp: Date.now() + 3_600_000 }) }
    const client = new LogsIngestionClient(sentinel.url, credential, {
      tlsOptions: { ca: tls.cert },
      retryOptions: { maxRetries: 0 },
    })
    const rows = [
      { TimeGenerated: '2026-11-22T00:00:00Z', Message: 'a' },
      { TimeGenerated: '2026-11-22T00:00:00Z', Other: 'b' },
    ]
    await client.upload(ruleId, 'Custom-A_CL', rows)
    expect(sentinel.rows.map(({ row }) => row)).toEqual(rows)
    expect([...sentinel.undeclared]).toEqual(['Custom-A_CL.Other'])
    expect(sentinel.problems).toEqual([])
    expect(sentinel.requests[0]?.headers['content-encoding']).toBe('gzip')
    await expect(client.upload(ruleId, 'Custom-B_CL', rows)).rejects.toThrow()
  })

  it('@opentelemetry/exporter-logs-otlp-http 0.301', async () => {
    interface Provider {
      getLogger(name: string): { emit(record: object): void }
      forceFlush(): Promise<void>
      shutdown(): Promise<void>
    }
    const { OTLPLogExporter } = require('@opentelemetry/exporter-logs-otlp-http') as {
      OTLPLogExporter: new (config: object) => object
    }
    const { LoggerProvider, SimpleLogRecordProcessor } = require('@opentelemetry/sdk-logs') as {
      LoggerProvider: new (config: object) => Provider
      SimpleLogRecordProcessor: new (config: object) => object
    }
    const otlp = await opened(otlpReceiver({ header: ['x-key', 'k'] }))
    const exporter = new OTLPLogExporter({ url: `${otlp.url}/v1/logs`, headers: { 'x-key': 'k' }, compression: 'gzip' })
    const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] })
    provider.getLogger('mine').emit({
      severityNumber: 9,
      severityText: 'INFO',
      eventName: 'a.b',
      body: { nested: { list: [1, 'x', true, null] } },
      attributes: { int: 7, double: 1.5, list: ['a'] },
    })
    await provider.forceFlush()
    await provider.shutdown()
    expect(otlp.problems).toEqual([])
    expect(otlp.records).toMatchObject([{ scope: 'mine', record: { severityNumber: 9, eventName: 'a.b' } }])
    expect(plain(otlp.records[0]?.record['attributes'])).toMatchObject({ double: 1.5 })
  })
})
