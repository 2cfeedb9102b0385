import { startChild, type Child, type Exit, type Watcher } from './child.ts'
import { FrameDecoder, LineDecoder, type LogLine } from './log-frames.ts'

export interface ProcessOptions {
  command: string
  args: readonly string[]
  env: Readonly<Record<string, string>>
  cwd: string
  /** Its log lines, from standard output, standard error and, where `framed`, the runtime's own descriptor. */
  onLine: (line: LogLine) => void
  onExit: (exit: Exit) => void
  framed?: boolean
}

/** The processes of one life of a sandbox, by name, and what they print. */
export class Processes {
  readonly #watcher: Watcher
  readonly #children = new Map<string, Child>()
  #logBytes = 0

  constructor(watcher: Watcher) {
    this.#watcher = watcher
  }

  get all(): ReadonlyMap<string, Child> {
    return this.#children
  }

  get pids(): number[] {
    return [...this.#children.values()].filter(child => child.running).flatMap(child => child.pid ?? [])
  }

  start(name: string, { onLine, onExit, ...options }: ProcessOptions): Child {
    const decoders = { 1: new LineDecoder(), 2: new LineDecoder(), 3: new FrameDecoder() }
    const onData = (fd: 1 | 2 | 3, chunk: Buffer) => {
      this.#logBytes += chunk.length
      for (const line of decoders[fd].push(chunk)) onLine(line)
    }
    const child = startChild({ ...options, onData }, this.#watcher)
    this.#children.set(name, child)
    void child.exited.then(async exit => {
      onExit(exit)
      await this.settleLogs()
      for (const decoder of Object.values(decoders)) for (const line of decoder.end()) onLine(line)
    })
    return child
  }

  /** Signals every process and whatever it started. */
  signal(signal: NodeJS.Signals): void {
    for (const child of this.#children.values()) child.signal(signal)
  }

  /**
   * Lets what a process wrote before its last request be read: the pipes and the request reach this process through different sockets.
   * Ends after two turns of the event loop without a byte; a process that never stops writing is not waited for.
   */
  async settleLogs(): Promise<void> {
    let quiet = 0
    for (let turn = 0; turn < 64 && quiet < 2; turn++) {
      const before = this.#logBytes
      await new Promise<void>(resolve => setImmediate(resolve))
      quiet = this.#logBytes === before ? quiet + 1 : 0
    }
  }
}
