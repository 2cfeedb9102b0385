import { expect, it } from 'vitest'
import { CLASS } from './index.ts'

it('names the class of a finding as OCSF does', () => {
  expect(CLASS.detectionFinding).toBe(2004)
})
