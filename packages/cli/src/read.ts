import { createHash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { addAbortSignal } from 'node:stream'
import { ConfigError, type Framed, frameStream, fromFramed, type Input } from '@weir/ingest'
import type { World } from './command.ts'

/** One pass: enough to batch for a sink, small enough to show progress and to hold. */
const CHUNK_RECORDS = 500
const CHUNK_BYTES = 4 << 20
/** A batch's name has at most 256 characters; the rest of it is the place and a digest. */
const MAX_NAME = 128

/** A file that a person named, or standard input. */
export interface Source {
  /** The stream of what it holds. */
  readonly name: string
  /** Nothing for standard input. */
  readonly path?: string
  /** Bytes; 0 where that cannot be known. */
  readonly size: number
}

/** Looks at every file before one is read, so that a wrong name costs no work. Throws `ConfigError` with a line for each that is wrong. */
export async function openSources(files: readonly string[], cwd: string): Promise<readonly Source[]> {
  const wrong: string[] = []
  const found: Source[] = []
  for (const file of files) {
    if (file === '-') {
      found.push({ name: 'stdin', size: 0 })
      continue
    }
    const path = resolve(cwd, file)
    try {
      const info = await stat(path)
      if (info.isDirectory()) throw new ConfigError('is a folder; name the files in it')
      await access(path, constants.R_OK)
      found.push({ name: file, path, size: info.size })
    } catch (error) {
      wrong.push(`${file}: ${whyNot(error, file)}`)
    }
  }
  if (wrong.length > 0) throw new ConfigError(wrong.join('\n'))
  return found
}

function whyNot(error: unknown, file: string): string {
  if (error instanceof ConfigError) return error.message
  const code = (error as NodeJS.ErrnoException).code
  if (code !== 'ENOENT') return `cannot be read (${code})`
  return `there is no such file${file.includes('\ufffd') ? '; a name that is not UTF-8 cannot be given: use - < FILE' : ''}`
}

/** A part of a source, and how far reading has come. */
export interface Part {
  readonly input: Input
  readonly records: number
  readonly bytesRead: number
}

/**
 * What a source holds, a chunk of records at a time. Ends early on the world's signal. Throws `ConfigError` where the source cannot be read to
 * its end, after giving what came before.
 */
export async function* readSource(source: Source, sources: readonly string[], world: World): AsyncGenerator<Part> {
  const { signal, stdin } = world
  const stream = addAbortSignal(
    signal,
    source.path === undefined ? stdin : createReadStream(source.path, { highWaterMark: 1 << 20 }),
  ) as AsyncIterable<Uint8Array | string>
  let bytesRead = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream) {
      bytesRead += chunk.length
      yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    }
  }
  let records = 0
  const part = (chunk: readonly Framed[]): Part => {
    const input = fromFramed(chunk, {
      stream: source.name,
      id: `${short(source.name)}#${records}:${digest(chunk)}`,
      arrival: Date.now(),
      accounts: ['*'],
      sources,
    })
    records += chunk.length
    return { input, records, bytesRead }
  }
  let chunk: Framed[] = []
  let bytes = 0
  let failure: unknown
  const framed = frameStream(counted())
  while (!signal.aborted) {
    try {
      const next = await framed.next()
      if (next.done) break
      chunk.push(next.value)
      bytes += 'bytes' in next.value ? next.value.bytes.length : 0
    } catch (error) {
      failure = error
      break
    }
    if (chunk.length < CHUNK_RECORDS && bytes < CHUNK_BYTES) continue
    yield part(chunk)
    chunk = []
    bytes = 0
  }
  if (chunk.length > 0) yield part(chunk)
  if (failure && !signal.aborted) {
    const { code, message } = failure as NodeJS.ErrnoException
    throw new ConfigError(`${source.name}: cannot be read to its end (${code ?? message})`, { cause: failure })
  }
}

/** State and ledger outlive a run and know an input by its name: another content must have another name, the same content the same. */
function digest(chunk: readonly Framed[]): string {
  const hash = createHash('sha256')
  for (const framed of chunk) {
    hash.update(`${framed.kind} ${'bytes' in framed ? framed.bytes.length : 0} `)
    if ('logs' in framed) hash.update(JSON.stringify(framed.logs))
    if ('bytes' in framed) hash.update(framed.bytes)
  }
  return hash.digest('hex').slice(0, 32)
}

const short = (name: string): string =>
  name.length <= MAX_NAME ? name : `${createHash('sha256').update(name).digest('hex').slice(0, 16)}…${name.slice(17 - MAX_NAME)}`
