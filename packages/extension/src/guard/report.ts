import { invocationAt } from '../invocation-at.ts'
import { perSandbox } from '../per-sandbox.ts'
import type { Recording } from '../signals/signal.ts'
import { guardFolder, MAX_BYTES } from './lines.ts'

/** Files that are looked at in one flush: one for each Node process and thread of the function. */
const MAX_FILES = 32
/** What is read of one file in one flush, bytes; the rest waits for the next. */
const MAX_READ = 64 * 1024
/** What the guard writes is a few hundred bytes a line, and told once: more lines in one flush are none of its own making. */
const MAX_LINES = 500
const MAX_LINE = 4 * 1024
/** A folder of a larger size than this, bytes, is not listed: it holds thousands of names. */
const MAX_FOLDER = 128 * 1024
/** Looks in a row that find nothing new in the file of a thread, after which it is removed: one cannot see whether a thread is still there. */
const MAX_IDLE = 16
const NAME = /^(\d{1,10})-(\d{1,10})-\w{1,16}\.jsonl$/

interface Progress {
  /** How far the file has been read, bytes. */
  offset: number
  idle: number
  /** It is no file of the guard, and has been counted. */
  refused: boolean
}
const state = perSandbox(() => ({
  /** The guard's files, least recently read first. */
  queue: new Map<string, Progress>(),
  /** Names that are not the guard's, which have been counted. */
  strange: 0,
}))

/**
 * Makes a `weir.guard` record of each line that the guard has written since the flush before. The function can write to this folder too: a line is
 * taken for what it says only where each of its words could be the guard's, and it is a claim all the same; what else lies there is counted, and
 * cannot keep the guard's own files from their turn. The file of a process that is gone is removed when it has been read, that of a thread when
 * nothing has come for a while.
 */
export function reportGuard(to: Recording): void {
  const folder = guardFolder(to.host.env)
  const { queue } = state(to)
  list(folder, to)
  let left = MAX_LINES
  for (const [name, progress] of [...queue].slice(0, MAX_FILES)) {
    if (left === 0) break
    queue.delete(name)
    left -= readOn(`${folder}/${name}`, progress, left, to)
    if (!(isOver(name, progress, to) && to.host.files.remove(`${folder}/${name}`))) queue.set(name, progress)
  }
}

/** Puts new files at the end of the queue, and forgets those that are gone. */
function list(folder: string, to: Recording): void {
  const { files } = to.host
  const known = state(to)
  const is = files.stat(folder)
  if (!is) return known.queue.clear()
  // What is known already is read all the same.
  if (is.kind !== 'folder' || is.bytes > MAX_FOLDER) return unreadable(to)
  const names = new Set(files.names(folder))
  for (const name of known.queue.keys()) if (!names.delete(name)) known.queue.delete(name)
  let strange = 0
  for (const name of names) {
    if (NAME.test(name)) known.queue.set(name, { offset: 0, idle: 0, refused: false })
    else strange++
  }
  if (strange > known.strange) unreadable(to, strange - known.strange)
  known.strange = strange
}

/** Records what is new in a file, at most so many lines, and answers how many there were. */
function readOn(path: string, progress: Progress, most: number, to: Recording): number {
  const { files } = to.host
  const is = files.stat(path)
  // Looked at first: opening a pipe waits for whoever writes to it, and the guard does not write more than this.
  const refused = is?.kind !== 'file' || is.bytes > MAX_BYTES
  if (refused && !progress.refused) unreadable(to)
  progress.refused = refused
  if (refused) return 0
  if (is.bytes < progress.offset) progress.offset = 0
  const bytes =
    is.bytes === progress.offset ? new Uint8Array() : (files.read(path, MAX_READ, progress.offset) ?? new Uint8Array())
  const { lines, length } = linesOf(bytes, most)
  for (const line of lines) record(line, to)
  progress.offset += length
  progress.idle = length === 0 ? progress.idle + 1 : 0
  return lines.length
}

/** Nothing more will come: its process is gone and nothing came at this look, or its thread has been silent. */
function isOver(name: string, { idle, refused }: Progress, { host }: Recording): boolean {
  const [, pid, thread] = NAME.exec(name) ?? []
  return !refused && idle > 0 && (!host.files.stat(`/proc/${pid}`) || (thread !== '0' && idle >= MAX_IDLE))
}

const unreadable = (to: Recording, many = 1, bytes = 0): void => to.counters.drop('guard-unreadable', many, bytes)

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
  if (!seen) return unreadable(to, 1, line.length)
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
