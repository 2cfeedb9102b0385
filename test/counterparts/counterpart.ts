import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync, rmSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A real system that Weir is held against. */
export interface Counterpart {
  readonly name: string
  /** Throws `Skipped` where the counterpart cannot be had on this machine, anything else where it failed. */
  run(stand: Stand): Promise<void>
}

/** The counterpart is not to be had here, and why. */
export class Skipped extends Error {}

/** What a counterpart is given to work with. What it starts and writes is gone after it, but for the cache. */
export interface Stand {
  /** A folder of its own, removed afterwards. */
  readonly temp: string
  /** Where what was installed is kept. */
  readonly cache: string
  /** What was asked for on the command line; each counterpart has its own default. */
  readonly options: Options
  /** One thing to be shown; a failing one is told and counted, and the others still run. Answers whether it held. */
  step(what: string, work: () => unknown): Promise<boolean>
  note(line: string): void
  /** A cached folder: `make` fills it once for a key, which names every version in it. Where it cannot, `Skipped`. */
  installed(key: string, make: (folder: string) => Promise<void>): Promise<string>
  /** Starts a process that is killed, with its children, at the latest when the counterpart ends. */
  start(command: string, args: readonly string[], options?: StartOptions): Started
}

/** For counterparts that generate what they compare. */
export interface Options {
  /** How much to generate. */
  readonly runs?: number
  /** The same seed generates the same. */
  readonly seed?: number
}

export interface StartOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
}

export interface Started {
  readonly exit: Promise<number | null>
  /** What it printed so far, both streams. */
  output(): string
  /** SIGTERM to its group and a wait; SIGKILL after ten seconds. */
  stop(): Promise<void>
}

const cacheRoot =
  process.env['WEIR_COUNTERPARTS'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'weir-counterparts')

/** The file that a command name stands for, or undefined. */
export const which = (name: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map(folder => join(folder, name))
    .find(file => existsSync(file))

/** The tool, or `Skipped`. */
export function need(tool: string): string {
  const found = which(tool)
  if (found === undefined) throw new Skipped(`no ${tool} on this machine`)
  return found
}

/** A port of loopback that was free a moment ago, for servers that cannot be told to choose one. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Asks again until `probe` answers with something, for `seconds` at most. */
export async function eventually<T>(what: string, probe: () => Promise<T | undefined> | T | undefined, seconds = 60): Promise<T> {
  const until = Date.now() + seconds * 1000
  for (;;) {
    const found = await probe()
    if (found !== undefined) return found
    if (Date.now() > until) throw new Error(`${what}: not within ${seconds} s`)
    await sleep(100)
  }
}

/** Waits until a started server answers HTTP, whatever it says. */
export async function serving(what: string, server: Started, url: string, seconds = 60): Promise<void> {
  let ended = false
  void server.exit.then(() => (ended = true))
  const ask = async (): Promise<true | undefined> => {
    if (ended) throw new Error(`${what} ended: ${server.output().trim().slice(-500)}`)
    return fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
      async response => {
        await response.arrayBuffer()
        return true as const
      },
      () => undefined,
    )
  }
  await eventually(what, ask, seconds)
}

const live = new Set<ChildProcess>()
/** The whole group: what a child started is ours as well. */
function killGroup(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  } catch {
    // It is gone already.
  }
}
const temps = new Set<string>()
process.on('exit', () => {
  live.forEach(child => killGroup(child))
  for (const temp of temps) rmSync(temp, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1))

function launch(command: string, args: readonly string[], { cwd, env }: StartOptions): ChildProcess {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  live.add(child)
  child.on('close', () => live.delete(child))
  return child
}

/**
 * Runs a tool to its end, its output into `log`; standard output is the answer. Throws `Skipped` with its last words where it fails or takes
 * longer than `seconds`: it installs, and a registry that cannot be reached is no fault of Weir.
 */
export async function install(
  command: string,
  args: readonly string[],
  { seconds, log, ...options }: StartOptions & { readonly seconds: number; readonly log: string },
): Promise<string> {
  const child = launch(command, args, options)
  const file = createWriteStream(log, { flags: 'a' })
  let out = ''
  let tail = ''
  child.stdout?.on('data', (part: Buffer) => (out += part.toString()))
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (part: Buffer) => {
      file.write(part)
      tail = (tail + part.toString()).slice(-2_000)
    })
  }
  let late = false
  const timer = setTimeout(() => {
    late = true
    killGroup(child)
  }, seconds * 1000)
  const [code] = (await once(child, 'close').catch(() => [127])) as [number | null]
  clearTimeout(timer)
  file.end()
  if (code === 0) return out
  const words = late ? `not done in ${seconds} s` : (tail.trim().split('\n').at(-1) ?? '').trim()
  throw new Skipped(`${command} ${args.slice(0, 2).join(' ')} failed: ${words.slice(0, 300)} (${log})`)
}

/** Runs one counterpart on a stand of its own and tells what came of it. */
export async function hold(
  counterpart: Counterpart,
  print: (line: string) => void,
  options: Options = {},
): Promise<'passed' | 'failed' | 'skipped'> {
  const temp = await mkdtemp(join(tmpdir(), 'weir-counterpart-'))
  temps.add(temp)
  const started: Started[] = []
  let failed = 0
  const tell = (what: string, error: unknown): void => {
    failed++
    print(`  FAILED  ${what}\n${indent(error instanceof Error ? (error.stack ?? error.message) : String(error))}`)
  }
  const stand: Stand = {
    temp,
    cache: cacheRoot,
    options,
    note: line => print(`          ${line}`),
    async step(what, work) {
      try {
        await work()
        print(`  ok      ${what}`)
        return true
      } catch (error) {
        if (error instanceof Skipped) throw error
        tell(what, error)
        return false
      }
    },
    async installed(key, make) {
      const folder = join(cacheRoot, key)
      const mark = join(folder, '.complete')
      if (existsSync(mark)) return folder
      const began = Date.now()
      await rm(folder, { recursive: true, force: true })
      await mkdir(folder, { recursive: true })
      await make(folder)
      await writeFile(mark, '')
      print(`          installed ${key} in ${((Date.now() - began) / 1000).toFixed(0)} s`)
      return folder
    },
    start(command, args, options = {}) {
      const child = launch(command, args, options)
      let output = ''
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part: Buffer) => (output += part.toString()))
      child.on('error', error => (output += error.message))
      const exit = once(child, 'close').then(
        ([code]) => code as number | null,
        () => null,
      )
      const one: Started = {
        exit,
        output: () => output,
        async stop() {
          if (!live.has(child)) return
          killGroup(child, 'SIGTERM')
          const timer = setTimeout(() => killGroup(child), 10_000)
          await exit
          clearTimeout(timer)
          killGroup(child)
        },
      }
      started.push(one)
      return one
    },
  }
  try {
    await counterpart.run(stand)
  } catch (error) {
    if (error instanceof Skipped && failed === 0) {
      print(`  SKIPPED: ${error.message}`)
      return 'skipped'
    }
    tell('ran to its end', error)
  } finally {
    await Promise.all(started.map(one => one.stop()))
    await rm(temp, { recursive: true, force: true })
  }
  if (failed > 0) for (const one of started) if (one.output()) print(indent(one.output().slice(-3_000)))
  return failed > 0 ? 'failed' : 'passed'
}

const indent = (text: string): string => text.replaceAll(/^/gm, '          ')

/** Lines of JSON in a file; none where there is no file. */
export async function jsonLines(file: string): Promise<unknown[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as unknown)
}
