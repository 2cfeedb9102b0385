import { accountIn, callOf } from './accounts.ts'
import { type Fields, objectAt, textAt, textsAt } from './fields.ts'

/** One principal that an API call gave access to a resource. */
export interface Grant {
  /** As the call names it. */
  readonly resource: string
  /** An account id, or `*` for everyone. */
  readonly account: string
  /** As it was written. */
  readonly principal: string
  /** Whether a condition narrows who it is: an organization, a source account, a network … */
  readonly conditioned: boolean
}

/** A policy longer than this is not read; the longest that AWS takes (a bucket's or a queue's) has 20 KiB. */
const POLICY_LENGTH = 65_536

/** Condition keys that tie a statement to somebody in particular, in lower case. */
const NARROWING: ReadonlySet<string> = new Set([
  'aws:principalaccount',
  'aws:principalarn',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceip',
  'aws:sourceorgid',
  'aws:sourceorgpaths',
  'aws:sourceowner',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:userid',
  'kms:calleraccount',
  's3:dataaccesspointaccount',
])

type Reader = (parameters: Fields) => readonly Grant[]

/** Where each call says which resource gets which policy. One more service is one more line. */
const CALLS: Readonly<Record<string, Reader>> = {
  'lambda:AddPermission': statement('functionName', ['principalOrgID', 'sourceAccount', 'sourceArn']),
  'lambda:AddLayerVersionPermission': statement('layerName', ['organizationId']),
  'iam:CreateRole': document('roleName', 'assumeRolePolicyDocument'),
  'iam:UpdateAssumeRolePolicy': document('roleName', 'policyDocument'),
  'secretsmanager:PutResourcePolicy': document('secretId', 'resourcePolicy'),
  'dynamodb:PutResourcePolicy': document('resourceArn', 'policy'),
  'kinesis:PutResourcePolicy': document('resourceARN', 'policy'),
  'kms:CreateKey': document('description', 'policy'),
  'kms:PutKeyPolicy': document('keyId', 'policy'),
  's3:PutBucketPolicy': document('bucketName', 'bucketPolicy'),
  'ecr:SetRepositoryPolicy': document('repositoryName', 'policyText'),
  'sqs:SetQueueAttributes': nested('queueUrl', 'attributes', 'Policy'),
  'sqs:CreateQueue': nested('queueName', 'attributes', 'Policy'),
  'sns:SetTopicAttributes': document('topicArn', 'attributeValue'),
}

/** Who got access by a CloudTrail record; empty for every other record, and for a call that failed. */
export function grantsOf(record: Fields): readonly Grant[] {
  const call = callOf(record)
  const read = Object.hasOwn(CALLS, call) ? CALLS[call] : undefined
  const parameters = objectAt(record, 'requestParameters')
  return read && parameters && textAt(record, 'errorCode') === undefined ? read(parameters) : []
}

function statement(resource: string, conditions: readonly string[]): Reader {
  return parameters => {
    const principal = textAt(parameters, 'principal')
    const account = principal && accountOrEveryone(principal)
    const conditioned = conditions.some(key => textAt(parameters, key) !== undefined)
    return account ? [{ resource: textAt(parameters, resource) ?? '', account, principal, conditioned }] : []
  }
}

function document(resource: string, policy: string): Reader {
  return parameters => grantsIn(textAt(parameters, resource) ?? '', parameters[policy])
}

function nested(resource: string, holder: string, policy: string): Reader {
  return parameters => grantsIn(textAt(parameters, resource) ?? '', objectAt(parameters, holder)?.[policy])
}

function grantsIn(resource: string, policy: unknown): Grant[] {
  return allowsIn(policy).flatMap(allow => {
    const conditioned = isNarrowed(objectAt(allow, 'Condition'))
    const principals = allow['Principal'] === '*' ? ['*'] : textsAt(objectAt(allow, 'Principal'), 'AWS')
    return principals.flatMap(principal => {
      const account = accountOrEveryone(principal)
      return account ? [{ resource, account, principal, conditioned }] : []
    })
  })
}

/** The statements of a policy that allow something; none of what is no policy. */
export function allowsIn(policy: unknown): readonly Fields[] {
  const { Statement } = parsed(policy)
  const statements: readonly unknown[] = Array.isArray(Statement) ? Statement : [Statement]
  return statements.filter(
    (each): each is Fields => typeof each === 'object' && each !== null && textAt(each as Fields, 'Effect') === 'Allow',
  )
}

/** CloudTrail holds a policy as text or, for some services, as an object. */
function parsed(policy: unknown): Fields {
  try {
    const value: unknown = typeof policy === 'string' && policy.length <= POLICY_LENGTH ? JSON.parse(policy) : policy
    return typeof value === 'object' && value !== null ? (value as Fields) : {}
  } catch {
    return {}
  }
}

function isNarrowed(condition: Fields | undefined): boolean {
  return Object.entries(condition ?? {}).some(
    ([operator, keys]) =>
      !/^(ForAnyValue:|ForAllValues:)?\w*Not/.test(operator) &&
      typeof keys === 'object' &&
      keys !== null &&
      Object.keys(keys).some(key => NARROWING.has(key.toLowerCase())),
  )
}

function accountOrEveryone(principal: string): string | undefined {
  return principal === '*' ? '*' : accountIn(principal)
}
