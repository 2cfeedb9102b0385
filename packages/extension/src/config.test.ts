import { describe, expect, it } from 'vitest'
import { readConfig } from './config.ts'
import { STREAM_ARN } from './testing/kinesis.ts'

const endpoint = (env: Record<string, string>) => readConfig({ WEIR_STREAM_ARN: STREAM_ARN, ...env }).stream?.endpoint

describe('readConfig', () => {
  it('needs a stream ARN only', () => {
    const config = readConfig({ WEIR_STREAM_ARN: STREAM_ARN })
    expect(config).toMatchObject({
      stream: {
        stream: { region: 'eu-central-1', name: 'weir' },
        endpoint: { host: 'kinesis.eu-central-1.amazonaws.com', port: 443, tls: true },
      },
      bufferBytes: 4_194_304,
      flush: 'auto',
      extensionLogs: false,
      journalKey: undefined,
      budgetMs: 50,
      allowedExtensions: undefined,
      otlp: false,
      inventory: true,
      redact: [],
      faults: [],
    })
  })

  it('reads lists, numbers and the key of the journal', () => {
    const key = Buffer.alloc(32, 7).toString('base64')
    const env = {
      WEIR_JOURNAL_KEY: key,
      WEIR_BUDGET_MS: '20',
      WEIR_ALLOWED_EXTENSIONS: ' a, b,',
      WEIR_OTLP: '1',
      WEIR_INVENTORY: '0',
    }
    expect(readConfig({ WEIR_STREAM_ARN: STREAM_ARN, WEIR_REDACT: 'email', ...env })).toMatchObject({
      journalKey: Buffer.alloc(32, 7),
      budgetMs: 20,
      allowedExtensions: ['a', 'b'],
      otlp: true,
      inventory: false,
      redact: ['email'],
      faults: [],
    })
    expect(readConfig({ WEIR_STREAM_ARN: STREAM_ARN, WEIR_ALLOWED_EXTENSIONS: '' }).allowedExtensions).toEqual([])
  })

  it.each([
    ['arn:aws-cn:kinesis:cn-north-1:123456789012:stream/weir', 'kinesis.cn-north-1.amazonaws.com.cn'],
    ['arn:aws-us-gov:kinesis:us-gov-west-1:123456789012:stream/weir', 'kinesis.us-gov-west-1.amazonaws.com'],
  ])('follows the partition of %s', (arn, host) => {
    expect(endpoint({ WEIR_STREAM_ARN: arn })).toEqual({ host, port: 443, tls: true })
  })

  it.each([
    ['http://127.0.0.1:4567', { host: '127.0.0.1', port: 4567, tls: false }],
    ['http://localhost', { host: 'localhost', port: 80, tls: false }],
    ['http://[::1]:1', { host: '::1', port: 1, tls: false }],
    [
      'https://vpce-1.kinesis.eu-central-1.vpce.amazonaws.com',
      { host: 'vpce-1.kinesis.eu-central-1.vpce.amazonaws.com', port: 443, tls: true },
    ],
    ['http://127.0.0.1.example.com', undefined],
    ['http://example.com', undefined],
    ['ftp://127.0.0.1', undefined],
    ['https://host/path', undefined],
    ['nonsense', undefined],
  ])('takes WEIR_KINESIS_ENDPOINT=%s for %j', (url, target) => {
    expect(endpoint({ WEIR_KINESIS_ENDPOINT: url })).toEqual(target)
  })

  it.each([
    'weir',
    'arn:aws:kinesis:eu-central-1:123456789012:stream/a/b',
    'arn:aws:kinesis:eu-central-1.evil.example:123456789012:stream/weir',
    'arn:aws:firehose:eu-central-1:123456789012:deliverystream/weir',
  ])('refuses the stream %s', arn => {
    expect(readConfig({ WEIR_STREAM_ARN: arn })).toMatchObject({
      stream: undefined,
      faults: [expect.stringContaining('WEIR_STREAM_ARN: ')],
    })
  })

  it('never repeats a value in a fault', () => {
    const pasted = 'AKIAQ3EGRIXAMPLE4Z7T'
    const names = [
      'WEIR_STREAM_ARN',
      'WEIR_KINESIS_ENDPOINT',
      'WEIR_BUFFER_BYTES',
      'WEIR_FLUSH',
      'WEIR_EXTENSION_LOGS',
      'WEIR_JOURNAL_KEY',
      'WEIR_BUDGET_MS',
      'WEIR_OTLP',
      'WEIR_INVENTORY',
    ]
    const { faults } = readConfig(Object.fromEntries(names.map(each => [each, pasted])))
    expect(faults.length).toBe(8)
    expect(faults.join()).not.toContain(pasted)
  })
})
