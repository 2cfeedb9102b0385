import { expect, it } from 'vitest'
import { invocationAt } from './invocation-at.ts'
import { body, testRecorder } from './testing/recorder.ts'

it('what the function tells at once belongs to the newest invocation until that is known to be over', () => {
  const { recorder, host } = testRecorder()
  const { sandbox } = recorder
  const began = host.now()
  const at = (ms: number) => invocationAt(sandbox, began + ms)
  const say = (type: string, requestId: string, ms: number) =>
    recorder.take(body({ type, time: new Date(began + ms).toISOString(), record: { requestId } }))
  expect(at(0)).toBe('')
  host.advance(5)
  sandbox.invoked('', 'a', host.now())
  // Told before our INVOKE event came, though not before the function's.
  expect([at(4), at(5)]).toEqual(['a', 'a'])
  say('platform.start', 'a', 3)
  say('platform.runtimeDone', 'a', 20)
  host.advance(25)
  expect([at(4), at(10), at(26)]).toEqual(['a', 'a', 'a'])
  sandbox.invoked('', 'b', host.now())
  expect([at(10), at(28), at(30)]).toEqual(['a', 'b', 'b'])
  say('platform.start', 'b', 27)
  say('platform.runtimeDone', 'b', 40)
  expect([at(28), at(25)]).toEqual(['b', ''])
})
