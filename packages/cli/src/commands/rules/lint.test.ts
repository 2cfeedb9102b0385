import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RULES } from '@weir/detections'
import { LINTS } from '@weir/sigma/lint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { weir } from '../../testing.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-lint-'))
  await writeFile(
    join(folder, 'a.yml'),
    'title: A\nid: 3f4c1b0e-52a9-4c6e-9d0b-1f2e3d4c5b6a\nlevel: low\nlogsource: {product: test}\ndetection:\n  sel: {x: one}\n  filter: {y: two}\n  condition: sel and filter\n',
  )
})
afterAll(() => rm(folder, { recursive: true, force: true }))
const run = (...args: readonly string[]): ReturnType<typeof weir> => weir(['rules', 'lint', ...args], { cwd: folder })

describe('weir rules lint', () => {
  it('tells file, line, column, code and the way to mend it; exit code 3', async () => {
    const { code, out, err } = await run('.')
    expect(code).toBe(3)
    expect(out).toContain('a.yml:8:22 warning filter-not-negated: "filter" is not negated\n    Write `not` before it')
    expect(err).toMatch(/1 documents in 1 files: 0 errors, 1 warnings, \d notes \(\d not shown: --severity info\)/)
  })

  it('shows notes when asked, and leaves out what is disabled', async () => {
    const { code, out } = await run('.', '--severity', 'info', '--disable', 'filter-not-negated,missing-author')
    expect(code).toBe(0)
    expect(out).toContain('missing-date')
    expect(out).not.toMatch(/filter-not-negated|missing-author/)
  })

  it('is JSON for scripts', async () => {
    const { out } = await run('.', '--json')
    expect(JSON.parse(out)).toMatchObject({
      code: 'filter-not-negated',
      severity: 'warning',
      file: 'a.yml',
      line: 8,
      column: 22,
      rule: 'A',
    })
  })

  it('lists its codes, and knows no others', async () => {
    const { out } = await run('--codes')
    for (const { code } of LINTS) expect(out).toContain(code)
    expect(await run('.', '--disable', 'filter-not-negatd')).toMatchObject({
      code: 2,
      err: expect.stringContaining('did you mean "filter-not-negated"'),
    })
    expect((await run('.', '--severity', 'loud')).code).toBe(2)
    expect((await run()).code).toBe(2)
  })

  it("has nothing to say of Weir's own pack", async () => {
    const rules = fileURLToPath(RULES)
    const { code, out } = await run(rules)
    expect(out).toBe('')
    expect(code).toBe(0)
  })
})
