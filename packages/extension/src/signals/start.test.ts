import { expect, it } from 'vitest'
import { testRecorder } from '../testing/recorder.ts'
import { VERSION } from '../version.ts'

it('says once that Weir watches, how, and what is wrong with its configuration', () => {
  const { recorder, shipped } = testRecorder({ WEIR_FLUSH: 'never' })
  recorder.begin({ mode: 'telemetry', schema: '2025-01-29' })
  expect(shipped().filter(each => each.signal === 'weir.start')).toMatchObject([
    {
      body: {
        version: VERSION,
        mode: 'telemetry',
        schema: '2025-01-29',
        flush: 'auto',
        faults: ['WEIR_FLUSH: expected one of auto, end, interval'],
      },
    },
  ])
})
