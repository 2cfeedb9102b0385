import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { weir } from '../../testing.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-rules-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('weir rules', () => {
  it('lists the pack: rules, correlations and detectors, most severe first', async () => {
    const { out, code } = await weir(['rules', 'list', '--json'])
    expect(code).toBe(0)
    const all = out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(['rule', 'correlation', 'detector']))
    expect(all.every(({ id, title, level }) => id && title && level)).toBe(true)
    expect((await weir(['rules'])).out).toMatch(/T\d{4}/)
  })

  it('checks files: each refusal with file, line, column and reason, exit code 3', async () => {
    await writeFile(
      join(folder, 'bad.yml'),
      'title: Broken\nlogsource: {product: aws}\ndetection:\n  sel: {a: 1}\n  condition: sel and nothing\n',
    )
    const { code, out } = await weir(['rules', 'check', folder])
    expect(code).toBe(3)
    expect(out).toMatch(/bad\.yml:5:\d+ "Broken": .*nothing/)
  })

  it('prints no title as it would like to be printed', async () => {
    const text =
      'title: "\\e[2J\\n::error::\\u202e"\nlogsource: { product: "\\e[31m" }\ndetection: { sel: { a: 1 }, condition: sel }\n'
    await writeFile(join(folder, 'nasty.yml'), text)
    const { out, err } = await weir(['rules', 'list', 'nasty.yml', '--no-builtin'], { cwd: folder })
    expect(out).toMatch(/^medium .*error/)
    expect(out + err).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/)
    expect(err).toBe('1 rule, 0 correlations, 0 detectors, 0 refused\n')
  })

  it('has help for each action', async () => {
    const { out } = await weir(['help', 'rules', 'check'])
    expect(out).toBe((await weir(['rules', 'check', '--help'])).out)
    expect(out).toContain('usage: weir rules check PATH')
    expect((await weir(['help', 'rules'])).out).toContain('actions:')
    expect((await weir(['help', 'rules', 'chekc'])).err).toMatch(/did you mean "check"/)
  })

  it('names a path that is not there as what it is', async () => {
    expect(await weir(['rules', 'list', 'nope'], { cwd: folder })).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^weir: PATH nope: /),
    })
  })

  it('asks for what to check', async () => {
    expect((await weir(['rules', 'check'])).code).toBe(2)
    expect((await weir(['rules', 'chekc'])).err).toMatch(/did you mean "check"/)
  })
})
