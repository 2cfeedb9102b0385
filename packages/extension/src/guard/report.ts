import { invocationAt } from '../invocation-at.ts'
import { perSandbox } from '../per-sandbox.ts'
import type { Recording } from '../signals/signal.ts'
import { guardFolder } from './lines.ts'

/** Files that are looked at in one flush: one for each Node process of the function. */
const MAX_FILES = 32
/** What is read of one file in one flush, bytes; the rest waits for the next. */
const MAX_READ = 64 * 1024
/** What the guard writes is a few hundred bytes a line, and told once: more lines in one flush are none of its own making. */
const MAX_LINES = 500
const MAX_LINE = 4 * 1024

/** How far each file has been read, bytes. */
const offsets = perSandbox(() => new Map<string, number>())

/**
 * Makes a `weir.guard` record of each line that the guard has written since the flush before. The function can write to these files too: a line is
 * taken for what it says only where each of its words could be the guard's, and it is a claim all the same. The file of a process that is gone
 * is removed when it has been read.
 */
export function reportGuard(to: Recording): void {
  const folder = guardFolder(to.host.env)
  const { files } = to.host
  const read = offsets(to)
  let left = MAX_LINES
  for (const name of files.names(folder).slice(0, MAX_FILES)) {
    const pid = /^(\d{1,10})-\w{1,16}\.jsonl$/.exec(name)?.[1]
    if (pid === undefined) continue
    const path = `${folder}/${name}`
    const from = read.get(name) ?? 0
    const bytes = files.read(path, MAX_READ, from) ?? new Uint8Array()
    const { lines, length } = linesOf(bytes, left)
    left -= lines.length
    for (const line of lines) record(line, to)
    read.set(name, from + length)
    if (length === bytes.length && bytes.length < MAX_READ && !files.stat(`/proc/${pid}`) && files.remove(path)) read.delete(name)
  }
}

/** Whole lines at the beginning of `bytes`, at most so many, and how long they are together. A line that never ends is passed over. */
function linesOf(bytes: Uint8Array, most: number): { lines: string[]; length: number } {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const lines: string[] = []
  let length = 0
  for (let end = text.indexOf(0x0a); end >= 0 && lines.length < most; end = text.indexOf(0x0a, length)) {
    lines.push(text.toString('utf8', length, Math.min(end, length + MAX_LINE)))
    length = end + 1
  }
  return { lines, length: length === 0 && text.length > MAX_LINE ? text.length : length }
}

function record(line: string, to: Recording): void {
  const seen = readLine(line)
  if (!seen) return to.counters.drop('guard-unreadable', 1, line.length)
  const { t, ...body } = seen
  // Beyond the last minutes, or in the future, it is not when something happened.
  const now = to.host.now()
  const time = typeof t === 'number' && t <= now && t > now - 86_400_000 ? t : now
  to.json('weir.guard', body, 'kept', { time, invocation: invocationAt(to.sandbox, time) })
}

const word = (value: unknown): boolean => typeof value === 'string' && /^[\w.@+ -]{1,64}$/.test(value)
const words = (value: unknown): boolean => Array.isArray(value) && value.length <= 8 && value.every(word)
const path = (value: unknown): boolean => typeof value === 'string' && value.length <= 512
/** npm's own rule for names, and `.`. */
const named = (value: unknown): boolean => typeof value === 'string' && /^(?:@[\w.~-]{1,100}\/)?[\w.~-]{1,214}$/.test(value)
const number = (value: unknown): boolean => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** What a line may have, and what each of it must be. */
const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  t: number,
  kind: value => typeof value === 'string' && KINDS.has(value),
  node: word,
  watched: words,
  what: word,
  command: word,
  method: word,
  args: number,
  runs: words,
  host: value => typeof value === 'string' && /^[\w.:%-]{1,255}$/.test(value),
  port: value => number(value) && Number(value) < 65_536,
  path,
  frame: path,
  package: named,
  via: value => Array.isArray(value) && value.length <= 8 && value.every(named),
  eval: value => value === true,
}
const KINDS = new Set(['start', 'process', 'outbound', 'credentials', 'runtime-api', 'read', 'code', 'load'])

/** A line of the guard; undefined for anything else. */
export function readLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined
    const entries = Object.entries(value)
    return entries.every(([name, each]) => Object.hasOwn(FIELDS, name) && FIELDS[name]?.(each))
      ? Object.fromEntries(entries)
      : undefined
  } catch {
    return undefined
  }
}
