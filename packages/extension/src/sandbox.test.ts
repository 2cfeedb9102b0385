import { describe, expect, it } from 'vitest'
import { body, testRecorder } from './testing/recorder.ts'

describe('the sandbox', () => {
  it('has an ARN from registration, and that of the invocation without its qualifier', () => {
    const { sandbox } = testRecorder().recorder
    expect(sandbox.identity).toMatchObject({ arn: 'arn:aws:lambda:eu-central-1:123456789012:function:orders', version: '7' })
    sandbox.invoked('arn:aws-cn:lambda:cn-north-1:210987654321:function:f:live', 'r', 0)
    expect(sandbox.identity.arn).toBe('arn:aws-cn:lambda:cn-north-1:210987654321:function:f')
    sandbox.invoked('nonsense', 'r', 0)
    expect(sandbox.identity.arn).toBe('arn:aws-cn:lambda:cn-north-1:210987654321:function:f')
  })

  it('is another one after a restore, with counters of its own', () => {
    const { recorder, host } = testRecorder()
    recorder.own('weir.x', {})
    recorder.counters.drop('reported', 1, 1)
    const [before] = recorder.cut()
    recorder.counters.drop('not reported yet', 2, 2)
    recorder.own('weir.y', {})
    recorder.renew()
    const [after] = recorder.cut()
    expect(after?.sandbox).not.toBe(before?.sandbox)
    expect(after).toMatchObject({ sequence: 1, emitted: 2, dropped: [{ reason: 'not reported yet', records: 2, bytes: 2 }] })
    const id = recorder.sandbox.id
    host.advance(1)
    recorder.renew()
    expect(recorder.sandbox.id).toBe(id)
  })

  it('takes no restore from telemetry where there is no snapshot to restore', () => {
    for (const [type, renewed] of [
      ['on-demand', false],
      ['snap-start', true],
    ] as const) {
      const { recorder } = testRecorder({ AWS_LAMBDA_INITIALIZATION_TYPE: type })
      const { id } = recorder.sandbox
      recorder.take(body({ type: 'platform.restoreStart', record: {} }))
      expect(recorder.sandbox.id !== id).toBe(renewed)
    }
  })
})
