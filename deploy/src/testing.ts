import { readFile } from 'node:fs/promises'
import { type Entry, fromBuffer, type ZipFile } from 'yauzl'

/** Path → mode and content of what is in a zip. */
export async function unzip(file: string): Promise<Map<string, { mode: number; bytes: Buffer }>> {
  const bytes = await readFile(file)
  const zip = await new Promise<ZipFile>((resolve, reject) =>
    fromBuffer(bytes, { lazyEntries: true }, (error, opened) => (error ? reject(error) : resolve(opened))),
  )
  const found = new Map<string, { mode: number; bytes: Buffer }>()
  await new Promise<void>((resolve, reject) => {
    zip.on('end', resolve).on('error', reject)
    zip.on('entry', (entry: Entry) => {
      zip.openReadStream(entry, (error, stream) => {
        if (error) return reject(error)
        const chunks: Buffer[] = []
        stream
          .on('data', chunk => chunks.push(chunk))
          .on('end', () => {
            found.set(entry.fileName, { mode: (entry.externalFileAttributes >>> 16) & 0o777, bytes: Buffer.concat(chunks) })
            zip.readEntry()
          })
      })
    })
    zip.readEntry()
  })
  return found
}
