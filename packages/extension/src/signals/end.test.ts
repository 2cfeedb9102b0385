import { expect, it } from 'vitest'
import { body, testRecorder } from '../testing/recorder.ts'

const waiting = { kept: 3, log: 2, cut: 1 }

it('says what is waiting, and names the newest invocation after a timeout or a failure only', () => {
  const { recorder, host, shipped } = testRecorder()
  recorder.sandbox.invoked('', 'r-1', host.now())
  host.advance(3000)
  recorder.end({ reason: 'timeout', waiting })
  recorder.end({ reason: 'spindown', waiting })
  recorder.take(body({ type: 'platform.runtimeDone', record: { requestId: 'r-1' } }))
  recorder.end({ reason: 'failure', waiting })
  expect(
    shipped().flatMap(({ signal, invocation, body: value }) => (signal === 'weir.end' ? [{ invocation, body: value }] : [])),
  ).toEqual([
    { invocation: 'r-1', body: { reason: 'timeout', waiting, requestId: 'r-1', runningMs: 3000 } },
    { invocation: '', body: { reason: 'spindown', waiting } },
    { invocation: 'r-1', body: { reason: 'failure', waiting, requestId: 'r-1', runningMs: 3000 } },
  ])
})
