import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Brought } from './brought.ts'

let folder: string
let packed: Buffer
let brought: typeof import('./brought.ts')
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-brought-'))
  const head = Buffer.alloc(512)
  head.write('package/bin/tool', 0)
  head.write('0000755', 100)
  head.write('00000000003', 124)
  packed = gzipSync(Buffer.concat([head, Buffer.from('abc'), Buffer.alloc(509 + 1024)]))
  vi.stubEnv('WEIR_CACHE', join(folder, 'cache'))
  vi.stubEnv('PATH', join(folder, 'bin'))
  brought = await import('./brought.ts')
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

/** What stands for npm in the next call: a program of this Node. */
async function npm(body: string): Promise<void> {
  await mkdir(join(folder, 'bin'), { recursive: true })
  await writeFile(join(folder, 'bin/npm'), `#!${process.execPath}\n${body}\n`)
  await chmod(join(folder, 'bin/npm'), 0o755)
}
const packs = () => npm(`require('fs').writeFileSync('tool-1.0.0.tgz', Buffer.from('${packed.toString('base64')}', 'base64'))`)
const integrity = () => `sha512-${createHash('sha512').update(packed).digest('base64')}`
const tool = (more: Partial<Brought> = {}): Brought => ({
  name: '@some/tool',
  version: '1.0.0',
  integrity: integrity(),
  files: ['bin/tool'],
  ...more,
})

describe('a package that is brought', () => {
  it('says so where npm cannot have it, and leaves nothing behind', async () => {
    await npm("process.stderr.write('npm error code ENOTFOUND'); process.exitCode = 1")
    const attempt = brought.broughtFrom(tool(), () => {})
    await expect(attempt).rejects.toThrow(
      /@some\/tool 1\.0\.0 from npm, whose registry must be reached once, failed \(1\): npm error code ENOTFOUND/,
    )
    await expect(attempt).rejects.toBeInstanceOf(brought.RuntimeError)
    await rm(join(folder, 'bin/npm'))
    await expect(brought.broughtFrom(tool(), () => {})).rejects.toThrow(/ENOENT/)
    expect(await readdir(join(folder, 'cache/weir-runtime'))).toEqual([])
  })

  it('is not taken where its bytes are others than the pinned ones, or a file is missing', async () => {
    await packs()
    const other = brought.broughtFrom(tool({ integrity: 'sha512-AAAA' }), () => {})
    await expect(other).rejects.toThrow(/not the bytes that were released/)
    await expect(brought.broughtFrom(tool({ files: ['bin/other'] }), () => {})).rejects.toThrow(/has no bin\/other/)
    expect(await readdir(join(folder, 'cache/weir-runtime'))).toEqual([])
  })

  it('is brought once, with the files that are wanted', async () => {
    await packs()
    const said: string[] = []
    const [one, two] = [
      await brought.broughtFrom(tool(), line => said.push(line)),
      await brought.broughtFrom(tool(), line => said.push(line)),
    ]
    expect(one).toBe(two)
    expect(said).toEqual(['bringing @some/tool 1.0.0 from npm'])
    expect(await readFile(join(one, 'bin/tool'), 'utf8')).toBe('abc')
    expect(await readdir(one)).toEqual(['bin'])
  })
})
