import { randomBytes } from 'node:crypto'
import * as disk from 'node:fs/promises'
import { join } from 'node:path'
import { SpoolError } from '../errors.ts'
import { type Blobs, checkFolder, clampTime, SpoolFullError } from './blobs.ts'

export interface FileBlobsOptions {
  /** The folder; made when it is not there, readable by its owner only. */
  readonly path: string
  /** Most it may hold, bytes. */
  readonly maxBytes: number
  /** For tests. */
  readonly fs?: FileSystem
}

export type FileSystem = Pick<typeof disk, 'mkdir' | 'open' | 'readdir' | 'readFile' | 'rename' | 'rm' | 'stat'>

const SUFFIX = '.ndjson.gz'
const NAME = /^(?:[a-z0-9][a-z0-9-]{0,62}\/)?\d{15}-[0-9a-f]{32}$/
const TEMPORARY = '.part-'
const ABANDONED_MS = 3_600_000 // a temporary file this old belongs to a process that died
const RESCAN_PUTS = 256 // other processes may share the folder: now and then its size is measured again

/**
 * Blobs as files. A file appears under its name only when it is whole: written beside, synced, renamed, and the folder synced, so that
 * neither a crash nor a power failure leaves a torn one or loses one whose `put` has resolved.
 */
export function fileBlobs({ path, maxBytes, fs = disk }: FileBlobsOptions): Blobs {
  let measured: Promise<number> | undefined
  let since = 0 // bytes stored, less those removed, since the measurement
  let writing = 0 // bytes being stored now
  let puts = 0

  const names = new Map<string, Promise<Map<string, string>>>() // by folder: each hash's file, as of the last look

  /** The file that holds what has this hash. Others drain the folder too, so what is remembered is looked at before it is believed. */
  const find = async (directory: string, hash: string): Promise<string | undefined> => {
    let files = names.get(directory)
    if (!files) {
      files = fs.readdir(directory).then(all => new Map(all.filter(isEntry).map(file => [hashOf(file), file])))
      names.set(directory, files)
      files.catch(() => names.delete(directory))
    }
    const known = await files
    const file = known.get(hash)
    if (file === undefined || (await fs.stat(join(directory, file)).catch(absent(undefined)))) return file
    known.delete(hash)
    return undefined
  }

  /** Claims room before anything is written. */
  const reserve = async (bytes: number): Promise<void> => {
    for (const again of [false, true]) {
      if (again) measured = undefined // what another process drained may have made room
      measured ??= measure(path, fs).finally(() => {
        since = 0
      })
      const used = (await measured) + since + writing
      if (used + bytes <= maxBytes) {
        writing += bytes
        return
      }
      if (again) {
        throw new SpoolFullError(`${path}: is full: ${used} of ${maxBytes} bytes are taken; mend the sink, or raise maxBytes`)
      }
    }
  }

  return {
    async put(folder, at, hash, bytes, { evenIfFull = false } = {}) {
      const prefix = checkFolder(folder)
      const directory = join(path, folder)
      return guarded(path, async () => {
        await makeDirectory(path, folder, fs)
        if (puts++ % RESCAN_PUTS === 0) {
          measured = undefined
          names.clear()
        }
        const known = await find(directory, hash)
        if (known !== undefined) return prefix + known.slice(0, -SUFFIX.length)
        if (evenIfFull) writing += bytes.byteLength
        else await reserve(bytes.byteLength)
        const stem = `${String(clampTime(at)).padStart(15, '0')}-${hash}`
        try {
          await writeDurably(directory, stem + SUFFIX, bytes, fs)
          since += bytes.byteLength
          ;(await names.get(directory))?.set(hash, stem + SUFFIX)
        } finally {
          writing -= bytes.byteLength
        }
        return prefix + stem
      })
    },
    async list(folder, limit) {
      checkFolder(folder)
      const files = await guarded(path, () => fs.readdir(join(path, folder)).catch(absent([] as string[])))
      const stems = files.filter(file => file.endsWith(SUFFIX)).map(file => file.slice(0, -SUFFIX.length))
      return stems
        .sort()
        .slice(0, limit)
        .map(stem => checkFolder(folder) + stem)
    },
    async get(name) {
      const bytes = await guarded(path, () => fs.readFile(fileOf(path, name)).catch(absent(undefined)))
      if (!bytes) throw new SpoolError(`${name}: is gone from ${path}`)
      return bytes
    },
    async remove(name) {
      const file = fileOf(path, name)
      await guarded(path, async () => {
        const size = await fs.stat(file).then(({ size }) => size, absent(0))
        await fs.rm(file, { force: true })
        since -= size
      })
    },
  }
}

const isEntry = (file: string): boolean => file.endsWith(SUFFIX) && !file.startsWith(TEMPORARY)
const hashOf = (file: string): string => file.slice(file.indexOf('-') + 1, -SUFFIX.length)

function fileOf(path: string, name: string): string {
  if (!NAME.test(name)) throw new SpoolError('an entry is named by what list answered')
  return join(path, name + SUFFIX)
}

async function writeDurably(directory: string, file: string, bytes: Uint8Array, fs: FileSystem): Promise<void> {
  const temporary = join(directory, `${TEMPORARY}${randomBytes(8).toString('hex')}`)
  try {
    const handle = await fs.open(temporary, 'wx', 0o600)
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await fs.rename(temporary, join(directory, file))
    await syncDirectory(directory, fs)
  } catch (error) {
    await fs.rm(temporary, { force: true }).catch(() => {})
    throw error
  }
}

/** Makes a folder's own entry durable, and that of the folder in it. */
async function makeDirectory(path: string, folder: string, fs: FileSystem): Promise<void> {
  const made = await fs.mkdir(join(path, folder), { recursive: true, mode: 0o700 })
  if (made !== undefined && folder !== '') await syncDirectory(path, fs)
}

async function syncDirectory(directory: string, fs: FileSystem): Promise<void> {
  const handle = await fs.open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Bytes of everything under a folder; what dead processes left half-written goes. */
async function measure(path: string, fs: FileSystem): Promise<number> {
  let total = 0
  for (const entry of await fs.readdir(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    const { size, mtimeMs } = await fs.stat(file).catch(absent({ size: 0, mtimeMs: Date.now() }))
    if (entry.name.startsWith(TEMPORARY) && Date.now() - mtimeMs > ABANDONED_MS) await fs.rm(file, { force: true })
    else total += size
  }
  return total
}

const absent =
  <T>(value: T) =>
  (error: unknown): T => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return value
    throw error
  }

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; make room',
  EDQUOT: 'the disk quota is used up; make room',
  EACCES: 'may not be written; see who owns it',
  EPERM: 'may not be written; see who owns it',
  EROFS: 'is on a read-only file system; choose another folder',
}

async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SpoolError) throw error
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    const message = `${path}: ${WORDS[code] ?? 'cannot be used'} (${code})`
    throw code === 'ENOSPC' || code === 'EDQUOT'
      ? new SpoolFullError(message, { cause: error })
      : new SpoolError(message, { cause: error })
  }
}
