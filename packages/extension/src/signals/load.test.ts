import { expect, it } from 'vitest'
import { testRecorder } from '../testing/recorder.ts'
import { changeLoad } from './load.ts'

it('says what is left out from here on, and by which figures', () => {
  const { recorder, shipped } = testRecorder({ WEIR_BUDGET_MS: '20' })
  changeLoad(recorder, 'overlap', 'all', 61.7)
  expect(recorder.load).toBe('all')
  changeLoad(recorder, 'sample', 'overlap', 30)
  expect(recorder.load).toBe('sample')
  expect(shipped()).toMatchObject([
    { signal: 'weir.load', body: { step: 'overlap', before: 'all', addedMs: 62, budgetMs: 20 } },
    { signal: 'weir.load', body: { step: 'sample', before: 'overlap', addedMs: 30, budgetMs: 20 } },
  ])
})
