import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { unpackTgz } from './tar.ts'

function entry(path: string, text: string, { type = '0', prefix = '', mode = 0o644 } = {}): Buffer {
  const head = Buffer.alloc(512)
  head.write(path, 0)
  head.write(mode.toString(8).padStart(7, '0'), 100)
  head.write(text.length.toString(8).padStart(11, '0'), 124)
  head.write(type, 156)
  head.write(prefix, 345)
  return Buffer.concat([head, Buffer.from(text), Buffer.alloc((512 - (text.length % 512)) % 512)])
}

describe('unpackTgz', () => {
  it('gives the plain files with their modes, and nothing of links, folders and extended headers', () => {
    const archive = [
      entry('package/', '', { type: '5' }),
      entry('pax', '30 mtime=1\n', { type: 'x' }),
      entry('package/bin/bun', 'x'.repeat(1000), { mode: 0o755 }),
      entry('package/link', '', { type: '2' }),
      entry('README.md', 'words', { prefix: 'package/docs' }),
      entry('package/empty', ''),
      Buffer.alloc(1024),
    ]
    const files = [...unpackTgz(gzipSync(Buffer.concat(archive)))]
    expect(files.map(({ path, bytes, mode }) => [path, bytes.length, mode])).toEqual([
      ['package/bin/bun', 1000, 0o755],
      ['package/docs/README.md', 5, 0o644],
      ['package/empty', 0, 0o644],
    ])
    expect(Buffer.from(files[1]?.bytes ?? []).toString()).toBe('words')
  })

  it('ends where an archive is cut off', () => {
    expect([...unpackTgz(gzipSync(entry('a', 'b').subarray(0, 300)))]).toEqual([])
  })
})
