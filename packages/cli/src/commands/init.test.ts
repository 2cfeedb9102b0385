import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { weir } from '../testing.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-init-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('weir init', () => {
  it('writes a config that weir check finds valid, and its schema', async () => {
    expect((await weir(['init'], { cwd: folder })).code).toBe(0)
    const { code, err } = await weir(['check'], { cwd: folder })
    expect(code, err).toBe(0)
    const schema = JSON.parse(await readFile(join(folder, 'weir.schema.json'), 'utf8'))
    expect(schema.title).toBe('weir.yaml')
  })

  it('keeps what is there, unless told otherwise', async () => {
    await writeFile(join(folder, 'mine.yaml'), 'sinks: []\n')
    const { code, err } = await weir(['init', 'mine.yaml'], { cwd: folder })
    expect(code).toBe(2)
    expect(err).toMatch(/there already; --force/)
    expect(await readFile(join(folder, 'mine.yaml'), 'utf8')).toBe('sinks: []\n')
    expect((await weir(['init', '--force', 'mine.yaml'], { cwd: folder })).code).toBe(0)
  })
})
