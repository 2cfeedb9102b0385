import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { EPOCH, MINUTE, Stream, windowsOf } from '../../test/correlating.ts'
import { parseRules } from '../parse/yaml.ts'
import { linkRules } from '../ruleset.ts'

const FOLDER = new URL('../../test/correlations/', import.meta.url).pathname
const load = (name: string) => linkRules([parseRules(readFileSync(`${FOLDER}${name}.yml`, 'utf8'), `${name}.yml`)])

type Fields = { readonly [field: string]: unknown }

/** Lets events come one by one, by minute, with a tick each minute until two hours after the last. */
async function play(name: string, service: string, events: readonly (readonly [at: number, fields: Fields])[]) {
  const stream = new Stream(load(name))
  const logsource = { product: 'aws', service }
  const found = []
  const last = Math.max(...events.map(([at]) => at))
  for (let at = 0; at <= last + 120; at++) {
    for (const [when, fields] of events) {
      if (when === at) found.push(...(await stream.send([{ ...fields, at, what: '' }], { logsource })))
    }
    found.push(...(await stream.tick(at)))
  }
  return found
}

describe('the examples', () => {
  it.each(readdirSync(FOLDER))('%s loads whole', file => {
    const set = load(file.replace('.yml', ''))
    expect(set.refused).toEqual([])
    // What only feeds the first document makes no findings.
    expect(set.silent.size).toBe(set.rules.length + set.correlations.length - 1)
  })

  it('password_spray_at_an_api wants many users from one address, and then one let in', async () => {
    const request = (ip: string, user: string, status: number): Fields => ({ ip, user, status, path: '/login' })
    const spray = ['ann', 'bob', 'cid', 'dan', 'eve'].map((user, i) => [i, request('192.0.2.7', user, 401)] as const)
    expect(
      windowsOf(await play('password_spray_at_an_api', 'apigateway', [...spray, [9, request('192.0.2.7', 'eve', 200)]])),
    ).toEqual(['192.0.2.7 0-15'])
    expect(await play('password_spray_at_an_api', 'apigateway', [[0, request('192.0.2.7', 'eve', 200)], ...spray])).toHaveLength(
      0,
    )
    expect(await play('password_spray_at_an_api', 'apigateway', [...spray, [9, request('192.0.2.8', 'eve', 200)]])).toEqual([])
  })

  it('secrets_harvested counts secrets and parameters together', async () => {
    const by = (fields: Fields): Fields => ({
      ...fields,
      userIdentity: { arn: 'arn:aws:sts::111122223333:assumed-role/worker/fn' },
    })
    const secret = (secretId: string): Fields =>
      by({ eventSource: 'secretsmanager.amazonaws.com', eventName: 'GetSecretValue', requestParameters: { secretId } })
    const parameters = (...names: readonly string[]): Fields =>
      by({ eventSource: 'ssm.amazonaws.com', eventName: 'GetParameters', requestParameters: { names } })
    const [match] = await play('secrets_harvested', 'cloudtrail', [
      [1, secret('db')],
      [2, secret('db')],
      [3, parameters('/a', '/b', '/c')],
    ])
    expect(match?.evidence).toEqual({ value_count: 4, from: EPOCH + MINUTE, to: EPOCH + 3 * MINUTE })
    expect(
      await play('secrets_harvested', 'cloudtrail', [
        [1, secret('db')],
        [2, parameters('/a', '/b')],
      ]),
    ).toEqual([])
  })

  it('trail_stopped_and_not_started is silent when the trail is started in time', async () => {
    const trail = (eventName: string, name: string): Fields => ({
      eventSource: 'cloudtrail.amazonaws.com',
      eventName,
      recipientAccountId: '111122223333',
      requestParameters: { name },
    })
    const found = await play('trail_stopped_and_not_started', 'cloudtrail', [
      [5, trail('StopLogging', 'main')],
      [6, trail('StopLogging', 'other')],
      [19, trail('StartLogging', 'other')],
      [21, trail('StartLogging', 'main')],
    ])
    expect(found.map(({ groupBy }) => groupBy['requestParameters.name'])).toEqual(['main'])
  })

  it('function_taken_over wants the steps in their order, by one principal, on one function', async () => {
    const step = (eventName: string, arn: string, more: Fields = {}): Fields => ({
      eventSource: 'lambda.amazonaws.com',
      eventName,
      userIdentity: { arn },
      requestParameters: { functionName: 'pay', ...more },
    })
    const role = (arn: string): Fields =>
      step('UpdateFunctionConfiguration20150331v2', arn, { role: 'arn:aws:iam::111122223333:role/admin' })
    const code = (arn: string): Fields => step('UpdateFunctionCode20150331v2', arn)
    expect(
      await play('function_taken_over', 'cloudtrail', [
        [0, role('ann')],
        [5, code('ann')],
        [9, step('Invoke', 'ann')],
      ]),
    ).toHaveLength(1)
    expect(
      await play('function_taken_over', 'cloudtrail', [
        [0, code('ann')],
        [5, role('ann')],
        [9, step('Invoke', 'ann')],
      ]),
    ).toEqual([])
    expect(
      await play('function_taken_over', 'cloudtrail', [
        [0, role('ann')],
        [5, code('bob')],
        [9, step('Invoke', 'ann')],
      ]),
    ).toEqual([])
  })

  it('function_slow_and_costly joins a sum that fires at once with a median that waits for its hour', async () => {
    const report = (durationMs: number): Fields => ({
      type: 'platform.report',
      function: 'pay',
      metrics: { durationMs, billedDurationMs: durationMs },
    })
    const slow = [0, 10, 20, 30, 40].map(at => [at, report(800_000)] as const)
    expect(windowsOf(await play('function_slow_and_costly', 'lambda', slow))).toEqual(['pay 0-120'])
    expect(
      await play('function_slow_and_costly', 'lambda', [
        ...slow,
        ...slow.flatMap(
          ([at]) =>
            [
              [at, report(10)],
              [at, report(10)],
            ] as const,
        ),
      ]),
    ).toEqual([])
  })
})
