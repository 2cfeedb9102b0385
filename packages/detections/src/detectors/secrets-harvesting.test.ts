import { describe, expect, it } from 'vitest'
import { ACCOUNT, memoryState, NOON, run, trail } from '../../test/support.ts'
import type { DetectorEvent } from '../detector.ts'
import { secretsHarvesting } from './secrets-harvesting.ts'

const ALICE = `arn:aws:iam::${ACCOUNT}:user/alice`
const get = (secretId: string, more = {}, time = NOON): DetectorEvent =>
  trail('secretsmanager:GetSecretValue', { secretId }, more, time)
const nine = Array.from({ length: 9 }, (_, index) => get(`app/${index}`))
const session = (name: string) => ({
  userIdentity: {
    type: 'AssumedRole',
    arn: `arn:aws:sts::${ACCOUNT}:assumed-role/reader/${name}`,
    sessionContext: { sessionIssuer: { type: 'Role', arn: `arn:aws:iam::${ACCOUNT}:role/reader` } },
  },
})

describe('secrets harvesting', () => {
  it('tells who asked for how many different secrets', async () => {
    const [found, ...more] = await run(secretsHarvesting, { a: [...nine, get('app/9', { errorCode: 'AccessDeniedException' })] })
    expect(more).toEqual([])
    expect(found).toMatchObject({
      group: ALICE,
      window: String(NOON),
      message: `${ALICE} asked for 10 different secrets within 5 minutes`,
      evidence: { secrets: 10, denied: 1, sourceIPAddress: '198.51.100.23', account: ACCOUNT },
    })
    expect(found?.evidence['names']).toContain('secretsmanager:app/9')
  })

  it.each([
    ['a tenth by name', get('app/9')],
    ['several at once', trail('secretsmanager:BatchGetSecretValue', { secretIdList: ['app/9', 'app/10'] })],
    ['a parameter in the clear', trail('ssm:GetParameter', { name: '/app/key', withDecryption: true })],
    ['parameters in the clear', trail('ssm:GetParameters', { names: ['/app/key'], withDecryption: true })],
    ['a path in the clear', trail('ssm:GetParametersByPath', { path: '/', withDecryption: true, recursive: true })],
  ])('counts %s', async (_, event) => {
    expect(await run(secretsHarvesting, { a: [...nine, event] })).toHaveLength(1)
  })

  it.each([
    ['the same secret again', get('app/1')],
    ['the same secret by its ARN', get(`arn:aws:secretsmanager:eu-west-1:${ACCOUNT}:secret:app/1-AbCdEf`)],
    ['a parameter that stays encrypted', trail('ssm:GetParameter', { name: '/app/key', withDecryption: false })],
    ['a list of names', trail('secretsmanager:ListSecrets', {})],
    ['a call without parameters', trail('secretsmanager:GetSecretValue', null)],
    ['another principal', get('app/9', session('x'))],
    ['a service on its own account', get('app/9', { userIdentity: { type: 'AWSService', arn: ALICE } })],
    ['a service that starts a task', get('app/9', { sourceIPAddress: 'ecs-tasks.amazonaws.com' })],
    ['the next window', get('app/9', {}, NOON + 300_000)],
  ])('does not count %s', async (_, event) => {
    expect(await run(secretsHarvesting, { a: [...nine, event] })).toEqual([])
  })

  it("takes a role's sessions for one principal, over batches, and tells once", async () => {
    const state = memoryState()
    const batches = Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`b${i}`, [get(`app/${i}`, session(`s${i}`))]]))
    const found = await run(secretsHarvesting, batches, { state })
    expect(found.map(({ group, evidence }) => [group, evidence['secrets']])).toEqual([
      [`arn:aws:iam::${ACCOUNT}:role/reader`, 10],
    ])
    expect(await run(secretsHarvesting, batches, { state })).toEqual(found)
  })

  it('takes its threshold from the options, and keeps its state small', async () => {
    expect(await run(secretsHarvesting, { a: nine }, { options: { secretsPerWindow: 9 } })).toHaveLength(1)
    const state = memoryState()
    const flood = Array.from({ length: 5000 }, (_, index) => get(`${'x'.repeat(5000)}${index}`))
    await run(secretsHarvesting, { a: flood, b: flood }, { state, options: { secretsPerWindow: 1e9 } })
    expect(state.size()).toBeLessThan(300_000)
  })
})
