import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'

export interface ZipEntry {
  /** Path inside the zip, with `/`. */
  readonly path: string
  readonly bytes: Uint8Array
  /** Permissions, for example 0o755: Lambda keeps them. */
  readonly mode: number
}

/** Writes a zip that depends on nothing but its content: entries sorted, times fixed, so that the same source gives the same hash. */
export async function writeZip(file: string, entries: readonly ZipEntry[]): Promise<void> {
  const zip = new ZipFile()
  for (const { path, bytes, mode } of entries.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    zip.addBuffer(Buffer.from(bytes), path, {
      mtime: new Date('1980-01-01T00:00:00Z'),
      mode: 0o100000 | mode,
      forceDosTimestamp: true,
    })
  }
  zip.end()
  await pipeline(zip.outputStream, createWriteStream(file))
}
