import { createHash } from 'node:crypto'
import { CfnKey } from 'aws-cdk-lib/aws-kms'
import { CfnResourcePolicy, CfnStream } from 'aws-cdk-lib/aws-kinesis'
import { Fn } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import type { Parameters } from './parameters.ts'
import { kept } from './store.ts'

/** What a function that ships telemetry needs, and no more. */
export const PRODUCER_ACTIONS = ['kinesis:PutRecords'] as const

/** A condition on a key: only Kinesis may use it on the caller's behalf. */
export const throughKinesis = () => ({ 'kms:ViaService': Fn.sub('kinesis.${AWS::Region}.amazonaws.com') })

/** What CloudWatch Logs asks of a log group's key, spelled out (CloudWatch Logs, "Encrypt log data using AWS KMS", has wildcards). */
const LOGS_KEY_ACTIONS = [
  'kms:Encrypt',
  'kms:Decrypt',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:GenerateDataKeyPair',
  'kms:GenerateDataKeyPairWithoutPlaintext',
  'kms:DescribeKey',
]

/**
 * One key for everything Weir stores. Producers may ask it for data keys, through Kinesis only. A key policy names `*` as its resource: it
 * means this key (AWS KMS, "Key policies").
 */
export function encryptionKey(scope: Construct, parameters: Parameters): CfnKey {
  const key = new CfnKey(scope, 'Key', {
    description: 'Weir: streams, spool, state and logs',
    enableKeyRotation: true,
    pendingWindowInDays: 30,
    keyPolicy: {
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'Account',
          Effect: 'Allow',
          Principal: { AWS: Fn.sub('arn:${AWS::Partition}:iam::${AWS::AccountId}:root') },
          Action: 'kms:*',
          Resource: '*',
        },
        {
          Sid: 'Logs',
          Effect: 'Allow',
          Principal: { Service: Fn.sub('logs.${AWS::Region}.amazonaws.com') },
          Action: LOGS_KEY_ACTIONS,
          Resource: '*',
          Condition: {
            ArnLike: {
              'kms:EncryptionContext:aws:logs:arn': Fn.sub(
                'arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/weir/${AWS::StackName}/*',
              ),
            },
          },
        },
        parameters.withAccounts({
          Sid: 'ProducerAccounts',
          Effect: 'Allow',
          Principal: { AWS: parameters.producerAccounts },
          Action: 'kms:GenerateDataKey',
          Resource: '*',
          Condition: { StringEquals: throughKinesis() },
        }),
        parameters.withOrganization({
          Sid: 'Organization',
          Effect: 'Allow',
          Principal: { AWS: '*' },
          Action: 'kms:GenerateDataKey',
          Resource: '*',
          Condition: { StringEquals: { ...throughKinesis(), 'aws:PrincipalOrgID': parameters.organizationId } },
        }),
      ],
    },
  })
  return kept(key) // without it, the bucket and the table that outlive the stack could not be read
}

/**
 * A stream, encrypted with the stack's key, its records held for a week so that an outage of ingest loses nothing. It goes with the stack: a
 * stream costs by the hour, and one that stayed would hold the name that the next stack of this name needs.
 */
export function stream(scope: Construct, name: string, key: CfnKey): CfnStream {
  return new CfnStream(scope, `${pascal(name)}Stream`, {
    name: Fn.sub(`\${AWS::StackName}-${name}`),
    retentionPeriodHours: 168,
    streamModeDetails: { streamMode: 'ON_DEMAND' },
    streamEncryption: { encryptionType: 'KMS', keyId: key.attrArn },
  })
}

/** Lets functions of the producer accounts, or of the organization, put telemetry on the stream. Made only where a parameter names any. */
export function producerPolicy(scope: Construct, telemetry: CfnStream, parameters: Parameters): CfnResourcePolicy {
  const statement = { Effect: 'Allow', Action: [...PRODUCER_ACTIONS], Resource: telemetry.attrArn }
  const policy = new CfnResourcePolicy(scope, 'ProducerStreamPolicy', {
    resourceArn: telemetry.attrArn,
    resourcePolicy: {
      Version: '2012-10-17',
      Statement: [
        parameters.withAccounts({ Sid: 'ProducerAccounts', Principal: { AWS: parameters.producerAccounts }, ...statement }),
        parameters.withOrganization({
          Sid: 'Organization',
          Principal: { AWS: '*' },
          ...statement,
          Condition: { StringEquals: { 'aws:PrincipalOrgID': parameters.organizationId } },
        }),
      ],
    },
  })
  policy.cfnOptions.condition = parameters.hasProducers
  return policy
}

/**
 * The stem of a stream's logical ids: `api-audit` → `ApiAudit`. A name that this does not tell apart from another (`a-1` and `a1`), or that
 * starts with a digit, which no logical id may, gets a piece of its hash.
 */
export function pascal(name: string): string {
  const words = name.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()).replaceAll('-', '')
  const back = words.replace(/[A-Z]/g, (letter, at) => `${at === 0 ? '' : '-'}${letter.toLowerCase()}`)
  if (back === name && !/^\d/.test(name)) return words
  return `S${words}${createHash('sha256').update(name).digest('hex').slice(0, 8)}`
}
