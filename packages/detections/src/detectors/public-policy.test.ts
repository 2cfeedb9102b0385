import { describe, expect, it } from 'vitest'
import { ACCOUNT, one, trail } from '../../test/support.ts'
import type { DetectorEvent } from '../detector.ts'
import { publicPolicy } from './public-policy.ts'

const trust = (principal: unknown, more = {}, fields = {}): DetectorEvent =>
  trail(
    'iam:UpdateAssumeRolePolicy',
    {
      roleName: 'helper',
      policyDocument: JSON.stringify({ Statement: [{ Effect: 'Allow', Principal: principal, Action: '*', ...more }] }),
    },
    fields,
  )
const when = (operator: string, key: string): DetectorEvent => trust('*', { Condition: { [operator]: { [key]: 'x' } } })

describe('public policy', () => {
  it('tells what everyone may use', async () => {
    const event = trust('*')
    expect(await one(publicPolicy, event)).toEqual([
      {
        group: `${ACCOUNT} helper`,
        window: event.uid,
        message: 'iam:UpdateAssumeRolePolicy on helper lets everyone in',
        events: [event],
        evidence: { resource: 'helper', principal: '*', account: ACCOUNT },
      },
    ])
  })

  it.each([
    ['everyone among AWS principals', trust({ AWS: ['arn:aws:iam::111122223333:root', '*'] })],
    ['a condition that anyone can meet', when('StringEquals', 'sts:ExternalId')],
    ['a condition on who it is not', when('StringNotEquals', 'aws:PrincipalOrgID')],
    [
      'a topic',
      trail('sns:SetTopicAttributes', {
        topicArn: 't',
        attributeName: 'Policy',
        attributeValue: '{"Statement":[{"Effect":"Allow","Principal":"*"}]}',
      }),
    ],
  ])('finds %s', async (_, event) => {
    expect(await one(publicPolicy, event)).toHaveLength(1)
  })

  it.each([
    ['a named account', trust({ AWS: ACCOUNT })],
    ['a federated provider', trust({ Federated: '*' })],
    ['an organization', when('StringEquals', 'aws:PrincipalOrgID')],
    ['a source account in other letters', when('ForAnyValue:StringLike', 'AWS:SourceAccount')],
    ['a deny', trust('*', { Effect: 'Deny' })],
    ['a call that failed', trust('*', {}, { errorCode: 'MalformedPolicyDocument' })],
    ['a function, which has a rule', trail('lambda:AddPermission20150331v2', { functionName: 'orders', principal: '*' })],
    [
      'another attribute of a topic',
      trail('sns:SetTopicAttributes', { topicArn: 't', attributeName: 'DisplayName', attributeValue: '*' }),
    ],
  ])('ignores %s', async (_, event) => {
    expect(await one(publicPolicy, event)).toEqual([])
  })
})
