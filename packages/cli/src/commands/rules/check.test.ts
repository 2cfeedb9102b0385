import { existsSync, readdirSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { weir } from '../../testing.ts'

const DATA = new URL('../../../../../../shared/data/sigma/', import.meta.url).pathname
const noData = !existsSync(DATA)
if (noData) process.stdout.write(`skipped: the check of all rules of SigmaHQ, because ${DATA} is not there\n`)

const asRoot = process.getuid?.() === 0
if (asRoot) process.stdout.write('skipped: a folder that may not be read, because this user may read all of them\n')

const rule = (title: string, more = ''): string =>
  `title: ${title}\nstatus: test\nlogsource: {product: test}\ndetection:\n  sel: {a: 1}\n  condition: sel\n${more}`
const needy = (title: string): string => rule(title).replace('{a: 1}', "{'a|expand': '%admins%'}")

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-check-'))
  await mkdir(join(folder, 'tree/deep'), { recursive: true })
  const files = {
    'good.yml': `${rule('Good')}---\n${rule('Other')}`,
    'good.cases.yml': 'match: [{name: one, event: {a: 1}}]\n',
    'mappings.yml': '# names\n- rules: {product: test}\n  fields: {a: b}\n',
    'deep/needy.yml': needy('Needy'),
    'README.md': '# rules\n',
    'filter.yml': 'title: Filter\nlogsource: {product: test}\nfilter:\n  rules: any\n  sel: {b: 2}\n  condition: not sel\n',
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, 'tree', name), text)
})
afterAll(() => rm(folder, { recursive: true, force: true }))
const run = (...args: readonly string[]): ReturnType<typeof weir> => weir(['rules', 'check', ...args], { cwd: folder })

