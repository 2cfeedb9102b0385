import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createHash } from 'node:crypto'
import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { install, need, type Stand } from './counterpart.ts'

export const RSIGMA_VERSION = '0.23.0' // rsigma/Cargo.lock

/** How rsigma takes the log source into account; `rsigma/src/main.rs` says what each means. */
export type Routing = 'none' | 'subset' | 'conflict'

/** What `load` tells: ids that are ready to be matched, and what was not taken. */
export interface RsigmaLoad {
  readonly loaded: readonly (string | null)[]
  readonly refused: readonly { readonly rule: string; readonly reason: string }[]
  readonly ms: number
  readonly residentBefore: number
  readonly resident: number
}

/** A process that holds rsigma's engine. It ends with its standard input. */
export interface Rsigma {
  load(paths: readonly string[], extra?: readonly string[]): Promise<RsigmaLoad>
  /** Reads the events that all further calls are about: a line is `{"logsource":{…},"event":{…}}`. */
  events(file: string): Promise<number>
  /** Milliseconds that serde_json takes over the text of the first `count` events. */
  parse(count: number): Promise<number>
  /** Milliseconds for the first `count` events on one thread. */
  run(routing: Routing, count: number, bloom: boolean): Promise<number>
  /** The events that rules match, by their place, and the ids of these rules. */
  match(routing: Routing): Promise<readonly (readonly [at: number, ids: readonly (string | null)[]])[]>
  correlate(): Promise<RsigmaCorrelation>
  close(): Promise<void>
}

export interface RsigmaCorrelation {
  readonly ms: number
  readonly fired: number
  readonly groups: number
  readonly residentBefore: number
  readonly resident: number
}

/** The program in rsigma/, built by the Cargo of this machine into the cache; the answer is its path. Some 80 s on two cores, once. */
export async function buildRsigma(stand: Pick<Stand, 'installed'>): Promise<string> {
  const cargo = need('cargo')
  const source = fileURLToPath(new URL('rsigma', import.meta.url))
  const hash = createHash('sha256')
  for (const file of ['Cargo.toml', 'Cargo.lock', 'src/main.rs']) hash.update(await readFile(join(source, file)))
  const folder = await stand.installed(`rsigma-${RSIGMA_VERSION}-${hash.digest('hex').slice(0, 12)}`, async folder => {
    await cp(source, folder, { recursive: true })
    const env = { CARGO_TARGET_DIR: join(folder, 'target') }
    const log = join(folder, 'install.log')
    await install(cargo, ['build', '--release', '--locked', '--quiet'], { cwd: folder, env, seconds: 540, log })
  })
  return join(folder, 'target/release/weir-rsigma')
}

/** Starts the program. Its calls run one after another; each rejects with what the program says, or that it ended. */
export function openRsigma(program: string): Rsigma {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const failed = new Promise<never>((_, reject) => child.once('error', reject))
  failed.catch(() => {})
  let last: Promise<unknown> = Promise.resolve()
  function ask<T>(request: object): Promise<T> {
    const answered = last.then(async () => {
      child.stdin.write(`${JSON.stringify(request)}\n`)
      const line = await Promise.race([lines.next(), failed])
      if (line.done === true) throw new Error(`rsigma ended over ${JSON.stringify(request).slice(0, 200)}`)
      const answer = JSON.parse(line.value) as T & { readonly error?: string }
      if (answer.error !== undefined) throw new Error(`rsigma: ${answer.error}`)
      return answer
    })
    last = answered.catch(() => {})
    return answered
  }
  return {
    load: (paths, extra = []) => ask<RsigmaLoad>({ op: 'load', paths, extra }),
    events: async file => (await ask<{ events: number }>({ op: 'events', file })).events,
    parse: async count => (await ask<{ ms: number }>({ op: 'parse', count })).ms,
    run: async (routing, count, bloom) => (await ask<{ ms: number }>({ op: 'run', routing, count, bloom })).ms,
    match: async routing =>
      (await ask<{ matches: readonly (readonly [number, readonly (string | null)[]])[] }>({ op: 'match', routing })).matches,
    correlate: () => ask<RsigmaCorrelation>({ op: 'correlate' }),
    async close() {
      if (child.exitCode !== null) return
      child.stdin.end()
      await once(child, 'close')
    },
  }
}
