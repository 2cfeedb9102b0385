import { describe, expect, it } from 'vitest'
import { ACCOUNT, one, trail } from '../../test/support.ts'
import type { DetectorEvent } from '../detector.ts'
import { adminPolicyWritten } from './admin-policy-written.ts'

const inline = (policyDocument: unknown, fields = {}): DetectorEvent =>
  trail('iam:PutRolePolicy', { roleName: 'orders-role', policyName: 'all', policyDocument }, fields)
const policy = (...statements: object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements.map(each => ({ Effect: 'Allow', ...each })) })
const ALL = { Action: '*', Resource: '*' }

describe('administrator rights in a policy', () => {
  it('are told with where and what', async () => {
    const event = inline(policy({ NotAction: ['s3:*'], Resource: '*' }))
    expect(await one(adminPolicyWritten, event)).toEqual([
      {
        group: `${ACCOUNT} orders-role`,
        window: event.uid,
        message: 'iam:PutRolePolicy on orders-role gives the rights of an administrator',
        events: [event],
        evidence: { target: 'orders-role', actions: ['not s3:*'], resources: ['*'], account: ACCOUNT },
      },
    ])
  })

  it.each([
    ['every action', inline(policy(ALL))],
    ['one statement, not in a list', inline(JSON.stringify({ Statement: { Effect: 'Allow', ...ALL } }))],
    ['at the end of a list', inline(policy({ Action: ['s3:GetObject', '*:*'], Resource: ['arn:aws:s3:::x', '*'] }))],
    ['beside a deny', inline(policy({ Effect: 'Deny', Action: 's3:*', Resource: '*' }, ALL))],
    [
      'every action of IAM in a version',
      trail('iam:CreatePolicyVersion', { policyDocument: policy({ ...ALL, Action: 'iam:*' }) }),
    ],
    ['every role', inline(policy({ Action: 'iam:*', Resource: 'arn:aws:iam::111122223333:role/*' }))],
    ['every ARN', inline(policy({ Action: '*', Resource: 'arn:aws:*:*:*:*' }))],
    ['all actions but a few', inline(policy({ NotAction: ['organizations:*', 'iam:CreateUser'], Resource: '*' }))],
    ['all resources but a few', inline(policy({ Action: '*', NotResource: 'arn:aws:s3:::vault/*' }))],
  ])('are found: %s', async (_, event) => {
    expect(await one(adminPolicyWritten, event)).toHaveLength(1)
  })

  it.each([
    ['every action on one bucket', inline(policy({ Action: '*', Resource: 'arn:aws:s3:::orders/*' }))],
    ['every action on all buckets', inline(policy({ Action: '*', Resource: 'arn:aws:s3:::*' }))],
    ['every action of IAM on one role', inline(policy({ Action: 'iam:*', Resource: 'arn:aws:iam::111122223333:role/orders' }))],
    [
      'action and resource in two statements',
      inline(policy({ Action: '*', Resource: 'arn:aws:s3:::orders' }, { Action: 's3:ListAllMyBuckets', Resource: '*' })),
    ],
    ['every action of one service', inline(policy({ Action: 's3:*', Resource: '*' }))],
    ['all actions but those of IAM', inline(policy({ NotAction: ['iam:*', 'organizations:*'], Resource: '*' }))],
    ['a deny', inline(policy({ ...ALL, Effect: 'Deny' }))],
    ['no JSON', inline('Allow "Action": "*"')],
    ['no document', inline(7)],
    ['the policy is deleted', trail('iam:DeleteRolePolicy', { roleName: 'r', policyDocument: policy(ALL) })],
    ['the call was denied', inline(policy(ALL), { errorCode: 'AccessDenied' })],
    ['another service', trail('organizations:CreatePolicy', { policyDocument: policy(ALL) })],
  ])('are not: %s', async (_, event) => {
    expect(await one(adminPolicyWritten, event)).toEqual([])
  })
})
