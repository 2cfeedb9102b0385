import { SpoolError } from '../errors.ts'
import { type Blobs, checkFolder, clampTime, SpoolFullError } from './blobs.ts'

/** Blobs that end with the process: for tests, and for `weir run` without delivery. */
export function memoryBlobs({ maxBytes = Number.POSITIVE_INFINITY }: { readonly maxBytes?: number } = {}): Blobs {
  const held = new Map<string, Uint8Array>()
  let used = 0
  return {
    async put(folder, at, hash, bytes, { evenIfFull = false } = {}) {
      const prefix = checkFolder(folder)
      const known = [...held.keys()].find(name => name.startsWith(prefix) && name.endsWith(`-${hash}`))
      if (known !== undefined) return known
      if (!evenIfFull && used + bytes.byteLength > maxBytes)
        throw new SpoolFullError(`full: ${used} of ${maxBytes} bytes are taken`)
      used += bytes.byteLength
      const name = `${prefix}${String(clampTime(at)).padStart(15, '0')}-${hash}`
      held.set(name, bytes)
      return name
    },
    async list(folder, limit) {
      const prefix = checkFolder(folder)
      return [...held.keys()]
        .filter(name => name.startsWith(prefix) && !name.slice(prefix.length).includes('/'))
        .sort()
        .slice(0, limit)
    },
    async get(name) {
      const bytes = held.get(name)
      if (!bytes) throw new SpoolError(`${name}: is gone`)
      return bytes
    },
    async remove(name) {
      used -= held.get(name)?.byteLength ?? 0
      held.delete(name)
    },
  }
}
