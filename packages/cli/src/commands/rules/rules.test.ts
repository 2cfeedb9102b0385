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
    const { code, err } = await weir(['rules', 'check', folder])
    expect(code).toBe(3)
    expect(err).toMatch(/bad\.yml:5:\d+ "Broken": .*nothing/)
  })

  it('asks for what to check', async () => {
    expect((await weir(['rules', 'check'])).code).toBe(2)
    expect((await weir(['rules', 'chekc'])).err).toMatch(/did you mean "check"/)
  })
})
