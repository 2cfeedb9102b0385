import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { SIGNALS } from './index.ts'

describe('the table of signals', () => {
  it('has each file of the folder once, `unknown` last', () => {
    const files = readdirSync(new URL('.', import.meta.url)).filter(each => each.endsWith('.ts') && !each.endsWith('.test.ts'))
    expect(SIGNALS).toHaveLength(files.length - 2)
    expect(new Set(SIGNALS.map(each => each.name)).size).toBe(SIGNALS.length)
    expect(SIGNALS.at(-1)?.takes).toEqual(['*'])
  })
})
