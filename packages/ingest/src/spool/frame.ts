import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { createGunzip, gunzip, gzip } from 'node:zlib'
import { CorruptEntryError } from './blobs.ts'

const compress = promisify(gzip)
const inflate = promisify(gunzip)

const MAX_INFLATED = 256 << 20 // far above any entry Weir writes, far below what a crafted gzip could claim
const NEWLINE = 10

/** The header's own fields are the caller's; these two are the frame's. */
interface FrameHeader extends Readonly<Record<string, unknown>> {
  /** What is framed and its version, for example `spool/1`. */
  readonly weir: string
  /** SHA-256 of the payload, hex. */
  readonly sha256: string
}

/** One stored entry: gzip over a line of JSON, the header, and then the payload. `zcat` shows both. */
export async function frame(kind: string, header: Readonly<Record<string, unknown>>, payload: Uint8Array): Promise<Uint8Array> {
  const head = Buffer.from(`${JSON.stringify({ weir: kind, ...header, sha256: sha256(payload) })}\n`)
  return compress(Buffer.concat([head, payload]), { level: 1 }) // the time is the function's bill; 6 saves few bytes on events
}

/** Takes an entry apart. Throws `CorruptEntryError` where it is torn, changed, or not of this kind. */
export async function unframe(
  kind: string,
  name: string,
  bytes: Uint8Array,
): Promise<{ readonly header: Readonly<Record<string, unknown>>; readonly payload: Uint8Array }> {
  const corrupt = (what: string, header?: Readonly<Record<string, unknown>>): CorruptEntryError =>
    new CorruptEntryError(`${name}: ${what}`, bytes, header)
  let whole: Buffer
  try {
    whole = await inflate(bytes, { maxOutputLength: MAX_INFLATED })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    throw corrupt(`is torn or changed (${code})`, await salvageHeader(bytes, kind))
  }
  const header = parseHeader(whole, kind)
  if (!header) throw corrupt(`is not an entry of ${kind}`)
  const payload = whole.subarray(whole.indexOf(NEWLINE) + 1)
  if (sha256(payload) !== header.sha256) throw corrupt('does not match its checksum', header)
  return { header, payload }
}

function parseHeader(bytes: Buffer, kind: string): FrameHeader | undefined {
  const end = bytes.indexOf(NEWLINE)
  if (end < 0) return undefined
  try {
    const header: unknown = JSON.parse(bytes.subarray(0, end).toString('utf8'))
    const fields = typeof header === 'object' && header !== null ? (header as FrameHeader) : undefined
    return fields?.weir === kind && typeof fields.sha256 === 'string' ? fields : undefined
  } catch {
    return undefined
  }
}

/** The header of an entry whose end is missing or changed: it says what was lost. */
function salvageHeader(bytes: Uint8Array, kind: string): Promise<FrameHeader | undefined> {
  return new Promise(resolve => {
    const chunks: Buffer[] = []
    const stream = createGunzip({ chunkSize: 1024 }) // small, because the output of the step that fails is lost
    const done = (): void => {
      stream.destroy()
      resolve(parseHeader(Buffer.concat(chunks), kind))
    }
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      if (chunk.includes(NEWLINE) || chunks.length > 4096) done()
    })
    stream.on('error', done)
    stream.on('end', done)
    stream.end(bytes)
  })
}

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')
