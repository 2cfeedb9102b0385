import { describe, expect, it } from 'vitest'
import { ACCOUNT, ARN, FOREIGN, one, trail } from '../../test/support.ts'
import type { DetectorEvent } from '../detector.ts'
import { foreignLayer } from './foreign-layer.ts'

const layer = (account: string): string => `arn:aws:lambda:eu-west-1:${account}:layer:tools:3`
const update = (layers: unknown, more = {}, call = 'lambda:UpdateFunctionConfiguration20150331v2'): DetectorEvent =>
  trail(call, { functionName: 'orders', layers }, more)

describe('foreign layer', () => {
  it('tells whose layer a function loads now', async () => {
    const event = update([layer(ACCOUNT), layer(FOREIGN)], { responseElements: { functionArn: ARN } })
    expect(await one(foreignLayer, event)).toEqual([
      {
        group: ARN,
        window: event.uid,
        message: `${ARN} now loads a layer of account ${FOREIGN}`,
        events: [event],
        evidence: { function: ARN, layers: [layer(FOREIGN)], accounts: [FOREIGN], account: ACCOUNT },
      },
    ])
  })

  it.each(['lambda:UpdateFunctionConfiguration', 'lambda:CreateFunction20150331', 'lambda:CreateFunction'])(
    'reads %s',
    async call => {
      expect(await one(foreignLayer, update([layer(FOREIGN)], {}, call))).toHaveLength(1)
    },
  )

  it.each([
    ["the account's own layer", update([layer(ACCOUNT)]), {}],
    ['a layer that AWS publishes', update([layer('580247275435')]), {}],
    ['a layer of a trusted account', update([layer(FOREIGN)]), { trustedAccounts: [FOREIGN] }],
    ['a call that failed', update([layer(FOREIGN)], { errorCode: 'AccessDenied' }), {}],
    ['a call without layers', update(undefined), {}],
    ['a list of something else', update([null, 7, 'tools', { arn: 9 }]), {}],
    ['an event of an unknown account', update([layer(FOREIGN)], { recipientAccountId: undefined, userIdentity: {} }), {}],
    ['another call', update([layer(FOREIGN)], {}, 'lambda:UpdateFunctionCode20150331v2'), {}],
    ['another service', update([layer(FOREIGN)], {}, 'greengrass:CreateFunction'), {}],
  ])('ignores %s', async (_, event, options) => {
    expect(await one(foreignLayer, event, options)).toEqual([])
  })
})