describe('weir rules check', () => {
  it('tells of every file: rules, cases, mappings, what is no YAML, and what is refused', async () => {
    const { code, out, err } = await run('tree', '--files')
    expect(code).toBe(3)
    expect(out).toContain('tree/good.yml: 2 rules\n')
    expect(out).toContain('tree/good.cases.yml: 1 case\n')
    expect(out).toContain('tree/mappings.yml: 1 mapping\n')
    expect(out).toContain('tree/README.md: no YAML, not read\n')
    expect(out).toMatch(/^refused tree\/deep\/needy\.yml:5:\d+ "Needy": .*%admins%/m)
    expect(err).toContain('6 files: 3 of rules, 1 of cases, 1 of mappings, 1 no YAML and not read (1 .md)')
    expect(err).toContain('2 rules, 0 correlations and 1 filter load; 1 refused')
    expect(err).not.toContain('needy')
    expect(err).toContain('status: test 2')
  })

  it('takes refusals that are listed, wherever the tree lies, and keeps why they are', async () => {
    expect(await run('tree', '--write-expect', 'known.yml')).toMatchObject({ code: 0 })
    const written = await readFile(join(folder, 'known.yml'), 'utf8')
    expect(written).toContain('file: deep/needy.yml')
    await writeFile(join(folder, 'known.yml'), `${written}  why: the list is ours to fill\n`)
    const { code, err } = await run('tree', '--expect', 'known.yml')
    expect(code).toBe(0)
    expect(err).toContain('1 refused, 1 of them as expected')
    const elsewhere = await weir(['rules', 'check', join(folder, 'tree'), '--expect', join(folder, 'known.yml')], {
      cwd: tmpdir(),
    })
    expect(elsewhere.code).toBe(0)
    await run('tree', '--write-expect', 'known.yml')
    expect(await readFile(join(folder, 'known.yml'), 'utf8')).toContain('why: the list is ours to fill')
  })

  it('tells of a listed refusal that no longer happens', async () => {
    await writeFile(
      join(folder, 'stale.yml'),
      '- {file: deep/*.yml, reason: "*%admins%*"}\n- {file: good.yml, rule: Good, reason: "*"}\n',
    )
    const { code, out } = await run('tree', '--expect', 'stale.yml')
    expect(code).toBe(3)
    expect(out).toBe('no longer refused good.yml "Good": *\n')
  })

  it('lists refusals that name places in other files so that they hold elsewhere and when lines move', async () => {
    const twin = (title: string): string => rule(title).replace('status:', 'id: 0a1b2c3d-0000-4000-8000-00000000000a\nstatus:')
    await mkdir(join(folder, 'my twins'))
    await writeFile(join(folder, 'my twins/a.yml'), twin('One'))
    await writeFile(join(folder, 'my twins/b.yml'), twin('Two'))
    expect((await run('my twins')).out).toContain('is taken by "One" in my twins/a.yml:2:1')
    expect((await run('my twins', '--write-expect', 'twins.yml')).code).toBe(0)
    expect(await readFile(join(folder, 'twins.yml'), 'utf8')).toMatch(/reason: its id \S+ is taken by "One" in \*$/m)
    await writeFile(join(folder, 'my twins/a.yml'), `# moved\n${twin('One')}`)
    const elsewhere = ['rules', 'check', join(folder, 'my twins'), '--expect', join(folder, 'twins.yml')]
    expect(await weir(elsewhere, { cwd: tmpdir() })).toMatchObject({ code: 0, out: '' })
  })

  it('reads placeholders from a config', async () => {
    await writeFile(join(folder, 'weir.yaml'), 'rules:\n  placeholders: {admins: [root]}\n')
    expect((await run('tree', '--config', 'weir.yaml')).err).toContain('3 rules')
  })

  it('is one JSON object a line for scripts, the sum last', async () => {
    const { out, code } = await run('tree', '--json')
    const lines = out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>)
    expect(code).toBe(3)
    expect(lines.filter(({ kind }) => kind === 'file')).toHaveLength(6)
    expect(lines).toContainEqual(expect.objectContaining({ kind: 'refused', rule: 'Needy', expected: false }))
    expect(lines.at(-1)).toMatchObject({
      kind: 'sum',
      files: 6,
      rules: 2,
      filters: 1,
      refused: 1,
      unexpected: 1,
      statuses: { test: 2 },
    })
  })

  it('refuses what cannot be read, and goes round no circle', async () => {
    await mkdir(join(folder, 'odd'))
    await writeFile(join(folder, 'odd/latin.yml'), Buffer.from([0x74, 0xe9, 0x74]))
    await symlink('nowhere.yml', join(folder, 'odd/link.yml'))
    await symlink('.', join(folder, 'odd/self'))
    const { code, out } = await run('odd')
    expect(code).toBe(3)
    expect(out).toContain('latin.yml:1:1 is not text in UTF-8')
    expect(out).toContain('link.yml:1:1 is a link to nothing')
    expect(out).toContain('self:1:1 this folder was read already')
  })

  it('takes no file that is larger than any rule', async () => {
    await mkdir(join(folder, 'large'))
    await writeFile(join(folder, 'large/a.yml'), '#'.repeat((3 << 20) + 1))
    expect((await run('large')).out).toContain('a.yml:1:1 has 3145729 bytes, more than the 3145728 that are read; split it')
  })

  it('passes nothing that holds no rule file, and reads a file that is named whatever its ending', async () => {
    await mkdir(join(folder, 'empty/within'), { recursive: true })
    expect(await run('empty')).toMatchObject({ code: 2, err: 'weir: empty: holds no .yml file\n' })
    await writeFile(join(folder, 'empty/rule.txt'), rule('Text').replace('condition: sel', 'condition: none'))
    expect(await run('empty')).toMatchObject({ code: 2 })
    expect(await run('empty/rule.txt')).toMatchObject({
      code: 3,
      out: expect.stringMatching(/^refused empty\/rule\.txt:6/) as string,
    })
  })

  it.skipIf(asRoot)('tells of a folder that it may not read', async () => {
    await mkdir(join(folder, 'closed/shut'), { recursive: true, mode: 0o700 })
    await writeFile(join(folder, 'closed/a.yml'), rule('Open'))
    await chmod(join(folder, 'closed/shut'), 0)
    for (const action of ['check', 'test']) {
      const { code, out, err } = await weir(['rules', action, 'closed'], { cwd: folder })
      expect(out + err).toContain('refused closed/shut:1:1 this folder cannot be read (EACCES)\n')
      expect(code).toBe(3)
    }
    await chmod(join(folder, 'closed/shut'), 0o700)
  })

  it('prints no text of a rule or a file as it would like to be printed', async () => {
    await mkdir(join(folder, 'esc'))
    await writeFile(
      join(folder, 'esc/\u001b[31m\n::error::.yml'),
      rule('"\\e]0;t\\a\\n::error::"').replace('condition: sel', 'condition: none'),
    )
    await writeFile(join(folder, 'esc.yml'), '- { file: "\\e[31m\\n::x", reason: "\\u202e" }\n')
    const { out, err } = await run('esc', '--files', '--expect', 'esc.yml')
    expect(out).toMatch(/^refused .*^no longer refused /ms)
    expect(out + err).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/)
    expect(out + err).not.toMatch(/^\s*::/m)
  })

  it('says what is wrong with the list of known refusals', async () => {
    expect((await run('tree', '--expect', 'none.yml')).err).toMatch(/none\.yml: cannot be read; .*--write-expect/)
    await writeFile(join(folder, 'wrong.yml'), '- {file: a.yml, reasn: b}\n')
    expect(await run('tree', '--expect', 'wrong.yml')).toMatchObject({ code: 2, err: expect.stringContaining('[0].reasn') })
    await writeFile(join(folder, 'map.yml'), 'file: a\n')
    expect(await run('tree', '--write-expect', 'none/known.yml')).toMatchObject({
      code: 2,
      err: 'weir: --write-expect none/known.yml: cannot be written (ENOENT)\n',
    })
    expect((await run('tree', '--expect', 'stale.yml', '--write-expect', 'known.yml')).err).toMatch(/give one of them/)
    expect((await run('tree', '--expect', 'map.yml')).code).toBe(2)
  })

  it.skipIf(noData)('passes over all rules of SigmaHQ, with the two that need a list of the reader', async () => {
    await writeFile(
      join(folder, 'sigmahq.yml'),
      '- {file: "*CVE-2026-54121/*.yml", reason: "*no values are given for the placeholder %known_cdcs%*"}\n',
    )
    const folders = readdirSync(DATA).filter(name => name.startsWith('rules'))
    const { code, err } = await run(...folders.map(name => `${DATA}${name}`), '--expect', 'sigmahq.yml')
    expect(code, err).toBe(0)
    expect(err).toMatch(/37\d\d rules, .*; 2 refused, 2 of them as expected/)
  })
})
