import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { weir } from '../testing.ts'

const bootstrap = fileURLToPath(new URL('../../bootstrap.mjs', import.meta.url))
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** Pids whose environment carries this mark: whatever a run leaves behind has inherited it. */
function marked(mark: string): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => {
      try {
        return (
          readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark) &&
          !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
        )
      } catch {
        return false
      }
    })
}

interface Started {
  readonly child: ChildProcess
  /** Resolves with all that was printed so far, once it holds this. */
  until(pattern: RegExp): Promise<string>
  readonly closed: Promise<void>
}

function begin(command: string, args: readonly string[], env: object, cwd: string, detached = false): Started {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, detached, stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  let text = ''
  const waiting = new Set<() => void>()
  const more = (chunk: Buffer): void => {
    text += chunk
    for (const wake of waiting) wake()
  }
  child.stdout.on('data', more)
  child.stderr.on('data', more)
  const closed = new Promise<void>(resolve => child.on('close', () => resolve()))
  return {
    child,
    closed,
    until: pattern =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(text)) return
          waiting.delete(look)
          resolve(text)
        }
        waiting.add(look)
        void closed.then(() => (pattern.test(text) ? resolve(text) : reject(new Error(`it ended before ${pattern}:\n${text}`))))
        look()
      }),
  }
}

describe('weir start', () => {
  it('takes an invocation by hand and a pack that is published, and on SIGTERM prints the ledger', {
    timeout: 120_000,
  }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-start-'))
    try {
      const entry = fileURLToPath(new URL('../weir.ts', import.meta.url))
      expect(await weir(['rules', 'build', '--out', 'packs'], { cwd: folder })).toMatchObject({ code: 0 })
      const started = begin(process.execPath, [entry, 'start', '--no-scenario', '--pack', 'packs'], {}, folder)
      const url = /curl (\S+) /.exec(await started.until(/curl \S+ /))?.[1] ?? ''
      const key = ['AK', 'IA', 'T5XWQ2ZK7RBMNV3E'].join('')
      const answer = await fetch(url, { method: 'POST', body: JSON.stringify({ name: 'Ada', log: `using ${key}` }) })
      expect(await answer.json()).toEqual({ message: 'hello, Ada' })
      expect(await started.until(/secret/i)).not.toContain(key)
      await started.until(/a new rule pack runs/)
      started.child.kill('SIGTERM')
      await started.closed
      expect(started.child.exitCode).toBe(0)
      expect(await started.until(/ledger/)).toMatch(/telemetry/)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('names a port that is taken, without a stack', { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-start-'))
    const server = createServer()
    try {
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as AddressInfo
      const { code, err } = await weir(['start', '--no-scenario', '--port', String(port)], { cwd: folder, env: process.env })
      expect(code).toBe(2)
      expect(err).toContain(`--port ${port}: is taken by another process`)
      expect(err).not.toMatch(/at .*\.ts:\d+/)
    } finally {
      server.close()
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('takes one Ctrl-C to its whole group, which the bootstrap passes on, as one', { timeout: 120_000 }, async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'weir-start-'))
    try {
      const started = begin(process.execPath, [bootstrap, 'start', '--no-scenario'], { TMPDIR: scratch }, tmpdir(), true)
      await started.until(/curl /)
      process.kill(-(started.child.pid ?? 0), 'SIGINT')
      await started.until(/ledger/)
      await started.closed
      expect(started.child.exitCode).toBe(0)
      expect(readdirSync(scratch)).toEqual([])
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  })

  it.skipIf(!existsSync('/proc'))(
    'leaves no orphan when the shell that npm runs it in is killed',
    { timeout: 120_000 },
    async () => {
      const mark = `WEIR_TEST_MARK=${process.pid}-${Date.now()}`
      const [name = '', value = ''] = mark.split('=')
      // As npm runs a script, but for npm: a shell that does not hand its signals on.
      const started = begin(
        '/bin/sh',
        ['-c', `"${process.execPath}" "${bootstrap}" start --no-scenario; exit $?`],
        { [name]: value, npm_lifecycle_event: 'start' },
        tmpdir(),
      )
      await started.until(/curl /)
      expect(marked(mark).length).toBeGreaterThan(1)
      started.child.kill('SIGKILL')
      await started.until(/ledger/)
      await started.closed
      await expect.poll(() => marked(mark), { timeout: 20_000 }).toEqual([])
    },
  )
})
