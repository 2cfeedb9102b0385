import { createHash } from 'node:crypto'
import type { Batch, TelemetryRecord } from '@weir/schema'
import { packPlatform } from '@weir/schema/encode'

/** Repeatable numbers in [0, 1): a bench that draws other input each time compares nothing (mulberry32). */
export function seeded(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const uuid = (random: () => number): string => {
  const hex = createHash('sha256').update(String(random())).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
const pick = <T>(random: () => number, items: readonly T[]): T => items[Math.floor(random() * items.length)] as T

const CALLS = [
  ['s3.amazonaws.com', 'GetBucketAcl', true],
  ['ec2.amazonaws.com', 'DescribeInstances', true],
  ['sts.amazonaws.com', 'AssumeRole', true],
  ['lambda.amazonaws.com', 'ListFunctions20150331', true],
  ['lambda.amazonaws.com', 'GetFunction20150331v2', true],
  ['logs.amazonaws.com', 'CreateLogStream', false],
  ['kms.amazonaws.com', 'Decrypt', true],
  ['dynamodb.amazonaws.com', 'DescribeTable', true],
  ['iam.amazonaws.com', 'GetRole', true],
  ['secretsmanager.amazonaws.com', 'GetSecretValue', true],
  ['lambda.amazonaws.com', 'UpdateFunctionCode20150331v2', false],
] as const

/** CloudTrail records, about 1.2 kB each, most of them harmless as in a real trail. */
export function cloudTrail(count: number, seed = 1): Record<string, unknown>[] {
  const random = seeded(seed)
  return Array.from({ length: count }, (_, i) => {
    // One write in two hundred: findings are rare.
    const [eventSource, eventName, readOnly] = i % 200 === 199 ? CALLS[10] : pick(random, CALLS.slice(0, 9))
    const role = pick(random, ['Deploy', 'Api', 'Batch', 'Audit'])
    return {
      eventVersion: '1.11',
      userIdentity: {
        type: 'AssumedRole',
        principalId: `AROAEXAMPLEROLE${Math.floor(random() * 90 + 10)}:session-${i}`,
        arn: `arn:aws:sts::111122223333:assumed-role/${role}/session-${i}`,
        accountId: '111122223333',
        sessionContext: {
          sessionIssuer: {
            type: 'Role',
            principalId: `AROAEXAMPLEROLE${Math.floor(random() * 90 + 10)}`,
            arn: `arn:aws:iam::111122223333:role/${role}`,
            accountId: '111122223333',
            userName: role,
          },
          attributes: { creationDate: '2026-11-01T08:00:00Z', mfaAuthenticated: 'false' },
        },
      },
      eventTime: new Date(1_793_520_000_000 + i * 250).toISOString().replace(/\.\d+Z$/, 'Z'),
      eventSource,
      eventName,
      awsRegion: pick(random, ['us-east-1', 'eu-west-1']),
      sourceIPAddress: `198.51.100.${Math.floor(random() * 255)}`,
      userAgent: 'aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.26.0 md/GOOS#linux md/GOARCH#arm64 api/s3#1.79.2',
      requestParameters: { bucketName: `data-${Math.floor(random() * 50)}`, Host: 's3.us-east-1.amazonaws.com', acl: '' },
      responseElements: null,
      requestID: uuid(random),
      eventID: uuid(random),
      readOnly,
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: '111122223333',
      eventCategory: 'Management',
      tlsDetails: { tlsVersion: 'TLSv1.3', cipherSuite: 'TLS_AES_128_GCM_SHA256', clientProvidedHostHeader: eventSource },
    }
  })
}

/** What the Telemetry API says of some invocations: start, log lines, runtimeDone, report. Raw, as AWS sends it. */
export function telemetry(invocations: number, seed = 2): { time: string; type: string; record: unknown }[] {
  const random = seeded(seed)
  const events: { time: string; type: string; record: unknown }[] = []
  let at = 1_793_520_000_000
  for (let i = 0; i < invocations; i++) {
    const requestId = uuid(random)
    const duration = Math.round(random() * 120_000) / 1000
    const stamp = (ms: number): string => new Date(at + ms).toISOString()
    const tracing = {
      spanId: uuid(random).replaceAll('-', '').slice(0, 16),
      type: 'X-Amzn-Trace-Id',
      value: `Root=1-${Math.floor(at / 1000).toString(16)}-${uuid(random).replaceAll('-', '').slice(0, 24)};Parent=${uuid(random).replaceAll('-', '').slice(0, 16)};Sampled=1`,
    }
    events.push({ time: stamp(0), type: 'platform.start', record: { requestId, version: '$LATEST', tracing } })
    events.push({
      time: stamp(1),
      type: 'function',
      record: `${stamp(1)}\t${requestId}\tINFO\torder ${Math.floor(random() * 1e6)} accepted for customer ${Math.floor(random() * 1e5)}\n`,
    })
    events.push({
      time: stamp(3),
      type: 'function',
      record: { timestamp: stamp(3), level: 'INFO', requestId, message: `charged ${Math.floor(random() * 5e3) / 100} EUR` },
    })
    events.push({
      time: stamp(duration),
      type: 'platform.runtimeDone',
      record: {
        requestId,
        status: 'success',
        metrics: { durationMs: duration, producedBytes: 52 },
        spans: [
          { name: 'responseLatency', start: stamp(0), durationMs: Math.round(duration * 900) / 1000 },
          { name: 'responseDuration', start: stamp(duration), durationMs: 0.06 },
          { name: 'runtimeOverhead', start: stamp(duration), durationMs: 0.6 },
        ],
        tracing,
      },
    })
    events.push({
      time: stamp(duration + 1),
      type: 'platform.report',
      record: {
        requestId,
        status: 'success',
        metrics: {
          durationMs: duration,
          billedDurationMs: Math.ceil(duration),
          memorySizeMB: 256,
          maxMemoryUsedMB: 80 + Math.floor(random() * 10),
        },
        tracing,
      },
    })
    at += Math.floor(random() * 2_000)
  }
  return events
}

/** The same telemetry as the extension ships it. */
export function batch(events: readonly { time: string; type: string; record: unknown }[], sequence = 1): Batch {
  const utf8 = new TextEncoder()
  const records = events.map(({ time, type, record }): TelemetryRecord => {
    const at = Date.parse(time)
    const invocation = (record as { requestId?: string }).requestId ?? ''
    if (typeof record === 'string')
      return { signal: type, time: at, invocation, contentType: 'text/plain', body: utf8.encode(record) }
    const packed = type === 'function' ? undefined : packPlatform(type, record, { time: at, invocation })
    if (packed) return { signal: type, time: at, invocation, contentType: 'application/vnd.weir.platform', body: packed }
    return { signal: type, time: at, invocation, contentType: 'application/json', body: utf8.encode(JSON.stringify(record)) }
  })
  return {
    sandbox: createHash('sha256').update(`sandbox ${sequence}`).digest('hex').slice(0, 32),
    sequence,
    function: {
      arn: 'arn:aws:lambda:us-east-1:111122223333:function:orders',
      version: '$LATEST',
      memoryMb: 256,
      region: 'us-east-1',
      runtime: 'nodejs:24.v9',
      initializationType: 'on-demand',
    },
    extension: '0.1.0',
    emitted: sequence * records.length,
    dropped: [],
    previous: '',
    signature: new Uint8Array(),
    records,
  }
}
