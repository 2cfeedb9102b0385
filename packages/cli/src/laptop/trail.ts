import { randomUUID } from 'node:crypto'
import { ACCOUNT, REGION } from './laptop.ts'

/** A CloudTrail record as the service writes it; the names carry the API version that Lambda gives them. */
export function trailRecord(
  eventName: string,
  eventSource: string,
  requestParameters: object,
  more: object = {},
): Record<string, unknown> {
  return {
    eventVersion: '1.11',
    userIdentity: {
      type: 'AssumedRole',
      principalId: 'AROADEMOROLEID00EXAMPLE:mallory',
      arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Developer/mallory`,
      accountId: ACCOUNT,
      sessionContext: {
        sessionIssuer: { type: 'Role', arn: `arn:aws:iam::${ACCOUNT}:role/Developer`, accountId: ACCOUNT, userName: 'Developer' },
      },
    },
    eventTime: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    eventSource,
    eventName,
    awsRegion: REGION,
    sourceIPAddress: '203.0.113.77', // TEST-NET-3, RFC 5737
    userAgent: 'aws-cli/2.31.0 md/Botocore#1.40.0 ua/2.1 os/linux',
    requestParameters,
    responseElements: null,
    requestID: randomUUID(),
    eventID: randomUUID(),
    readOnly: false,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: ACCOUNT,
    eventCategory: 'Management',
    ...more,
  }
}

const LAMBDA = 'lambda.amazonaws.com'
const arn = (name: string): string => `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`

/** What an intruder with a developer's role does to a fleet of functions. */
export function attackOnControlPlane(): Record<string, unknown>[] {
  return [
    trailRecord('AddPermission20150331v2', LAMBDA, {
      functionName: arn('checkout'),
      statementId: 'public',
      action: 'lambda:InvokeFunction',
      principal: '*',
    }),
    trailRecord('CreateFunctionUrlConfig', LAMBDA, { functionName: arn('checkout'), authType: 'NONE' }),
    trailRecord('UpdateFunctionCode20150331v2', LAMBDA, { functionName: arn('billing'), dryRun: false, publish: true }),
    trailRecord('UpdateFunctionConfiguration20150331v2', LAMBDA, {
      functionName: arn('billing'),
      layers: ['arn:aws:lambda:us-east-1:444455556666:layer:metrics-helper:7'],
    }),
    ...Array.from({ length: 25 }, (_, i) =>
      trailRecord('GetSecretValue', 'secretsmanager.amazonaws.com', { secretId: `prod/service-${i}` }, { readOnly: true }),
    ),
    trailRecord('StopLogging', 'cloudtrail.amazonaws.com', { name: `arn:aws:cloudtrail:${REGION}:${ACCOUNT}:trail/main` }),
  ]
}
