import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { files } from './files.ts'

const hasPipes = spawnSync('mkfifo', ['--version']).status === 0
if (!hasPipes) process.stdout.write('a read of a pipe is not tried: there is no mkfifo here\n')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-files-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('a read', () => {
  it('gives at most so many bytes, from a place', async () => {
    await writeFile(join(folder, 'a'), '0123456789')
    expect(files.read(join(folder, 'a'), 4, 3)?.toString()).toBe('3456')
    expect(files.read(join(folder, 'a'), 40)?.toString()).toBe('0123456789')
    expect(files.read(join(folder, 'none'), 4)).toBeUndefined()
  })

  // Where it waits for a writer the whole process does, so that it is tried in another one.
  it.skipIf(!hasPipes)('does not wait for somebody to write to a pipe', () => {
    const pipe = join(folder, 'pipe')
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0)
    const program = `import { files } from ${JSON.stringify(import.meta.resolve('./files.ts'))}\nprocess.stdout.write('read ' + (files.read(${JSON.stringify(pipe)}, 10)?.length ?? 0))`
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { timeout: 20_000 })
    expect(stdout.toString()).toBe('read 0')
  })
})
