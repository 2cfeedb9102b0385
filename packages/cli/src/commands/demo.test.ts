import { spawn } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const entry = fileURLToPath(new URL('../weir.ts', import.meta.url))

describe('weir demo', () => {
  it('plays the whole flow once: every act is found, the ledger adds up, exit code 0', { timeout: 120_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-demo-'))
    try {
      let text = ''
      const child = spawn(process.execPath, [entry, 'demo'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
      child.stdout.on('data', chunk => (text += chunk))
      child.stderr.on('data', chunk => (text += chunk))
      const code = await new Promise(resolve => child.on('close', resolve))
      expect(code, text).toBe(0)
      expect(text).not.toMatch(/\u001b/) // no colours where nobody watches
      expect(text).not.toContain(['AK', 'IA', 'Z7DEMO4QXW2NKLMP'].join(''))

      const [run = ''] = await readdir(join(folder, '.weir'))
      const events = (await readFile(join(folder, '.weir', run, 'events.ndjson'), 'utf8'))
        .trim()
        .split('\n')
        .map(line => JSON.parse(line))
      // What the ledger says was delivered is what lies in the sink, and each stream has its row.
      const delivered = /^local +(\d+) +(\d+) /m.exec(text)
      expect(delivered?.slice(1).map(Number), text).toEqual([events.length, events.length])
      expect(text).toMatch(/^telemetry +\d+ +\d+/m)
      expect(text).toMatch(/^trail +\d+ +\d+/m)
      const findings = events.filter(event => event.class_uid === 2004)
      expect(findings.length).toBeGreaterThan(8)
      // What the platform says of a function has come all the way.
      expect(events.some(event => JSON.stringify(event).includes('platform.report'))).toBe(true)
      expect(new Set(events.map(event => event.metadata.uid)).size).toBe(events.length)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('exits with 130 when it is interrupted', { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-demo-'))
    try {
      let text = ''
      const child = spawn(process.execPath, [entry, 'demo'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
      child.stderr.on('data', chunk => {
        text += chunk
        if (/▸/.test(text)) child.kill('SIGINT')
      })
      expect(await new Promise(resolve => child.on('close', resolve)), text).toBe(130)
      expect(text).toMatch(/ledger/)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
