import { expect, it } from 'vitest'
import { body, testRecorder } from '../testing/recorder.ts'

it('passes on a type that is new, redacted', () => {
  const { recorder, shipped } = testRecorder()
  recorder.take(body({ type: 'novelty', record: { key: 'AKIAQ3EGRIXAMPLE4Z7T', n: 1 } }, { type: 'empty', record: undefined }))
  const [first, second] = shipped()
  expect(first).toMatchObject({ signal: 'novelty', body: { n: 1 } })
  expect(JSON.stringify(first)).not.toContain('AKIAQ3')
  expect(second).toMatchObject({ signal: 'empty', body: null })
})
