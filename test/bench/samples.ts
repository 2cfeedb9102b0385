import { createHash } from 'node:crypto'
import { generator } from '@weir/schema/measure'

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
  const random = generator(seed)
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
