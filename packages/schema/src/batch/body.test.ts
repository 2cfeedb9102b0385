import { describe, expect, it } from 'vitest'
import { readBody } from './body.ts'
import { packPlatform } from './pack.ts'
import type { ContentType } from './types.ts'

const head = { signal: 'function', time: 1_789_000_000_000, invocation: '' }
const read = (contentType: ContentType, body: string | Uint8Array): unknown =>
  readBody({ ...head, contentType, body: typeof body === 'string' ? Buffer.from(body) : body })

describe('readBody', () => {
  it.each<[ContentType, string | Uint8Array, unknown]>([
    ['application/json', '{"a":[1,"é"]}', { a: [1, 'é'] }],
    ['application/json', '"{[{["', '{[{['],
    ['text/plain', 'plain é\n', 'plain é\n'],
    ['text/plain', Uint8Array.of(0x61, 0xff, 0x62), 'a\ufffdb'],
    ['application/octet-stream', Uint8Array.of(0, 1, 255), 'AAH/'],
    ['application/vnd.weir.platform', packPlatform('function', { level: 'INFO' }, head) ?? '', { level: 'INFO' }],
  ])('reads %s', (type, body, value) => {
    expect(read(type, body)).toEqual(value)
  })

  it('keeps a key named __proto__ as an own key', () => {
    expect(Object.keys(read('application/json', '{"__proto__":1}') as object)).toEqual(['__proto__'])
  })

  it.each<[string, ContentType, string | Uint8Array]>([
    ['invalid-json', 'application/json', '{"a":'],
    ['invalid-json', 'application/json', ''],
    ['too-deep', 'application/json', '['.repeat(65) + ']'.repeat(65)],
    ['too-deep', 'application/json', '{"a":'.repeat(100_000)],
    ['unknown-schema', 'application/vnd.weir.platform', Uint8Array.of(99)],
    ['corrupt', 'application/vnd.weir.platform', Uint8Array.of(1, 2)],
    ['corrupt', 'application/vnd.weir.platform', ''],
  ])('refuses as %s what is no %s', (reason, type, body) => {
    expect(() => read(type, body)).toThrow(expect.objectContaining({ name: 'BodyError', reason }))
  })

  it('reads 64 levels', () => {
    expect(JSON.stringify(read('application/json', '['.repeat(64) + ']'.repeat(64)))).toHaveLength(128)
  })

  it('refuses the compact form of JSON that is too deep, too', () => {
    const body = packPlatform('function', JSON.parse('['.repeat(65) + ']'.repeat(65)), head)
    expect(() => read('application/vnd.weir.platform', body ?? '')).toThrow(expect.objectContaining({ reason: 'too-deep' }))
  })
})
