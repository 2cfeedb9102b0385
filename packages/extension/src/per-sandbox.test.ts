import { expect, it } from 'vitest'
import { perSandbox } from './per-sandbox.ts'
import { testRecorder } from './testing/recorder.ts'

it('remembers by recorder and by sandbox, and forgets at a restore', () => {
  const stateOf = perSandbox(() => ({ seen: 0 }))
  const { recorder } = testRecorder()
  stateOf(recorder).seen++
  expect(stateOf(recorder).seen).toBe(1)
  expect(stateOf(testRecorder().recorder).seen).toBe(0)
  recorder.renew()
  expect(stateOf(recorder).seen).toBe(0)
})
