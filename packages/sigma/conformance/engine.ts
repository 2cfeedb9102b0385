import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { Answer, Question } from './suite.ts'

/** Something that answers questions one after the other. */
export interface Engine {
  readonly name: string
  ask(question: Question): Promise<Answer>
  close(): Promise<void>
}

/** How long one question may take; none takes more than a few milliseconds where time is linear. */
const LIMIT_MS = 10_000

interface Running {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly lines: AsyncIterator<string>
}

/**
 * An engine behind a command: a process of the shell that reads a question a line and writes an answer a line, and ends when its input does.
 * Where it dies over a question or does not answer in time, `ask` rejects, and the next question starts it anew.
 */
export function engineBehind(name: string, command: string, limitMs = LIMIT_MS): Engine {
  let running: Running | undefined
  let said = ''

  function start(): Running {
    if (running) return running
    said = ''
    const child = spawn(command, { shell: true, stdio: ['pipe', 'pipe', 'pipe'], detached: true })
    child.stderr.on('data', (part: Buffer) => (said = (said + part.toString()).slice(-500)))
    // A write to a process that is gone is seen at the reading side.
    child.stdin.on('error', () => {})
    running = { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
    return running
  }

  function stop(): void {
    const pid = running?.child.pid
    running = undefined
    if (pid === undefined) return
    try {
      // The whole group: the shell's child is ours as well.
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It is gone already.
    }
  }

  return {
    name,
    async ask(question) {
      const { child, lines } = start()
      child.stdin.write(`${JSON.stringify(question)}\n`)
      const late = Promise.withResolvers<'late'>()
      const timer = setTimeout(() => late.resolve('late'), limitMs)
      const next = await Promise.race([lines.next(), late.promise]).finally(() => clearTimeout(timer))
      if (next === 'late' || next.done) {
        const words = said.trim().split('\n').at(-1) ?? ''
        stop()
        throw new Error(next === 'late' ? `no answer in ${limitMs / 1000} s` : `the engine ended${words ? `: ${words}` : ''}`)
      }
      return readAnswer(next.value, question.id)
    },
    async close() {
      if (!running) return
      const ended = once(running.child, 'close')
      running.child.stdin.end()
      const timer = setTimeout(stop, limitMs)
      await ended
      clearTimeout(timer)
    },
  }
}

/** An answer that follows the protocol, or an error that says where it does not. */
function readAnswer(line: string, id: string): Answer {
  const answer = JSON.parse(line) as Record<string, unknown>
  if (answer['id'] !== id) throw new Error(`answered ${JSON.stringify(answer['id'])} and was asked ${JSON.stringify(id)}`)
  for (const key of ['refused', 'unsupported'])
    if (typeof answer[key] === 'string') return { [key]: answer[key] } as unknown as Answer
  if (!Array.isArray(answer['matches'])) throw new Error('an answer has matches, refused or unsupported')
  return answer as unknown as Answer
}
