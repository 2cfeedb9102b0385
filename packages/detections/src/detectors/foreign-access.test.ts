import { describe, expect, it } from 'vitest'
import { ACCOUNT, FOREIGN, one, trail } from '../../test/support.ts'
import type { DetectorEvent } from '../detector.ts'
import { foreignAccess } from './foreign-access.ts'

const invoke = (principal: unknown, more = {}, fields = {}): DetectorEvent =>
  trail('lambda:AddPermission20150331v2', { functionName: 'orders', action: 'lambda:InvokeFunction', principal, ...more }, fields)
const policy = (principal: unknown, more = {}): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: principal, Action: '*', Resource: '*', ...more }],
  })
const trust = (document: unknown, call = 'iam:CreateRole', key = 'assumeRolePolicyDocument'): DetectorEvent =>
  trail(call, { roleName: 'helper', [key]: document })

describe('foreign access', () => {
  it('tells which account may invoke a function', async () => {
    const event = invoke(FOREIGN)
    expect(await one(foreignAccess, event)).toEqual([
      {
        group: `${ACCOUNT} orders`,
        window: event.uid,
        message: `lambda:AddPermission on orders lets account ${FOREIGN} in`,
        events: [event],
        evidence: { resource: 'orders', accounts: [FOREIGN], principals: [FOREIGN], conditioned: false, account: ACCOUNT },
      },
    ])
  })

  it.each([
    ['a principal by ARN', invoke(`arn:aws:iam::${FOREIGN}:root`)],
    ['a role named after our account', invoke(`arn:aws:iam::${FOREIGN}:role/${ACCOUNT}`)],
    ['a layer', trail('lambda:AddLayerVersionPermission20181031', { layerName: 'tools', principal: FOREIGN })],
    ['a new role', trust(policy({ AWS: `arn:aws:iam::${FOREIGN}:root` }))],
    ['a changed trust policy', trust(policy({ AWS: [ACCOUNT, FOREIGN] }), 'iam:UpdateAssumeRolePolicy', 'policyDocument')],
    ['a secret', trail('secretsmanager:PutResourcePolicy', { secretId: 's', resourcePolicy: policy({ AWS: FOREIGN }) })],
    [
      'a bucket, whose policy is an object',
      trail('s3:PutBucketPolicy', { bucketName: 'b', bucketPolicy: JSON.parse(policy({ AWS: FOREIGN })) }),
    ],
    ['a queue', trail('sqs:SetQueueAttributes', { queueUrl: 'q', attributes: { Policy: policy({ AWS: FOREIGN }) } })],
    ['a statement that stands alone', trust(JSON.stringify({ Statement: { Effect: 'Allow', Principal: { AWS: FOREIGN } } }))],
    [
      'a condition, which stays visible',
      trust(policy({ AWS: FOREIGN }, { Condition: { StringEquals: { 'sts:ExternalId': 'x' } } })),
    ],
  ])('finds %s', async (_, event) => {
    expect((await one(foreignAccess, event)).map(({ evidence }) => evidence['accounts'])).toEqual([[FOREIGN]])
  })

  it.each([
    ['our own account', invoke(ACCOUNT), {}],
    ['our own role', invoke(`arn:aws:iam::${ACCOUNT}:role/caller`), {}],
    ['a service', invoke('apigateway.amazonaws.com'), {}],
    ['everyone, which is another detection', invoke('*'), {}],
    ['no principal', invoke(undefined), {}],
    ['a trusted account', invoke(FOREIGN), { trustedAccounts: [FOREIGN] }],
    ['a call that failed', invoke(FOREIGN, {}, { errorCode: 'AccessDenied' }), {}],
    ['an event of an unknown account', invoke(FOREIGN, {}, { recipientAccountId: undefined, userIdentity: {} }), {}],
    [
      'a permission that is removed',
      trail('lambda:RemovePermission20150331v2', { functionName: 'orders', principal: FOREIGN }),
      {},
    ],
    ['a deny', trust(policy({ AWS: FOREIGN }, { Effect: 'Deny' })), {}],
    ['a service that may assume', trust(policy({ Service: 'lambda.amazonaws.com' })), {}],
    ['a document that is no JSON', trust('{'), {}],
    ['a document that is no policy', trust('[1,null,"x"]'), {}],
    ['a document too long to be one', trust(`${policy({ AWS: FOREIGN })}${' '.repeat(70_000)}`), {}],
    ['a policy of another call', trail('iam:GetRole', { roleName: 'r', assumeRolePolicyDocument: policy({ AWS: FOREIGN }) }), {}],
  ])('ignores %s', async (_, event, options) => {
    expect(await one(foreignAccess, event, options)).toEqual([])
  })
})
