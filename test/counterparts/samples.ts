import type { Batch } from '@weir/schema'

export const REGION = 'us-east-1'
export const ACCOUNT = '123456789012'
export const NOW = Date.UTC(2026, 10, 1, 10)

const INVOCATION = '8f5a3c1e-0000-4000-8000-00000000000'

/** A sandbox's batches of every content type, the awkward ones included. */
export function batches(): Batch[] {
  const batch = (sequence: number, more: Partial<Batch>): Batch => ({
    sandbox: 'c0ffee'.padEnd(32, '7'),
    sequence,
    function: {
      arn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:orders`,
      version: '$LATEST',
      memoryMb: 512,
      region: REGION,
      runtime: 'nodejs:24.v9',
      initializationType: 'on-demand',
    },
    extension: '0.1.0',
    emitted: sequence * 3,
    dropped: [],
    previous: '',
    signature: new Uint8Array(),
    records: [],
    ...more,
  })
  const line = (text: string, at: number): Batch['records'][number] => ({
    signal: 'function',
    time: NOW + at,
    invocation: `${INVOCATION}${at % 10}`,
    contentType: 'text/plain',
    body: Buffer.from(text),
  })
  const report = {
    requestId: `${INVOCATION}1`,
    status: 'timeout',
    metrics: { durationMs: 3000.12, billedDurationMs: 3000, memorySizeMB: 512, maxMemoryUsedMB: 511, initDurationMs: 182.44 },
  }
  return [
    batch(1, { records: [line('hello', 0)] }),
    batch(2, {
      dropped: [{ reason: 'buffer-full', records: 17, bytes: 4_096 }],
      records: [
        line('naïve — ☃ \u0000 and a "quote"', 1),
        line('', 2),
        {
          signal: 'platform.report',
          time: NOW - 5,
          invocation: `${INVOCATION}1`,
          contentType: 'application/json',
          body: Buffer.from(JSON.stringify(report)),
        },
        {
          signal: 'weir.otlp',
          time: NOW,
          invocation: 'not-a-uuid',
          contentType: 'application/octet-stream',
          body: Uint8Array.from({ length: 256 }, (_, i) => i),
        },
      ],
    }),
    batch(2 ** 40, {
      emitted: 2 ** 50,
      previous: 'ab'.repeat(32),
      records: Array.from({ length: 500 }, (_, i) => line(`{"level":"info","order":${i},"message":"paid"}`, i)),
    }),
    batch(4, { function: { ...batch(4, {}).function, arn: '', memoryMb: 0, runtime: '' }, records: [] }),
  ]
}

/** CloudTrail records, one a piece: control-plane calls that are findings, a failed login, a denied call, a read. */
export function trail(): Buffer[] {
  const calls: readonly (readonly [source: string, name: string, more?: object])[] = [
    ['cloudtrail', 'StopLogging', { requestParameters: { name: 'main' } }],
    [
      'lambda',
      'AddPermission20150331v2',
      { requestParameters: { functionName: 'orders', principal: '*', action: 'lambda:InvokeFunction', statementId: 'all' } },
    ],
    ['lambda', 'CreateFunctionUrlConfig', { requestParameters: { functionName: 'orders', authType: 'NONE' } }],
    [
      'lambda',
      'UpdateFunctionCode20150331v2',
      { requestParameters: { functionName: 'orders' }, errorCode: 'AccessDenied', errorMessage: 'no' },
    ],
    [
      'signin',
      'ConsoleLogin',
      { eventType: 'AwsConsoleSignIn', responseElements: { ConsoleLogin: 'Failure' }, additionalEventData: { MFAUsed: 'No' } },
    ],
    [
      'sts',
      'AssumeRole',
      { readOnly: true, requestParameters: { roleArn: `arn:aws:iam::${ACCOUNT}:role/admin`, roleSessionName: 'x' } },
    ],
    ['secretsmanager', 'GetSecretValue', { readOnly: true, requestParameters: { secretId: 'prod/db' } }],
    ['s3', 'ListBuckets', { readOnly: true }],
    ['iam', 'CreateUser', { requestParameters: { userName: 'ünï☃' } }],
  ]
  return calls.map(([source, eventName, more], i) =>
    Buffer.from(
      JSON.stringify({
        eventVersion: '1.11',
        userIdentity: {
          type: 'IAMUser',
          userName: 'mallory',
          accountId: ACCOUNT,
          principalId: 'AIDAEXAMPLE',
          arn: `arn:aws:iam::${ACCOUNT}:user/mallory`,
        },
        eventTime: new Date(NOW + i * 1_000).toISOString().replace('.000', ''),
        eventSource: `${source}.amazonaws.com`,
        eventName,
        awsRegion: REGION,
        sourceIPAddress: i % 2 ? '203.0.113.7' : '2001:db8::7',
        userAgent: 'aws-cli/2.31.0',
        requestParameters: null,
        responseElements: null,
        requestID: `00000000-0000-4000-8000-00000000000${i}`,
        eventID: `00000000-0000-4000-8000-0000000000a${i}`,
        readOnly: false,
        eventType: 'AwsApiCall',
        managementEvent: true,
        recipientAccountId: ACCOUNT,
        eventCategory: 'Management',
        ...more,
      }),
    ),
  )
}
