import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { weir } from '../testing.ts'

describe('weir sinks', () => {
  it('lists every sink with its sentence', async () => {
    const { out, code } = await weir(['sinks'])
    expect(code).toBe(0)
    for (const name of ['splunk', 'elastic', 'sentinel', 'otlp', 'file', 'sqlite'])
      expect(out).toMatch(new RegExp(`^${name} +\\S`, 'm'))
  })

  it('describes the options of one, and says which are secrets', async () => {
    const { out } = await weir(['sinks', 'splunk'])
    expect(out).toMatch(/^ {2}url +required/m)
    expect(out).toMatch(/^ {2}token .*by reference/m)
  })

  it('writes what a destination needs, once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-install-'))
    try {
      const { code, err } = await weir(['sinks', 'splunk', '--install', folder])
      expect(code, err).toBe(0)
      expect((await readdir(folder, { recursive: true })).join()).toMatch(/tags\.conf/)
      expect((await weir(['sinks', 'splunk', '--install', folder])).code).toBe(2)
      expect((await weir(['sinks', 'file', '--install', folder])).err).toMatch(/nothing to install/)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('suggests a name', async () => {
    const { code, err } = await weir(['sinks', 'splnk'])
    expect(code).toBe(2)
    expect(err).toMatch(/did you mean "splunk"/)
  })
})
