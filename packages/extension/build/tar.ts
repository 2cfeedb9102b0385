import { gunzipSync } from 'node:zlib'

const BLOCK = 512

/** The plain files of a gzipped tar archive as npm packs them (POSIX ustar), by path. */
export function* unpackTgz(
  packed: Uint8Array,
): Generator<{ readonly path: string; readonly bytes: Uint8Array; readonly mode: number }> {
  const tar = gunzipSync(packed)
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0; ) {
    const text = (from: number, length: number) => tar.toString('latin1', at + from, at + from + length).replace(/\0.*$/s, '')
    const [name, prefix, type] = [text(0, 100), text(345, 155), text(156, 1)]
    const [mode, size] = [Number.parseInt(text(100, 8), 8), Number.parseInt(text(124, 12), 8)]
    at += BLOCK
    if (type === '' || type === '0') yield { path: prefix ? `${prefix}/${name}` : name, bytes: tar.subarray(at, at + size), mode }
    at += Math.ceil(size / BLOCK) * BLOCK
  }
}
