import { gunzipSync } from 'node:zlib'

const BLOCK = 512

/** The plain files of a gzipped tar archive as npm packs them (POSIX ustar; a package's names need no longer form), by path. */
export function* unpackTgz(packed: Uint8Array): Generator<readonly [path: string, bytes: Uint8Array]> {
  const tar = gunzipSync(packed)
  const text = (from: number, length: number) => tar.toString('latin1', from, from + length).replace(/\0.*$/s, '')
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0; ) {
    const [name, size, type, prefix] = [
      text(at, 100),
      Number.parseInt(text(at + 124, 12), 8),
      text(at + 156, 1),
      text(at + 345, 155),
    ]
    at += BLOCK
    if (type === '' || type === '0') yield [prefix ? `${prefix}/${name}` : name, tar.subarray(at, at + size)]
    at += Math.ceil(size / BLOCK) * BLOCK
  }
}
