import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { weir } from '../../testing.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-coverage-'))
  await writeFile(
    join(folder, 'a.yml'),
    'title: A rule\ntags: [attack.execution, attack.t1648, attack.t9999]\nlogsource: {product: test}\ndetection:\n  sel: {x: one}\n  condition: sel\n',
  )
})
afterAll(() => rm(folder, { recursive: true, force: true }))
const run = (...args: readonly string[]): ReturnType<typeof weir> => weir(['rules', 'coverage', ...args], { cwd: folder })

describe('weir rules coverage', () => {
  it("tells tactics with their techniques, Weir's own rules and detectors among them", async () => {
    const { code, out, err } = await run()
    expect(code).toBe(0)
    expect(out).toMatch(/^defense-impairment \(TA0112\): \d+ of \d+ techniques, \d+ rules\n {4}.*T1685\.002 ×\d/m)
    expect(err).toMatch(/\d+ rules and detectors; \d+ techniques of ATT&CK 19/)
  })

  it('counts rules of the paths alone when asked, and tells of ids that do not exist', async () => {
    const { out, err } = await run('a.yml', '--no-builtin')
    expect(out).toMatch(/execution \(TA0002\): 1 of \d+ techniques, 1 rule\n {4}T1648\n/)
    expect(err).toContain('unknown T9999 in "A rule"')
  })

  it('counts rules, not titles', async () => {
    const text = await readFile(join(folder, 'a.yml'), 'utf8')
    await writeFile(
      join(folder, 'twins.yml'),
      `${text}---\n${text.replace('one', 'two')}id: 0a1b2c3d-0000-4000-8000-00000000000a\n`,
    )
    const { out } = await run('twins.yml', '--no-builtin')
    expect(out).toMatch(/execution \(TA0002\): 1 of \d+ techniques, 2 rules\n {4}T1648 ×2\n/)
  })

  it('says where a layer cannot be written', async () => {
    expect(await run('--navigator', 'none/x')).toMatchObject({
      code: 2,
      err: 'weir: --navigator none/x: cannot be written (ENOENT)\n',
    })
  })

  it('writes a Navigator layer, and JSON for scripts', async () => {
    const { out } = await run('a.yml', '--no-builtin', '--json', '--navigator', 'layer.json')
    expect(JSON.parse(out)).toEqual({ technique: 'T1648', tactic: 'execution', titles: ['A rule'] })
    expect(JSON.parse(await readFile(join(folder, 'layer.json'), 'utf8'))).toMatchObject({
      domain: 'enterprise-attack',
      versions: { layer: '4.5' },
      techniques: [{ techniqueID: 'T1648', tactic: 'execution', score: 1, comment: 'A rule' }],
    })
  })
})
