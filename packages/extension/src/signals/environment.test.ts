import { expect, it } from 'vitest'
import { testRecorder } from '../testing/recorder.ts'

it('names variables that hold secrets, and gives away none', () => {
  const env = {
    DB_PASSWORD: 'correct-horse-battery',
    STAGE: 'production',
    DATABASE_URL: 'postgres://app:hunter2secret@db.internal/app',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  }
  const { recorder, shipped } = testRecorder(env)
  recorder.begin({ mode: 'telemetry', schema: '' })
  const [{ body } = { body: undefined }] = shipped().filter(each => each.signal === 'weir.environment')
  expect(body).toEqual({
    variables: 3,
    secrets: [
      { variable: 'DB_PASSWORD', kind: 'password', fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) },
      { variable: 'DATABASE_URL', kind: 'url-password', fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) },
    ],
  })
  for (const value of ['correct-horse', 'hunter2', 'wJalr']) expect(JSON.stringify(body)).not.toContain(value)
})
