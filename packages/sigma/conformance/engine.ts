import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { Answer, Finding, Question } from './suite.ts'

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
 * Where it dies over a question, does not answer in time or says something else, `ask` rejects, and the next question starts it anew.
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
      const answer = objectIn(next.value)
      if (answer?.['id'] !== question.id) {
        // What it says from here on may answer what was asked before.
        stop()
        const said = answer
          ? `answered ${JSON.stringify(answer['id'])} and was asked ${JSON.stringify(question.id)}`
          : `said ${JSON.stringify(next.value.slice(0, 200))}`
        throw new Error(`${said}; standard output is for answers alone, in the order of the questions`)
      }
      return readAnswer(answer)
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

function objectIn(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** An answer that follows the protocol, or an error that says where it does not. */
function readAnswer({ refused, unsupported, matches, findings }: Readonly<Record<string, unknown>>): Answer {
  if (typeof refused === 'string') return { refused }
  if (typeof unsupported === 'string') return { unsupported }
  if (matches === undefined) throw new Error('an answer has matches, refused or unsupported')
  if (!isListOf(matches, (titles): titles is string[] => isListOf(titles, isText)))
    throw new Error('matches: expected a list of titles for each event, [["Rule"], []]')
  if (findings === undefined) return { matches }
  if (!isListOf(findings, isFinding)) throw new Error('findings: expected a list of {"rule": title, "group": {field: text}}')
  return { matches, findings }
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isListOf = <T>(value: unknown, is: (each: unknown) => each is T): value is T[] => Array.isArray(value) && value.every(is)
const isFinding = (value: unknown): value is Finding =>
  isObject(value) && isText(value['rule']) && isObject(value['group']) && Object.values(value['group']).every(isText)
