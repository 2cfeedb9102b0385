import type { Connection, ConnectionEvents, Files, Host, Target } from '../host/host.ts'
import { nodeHost } from '../host/node.ts'
import { memoryFiles } from './files.ts'

/**
 * A host for tests: real hashes, and time, environment and randomness that the test holds. Networks only where the test
 * gives a `dial`, files only where it gives `files`.
 */
export interface FakeHost extends Host {
  readonly said: string[]
  readonly exits: number[]
  /** Moves the clock and runs what is due, in order. */
  advance(ms: number): void
}

export interface FakeParts {
  readonly env?: Record<string, string>
  readonly now?: number
  readonly files?: Files
  readonly dial?: (target: Target, events: ConnectionEvents) => Connection
}

export function fakeHost({ env = {}, now = Date.UTC(2026, 0, 1), files = memoryFiles({}), dial }: FakeParts = {}): FakeHost {
  const real = nodeHost(env)
  let clock = now
  let seed = 1
  let timers: { at: number; task: () => void }[] = []
  return {
    ...real,
    files,
    said: [],
    exits: [],
    now: () => clock,
    after(ms, task) {
      const timer = { at: clock + ms, task }
      timers.push(timer)
      return () => {
        timers = timers.filter(each => each !== timer)
      }
    },
    advance(ms) {
      const end = clock + ms
      for (;;) {
        const next = timers.filter(each => each.at <= end).sort((a, b) => a.at - b.at)[0]
        if (!next) break
        timers = timers.filter(each => each !== next)
        clock = Math.max(clock, next.at)
        next.task()
      }
      clock = end
    },
    dial: dial ?? (() => ({ write: () => {}, close: () => {} })),
    random: bytes => Buffer.alloc(bytes, seed++),
    say(line) {
      this.said.push(line)
    },
    exit(code) {
      this.exits.push(code)
    },
    onUncaught: () => {},
  }
}
