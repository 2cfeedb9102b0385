import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { withLintTable } from './readme.ts'

describe('the README', () => {
  it('has every lint as it is; `node packages/sigma/build/lints.ts` writes the table anew', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
    expect(readme).toBe(withLintTable(readme))
  })

  it('needs the marks of its table', () => {
    expect(() => withLintTable('no table')).toThrow(/marks/)
  })
})
