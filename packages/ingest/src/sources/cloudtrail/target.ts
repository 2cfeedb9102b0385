import { awsAccount } from '../shared/ocsf.ts'
import { functionArn } from '../shared/lambda.ts'
import { type Fields, fieldsOf, isFields, listOf, some, textOf, timeOf } from '../shared/values.ts'
import type { Principal } from './principal.ts'

/** Request parameters that name what was acted on → CloudFormation's word for its type. */
const NAMED: readonly (readonly [parameter: string, type: string])[] = [
  ['functionName', 'AWS::Lambda::Function'],
  ['bucketName', 'AWS::S3::Bucket'],
  ['secretId', 'AWS::SecretsManager::Secret'],
  ['instanceId', 'AWS::EC2::Instance'],
  ['roleName', 'AWS::IAM::Role'],
  ['policyArn', 'AWS::IAM::ManagedPolicy'],
  ['groupId', 'AWS::EC2::SecurityGroup'],
  ['snapshotId', 'AWS::EC2::Snapshot'],
  ['trailName', 'AWS::CloudTrail::Trail'],
  ['logGroupName', 'AWS::Logs::LogGroup'],
  ['tableName', 'AWS::DynamoDB::Table'],
  ['streamName', 'AWS::Kinesis::Stream'],
  ['queueUrl', 'AWS::SQS::Queue'],
  ['topicArn', 'AWS::SNS::Topic'],
  ['keyId', 'AWS::KMS::Key'],
  ['dBInstanceIdentifier', 'AWS::RDS::DBInstance'],
]

/** `resources` as CloudTrail lists them, else what the request names. */
export function resourcesOf(
  record: Fields,
  account: string | undefined,
  region: string | undefined,
): readonly Fields[] | undefined {
  const listed = Array.isArray(record['resources'])
    ? record['resources'].map(listedResource).filter(item => item !== undefined)
    : []
  if (listed.length > 0) return listed
  const request = fieldsOf(record['requestParameters'])
  return request && listOf(NAMED.flatMap(([parameter, type]) => namedResource(textOf(request[parameter]), type, account, region)))
}

const LISTED: ReadonlySet<string> = new Set(['ARN', 'arn', 'accountId', 'type'])

/** Whether `resources` holds nothing but what has a place in OCSF. */
export const isPlainList = (resources: unknown): boolean =>
  Array.isArray(resources) &&
  resources.every(
    item =>
      isFields(item) &&
      Object.entries(item).every(([key, value]) => value === null || (LISTED.has(key) && typeof value === 'string')),
  )

function listedResource(value: unknown): Fields | undefined {
  const resource = fieldsOf(value)
  if (!resource) return undefined
  const uid = textOf(resource['ARN']) ?? textOf(resource['arn'])
  const account = textOf(resource['accountId'])
  return some({
    uid,
    type: textOf(resource['type']),
    owner: account === undefined ? undefined : { account: awsAccount(account) },
  })
}

function namedResource(
  name: string | undefined,
  type: string,
  account: string | undefined,
  region: string | undefined,
): readonly Fields[] {
  if (name === undefined) return []
  const uid = type === 'AWS::Lambda::Function' ? (functionArn(name, account, region) ?? name) : name
  return [{ uid, type, ...(uid !== name && !name.includes(':') && { name }) }]
}

/** The function that a request to Lambda is about. */
export function targetFunction(record: Fields, eventSource: string, account?: string, region?: string): string | undefined {
  if (eventSource !== 'lambda.amazonaws.com') return undefined
  const name = textOf(fieldsOf(record['requestParameters'])?.['functionName'])
  return name === undefined ? undefined : functionArn(name, account, region)
}

/** Whom an account change is about: the user or role that the request names, else the caller. */
export function changedUser(record: Fields, principal: Principal, account: string | undefined): Fields {
  const request = fieldsOf(record['requestParameters'])
  const response = fieldsOf(record['responseElements'])
  const made = fieldsOf(response?.['user']) ?? fieldsOf(response?.['role'])
  const userName = textOf(request?.['userName']) ?? textOf(fieldsOf(response?.['accessKey'])?.['userName'])
  const roleName = textOf(request?.['roleName']) ?? textOf(made?.['roleName'])
  const name = userName ?? roleName
  if (name === undefined) return principal.user
  const key = textOf(fieldsOf(response?.['accessKey'])?.['accessKeyId']) ?? textOf(request?.['accessKeyId'])
  return (
    some({
      name,
      uid: textOf(made?.['arn']),
      uid_alt: textOf(made?.['userId']) ?? textOf(made?.['roleId']),
      type: userName === undefined ? 'Role' : 'IAMUser',
      type_id: userName === undefined ? 99 : 1,
      credential_uid: key,
      account: awsAccount(account),
    }) ?? principal.user
  )
}

/** The policies that an account change attaches or detaches. */
export function changedPolicies(record: Fields): readonly Fields[] | undefined {
  const request = fieldsOf(record['requestParameters'])
  const policy = some({
    uid: textOf(request?.['policyArn']) ?? textOf(request?.['permissionsBoundary']),
    name: textOf(request?.['policyName']),
  })
  return policy && [policy]
}

/** Whom a role's session makes of the caller; else the caller. */
export function signedInUser(record: Fields, principal: Principal): Fields {
  const request = fieldsOf(record['requestParameters'])
  const response = fieldsOf(record['responseElements'])
  const assumed = fieldsOf(response?.['assumedRoleUser'])
  const role = textOf(request?.['roleArn'])
  const uid = textOf(assumed?.['arn']) ?? role
  if (uid === undefined) return principal.user
  return some({
    name: role?.split('/').at(-1) ?? uid,
    uid,
    uid_alt: textOf(assumed?.['assumedRoleId']),
    type: 'AssumedRole',
    type_id: 99,
    credential_uid: textOf(fieldsOf(response?.['credentials'])?.['accessKeyId']),
  }) as Fields
}

/** The session that a sign-in opened. */
export function openedSession(record: Fields): Fields | undefined {
  const request = fieldsOf(record['requestParameters'])
  const credentials = fieldsOf(fieldsOf(record['responseElements'])?.['credentials'])
  return some({
    uid: textOf(request?.['roleSessionName']),
    credential_uid: textOf(credentials?.['accessKeyId']),
    expiration_time: timeOf(credentials?.['expiration']),
  })
}
