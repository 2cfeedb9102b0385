import { describe, expect, it } from 'vitest'
import { cloudwatchLogs } from './cloudwatch-logs.ts'
import { FUNCTION_ARN, logRecord, testOrigin } from './testing/records.ts'

const origin = testOrigin({ sources: ['cloudwatch-logs'], region: 'eu-west-1' })

describe('cloudwatch-logs', () => {
  it('names the function whose log group it is', () => {
    const event = cloudwatchLogs.normalize(logRecord('/aws/lambda/orders', 'hello\n'), origin)
    expect(event.identity).toEqual({ account: '111122223333', region: 'eu-west-1', function: FUNCTION_ARN, claimed: false })
    expect(event.ocsf).toMatchObject({
      message: 'hello',
      device: { uid: FUNCTION_ARN },
      unmapped: { logGroup: '/aws/lambda/orders' },
    })
    expect(cloudwatchLogs.normalize(logRecord('/ecs/api', 'hello'), origin).identity.function).toBeUndefined()
  })

  it('has the uid that CloudWatch gave it, wherever it comes again', () => {
    const uid = (more = {}, id?: string) =>
      cloudwatchLogs.normalize(logRecord('/ecs/api', 'hello', id), { ...origin, ...more }).uid
    expect(uid({ id: 'shardId-000000000000:2' })).toBe(uid())
    expect(uid({}, '2')).not.toBe(uid())
    expect(uid({ id: 'shardId-000000000000:2' }, '')).not.toBe(uid({}, ''))
  })

  it('shows rules the message, and its fields when it is JSON', () => {
    const json = cloudwatchLogs.normalize(logRecord('/ecs/api', { level: 'error', message: 'no', order: 17 }), origin)
    expect(json.record).toMatchObject({
      record: { order: 17 },
      message: '{"level":"error","message":"no","order":17}',
      owner: '111122223333',
    })
    expect(json.ocsf).toMatchObject({ message: 'no', severity_id: 3, unmapped: { record: { order: 17 } } })
    expect(cloudwatchLogs.normalize(logRecord('/ecs/api', 'text'), origin).record).not.toHaveProperty('record')
  })
})
