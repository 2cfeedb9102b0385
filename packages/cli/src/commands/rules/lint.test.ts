import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { setImmediate } from 'node:timers/promises'
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
    expect(err).toMatch(/1 document in 1 file: 0 errors, 1 warning, \d notes \(\d not shown: --severity info\)/)
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

  it('tells of each file that it cannot read', async () => {
    await mkdir(join(folder, 'odd'))
    const odd = (name: string, data: Buffer): Promise<void> => writeFile(join(folder, 'odd', name), data)
    await odd('binary.yml', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0x00]))
    await odd('latin.yml', Buffer.from('title: Zürich\n', 'latin1'))
    await odd('long.yml', Buffer.alloc(2 << 20, '# a\n'))
    await odd('utf16.yml', Buffer.from('\ufefftitle: A\n', 'utf16le'))
    await odd('zlong.yml', Buffer.alloc(4 << 20, '# a\n'))
    await symlink('nowhere', join(folder, 'odd', 'link.yml'))
    const { code, out, err } = await run('odd')
    expect(code).toBe(3)
    expect(out.match(/^odd\/\w+\.yml:1:1 error refused: .*/gm)).toEqual([
      expect.stringContaining('binary.yml:1:1 error refused: is not text in UTF-8'),
      expect.stringContaining('latin.yml:1:1 error refused: is not text in UTF-8'),
      expect.stringContaining('link.yml:1:1 error refused: is a link to nothing'),
      expect.stringContaining('long.yml:1:1 error refused: longer than'),
      expect.stringContaining('utf16.yml:1:1 error refused: is not text in UTF-8'),
      expect.stringMatching(/zlong.yml:1:1 error refused: .*split/),
    ])
    expect(err).toContain('6 documents in 6 files: 6 errors, 0 warnings, 0 notes')
  })

  it('says how often each code is told, the most frequent first', async () => {
    const rule = (title: string): string =>
      `title: ${title}\nlogsource: {product: test}\ndetection: {a: {x: ${title}}, condition: a}\n`
    await writeFile(join(folder, 'two.yml'), `level: low\n${rule('one')}---\n${rule('two')}`)
    const { err } = await run('two.yml')
    expect(err).toBe(
      '2 missing-id, 1 missing-level\n2 documents in 1 file: 0 errors, 3 warnings, 12 notes (12 not shown: --severity info)\n',
    )
  })

  it('stops on a signal', async () => {
    const stop = new AbortController()
    stop.abort()
    const { code, out } = await weir(['rules', 'lint', '.'], { cwd: folder, signal: stop.signal })
    expect([code, out]).toEqual([130, ''])
  })

  it('hears a signal between two documents', async () => {
    const stop = new AbortController()
    const running = weir(['rules', 'lint', fileURLToPath(RULES)], { cwd: folder, signal: stop.signal })
    for (let i = 0; i < 20; i++) await setImmediate()
    stop.abort()
    expect((await running).code).toBe(130)
  })

  it("has nothing to say of Weir's own pack", async () => {
    const rules = fileURLToPath(RULES)
    const { code, out } = await run(rules)
    expect(out).toBe('')
    expect(code).toBe(0)
  })
})
