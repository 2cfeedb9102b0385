import { expect, it } from 'vitest'
import { body, testRecorder } from '../testing/recorder.ts'

it('names the newest invocation after a timeout or a failure only', () => {
  const { recorder, host, shipped } = testRecorder()
  recorder.sandbox.invoked('', 'r-1', host.now())
  host.advance(3000)
  recorder.end({ reason: 'timeout' })
  recorder.end({ reason: 'spindown' })
  recorder.take(body({ type: 'platform.runtimeDone', record: { requestId: 'r-1' } }))
  recorder.end({ reason: 'failure' })
  expect(
    shipped().flatMap(({ signal, invocation, body: value }) => (signal === 'weir.end' ? [{ invocation, body: value }] : [])),
  ).toEqual([
    { invocation: 'r-1', body: { reason: 'timeout', requestId: 'r-1', runningMs: 3000 } },
    { invocation: '', body: { reason: 'spindown' } },
    { invocation: 'r-1', body: { reason: 'failure', requestId: 'r-1', runningMs: 3000 } },
  ])
})
