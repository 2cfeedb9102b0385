import { CfnKey } from 'aws-cdk-lib/aws-kms'
import { CfnResourcePolicy, CfnStream } from 'aws-cdk-lib/aws-kinesis'
import { Fn } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import type { Parameters } from './parameters.ts'

/** What a function that ships telemetry needs, and no more. */
export const PRODUCER_ACTIONS = ['kinesis:PutRecords'] as const

/**
 * One key for everything Weir stores. Producers may ask it for data keys, through Kinesis only. A key policy names `*` as its resource: it
 * means this key (AWS KMS, "Key policies").
 */
export function encryptionKey(scope: Construct, parameters: Parameters): CfnKey {
  const throughKinesis = { 'kms:ViaService': Fn.sub('kinesis.${AWS::Region}.amazonaws.com') }
  return new CfnKey(scope, 'Key', {
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
          Action: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:DescribeKey'],
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
          Condition: { StringEquals: throughKinesis },
        }),
        parameters.withOrganization({
          Sid: 'Organization',
          Effect: 'Allow',
          Principal: { AWS: '*' },
          Action: 'kms:GenerateDataKey',
          Resource: '*',
          Condition: { StringEquals: { ...throughKinesis, 'aws:PrincipalOrgID': parameters.organizationId } },
        }),
      ],
    },
  })
}

/** A stream, encrypted with the stack's key, kept for a week so that an outage of ingest loses nothing. */
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

export const pascal = (name: string): string => name.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
