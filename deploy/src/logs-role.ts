import { Fn } from 'aws-cdk-lib'
import { CfnRole } from 'aws-cdk-lib/aws-iam'
import type { CfnStream } from 'aws-cdk-lib/aws-kinesis'
import type { CfnKey } from 'aws-cdk-lib/aws-kms'
import type { Construct } from 'constructs'
import { throughKinesis } from './stream.ts'

/**
 * Lets CloudWatch Logs put what this account's log groups hold on the streams that carry logs, and never on `telemetry`. CloudTrail writes to
 * a log group, not to Kinesis, so the trail comes this way too. Trust as in CloudWatch Logs, "Subscription filters with Kinesis Data Streams":
 * the source's ARN carries the account.
 */
export function logsRole(scope: Construct, streams: ReadonlyMap<string, CfnStream>, key: CfnKey): CfnRole {
  return new CfnRole(scope, 'LogsRole', {
    description: 'Weir: CloudWatch Logs subscription filters write to streams',
    assumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'LogsOfThisAccount',
          Effect: 'Allow',
          Principal: { Service: 'logs.amazonaws.com' },
          Action: 'sts:AssumeRole',
          Condition: {
            ArnLike: { 'aws:SourceArn': Fn.sub('arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*') },
          },
        },
      ],
    },
    policies: [
      {
        policyName: 'put',
        policyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'Logs',
              Effect: 'Allow',
              Action: ['kinesis:PutRecord', 'kinesis:PutRecords'],
              Resource: [...streams.values()].map(each => each.attrArn),
            },
            {
              Sid: 'LogsKey',
              Effect: 'Allow',
              Action: 'kms:GenerateDataKey',
              Resource: key.attrArn,
              Condition: { StringEquals: throughKinesis() },
            },
          ],
        },
      },
    ],
  })
}
