import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createOpener } from '@weir/schema/open'
import { keyId } from '@weir/schema/seal'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { weir } from '../testing.ts'

describe('weir keys', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weir-keys-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  /** Whether a private key is that of a public one. */
  const belong = (own: string, line: string): boolean => {
    const recipient = Buffer.from(line.trim().replace('WEIR_JOURNAL_KEY=', ''), 'base64')
    return createOpener([Buffer.from(own, 'base64')]).keys[0] === Buffer.from(keyId(recipient)).toString('hex')
  }

  it('writes the private key where only its owner may read it, and prints the public one', async () => {
    const { code, out, err } = await weir(['keys', '--private', 'journal.key'], { cwd: folder })
    expect(code, err).toBe(0)
    expect(out).toMatch(/^WEIR_JOURNAL_KEY=[\w+/]{43}=\n$/)
    const own = await readFile(join(folder, 'journal.key'), 'utf8')
    expect(belong(own, out)).toBe(true)
    expect((await stat(join(folder, 'journal.key'))).mode & 0o777).toBe(0o600)
    expect(out + err).not.toContain(own.trim())
  })

  it('overwrites nothing', async () => {
    const before = await readFile(join(folder, 'journal.key'), 'utf8')
    const { code, err } = await weir(['keys', '--private', 'journal.key'], { cwd: folder })
    expect([code, err]).toEqual([2, expect.stringContaining('journal.key is there already')])
    expect(await readFile(join(folder, 'journal.key'), 'utf8')).toBe(before)
    expect((await weir(['keys', '--private', 'no/such/folder'], { cwd: folder })).err).toContain('cannot be written (ENOENT)')
  })

  it('writes the private key to standard output alone where it is told to', async () => {
    const { code, out, err } = await weir(['keys', '--private', '-'])
    expect(code).toBe(0)
    expect(out).toMatch(/^[\w+/]{43}=\n$/)
    expect(belong(out, /WEIR_JOURNAL_KEY=\S+/.exec(err)?.[0] ?? '')).toBe(true)
  })

  it('makes another pair each time, and none unless it is told where to', async () => {
    const [one, two] = [await weir(['keys', '--private', '-']), await weir(['keys', '--private', '-'])]
    expect(one.out).not.toBe(two.out)
    const { code, out, err } = await weir(['keys'])
    expect([code, out, err]).toEqual([2, '', expect.stringContaining('--private FILE')])
  })
})
