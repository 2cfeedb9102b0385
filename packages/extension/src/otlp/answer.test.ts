import { describe, expect, it } from 'vitest'
import { written } from './answer.ts'

const text = (answer: Parameters<typeof written>[0], start = 'POST /v1/logs HTTP/1.1', headers: Record<string, string> = {}) =>
  Buffer.from(written(answer, { start, headers: new Map(Object.entries(headers)) })).toString()
const answer = { status: 200, type: 'application/json', body: Buffer.from('{"ä":1}') }

describe('an answer over the wire', () => {
  it('has its length in bytes, and its body', () => {
    expect(text(answer)).toBe('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"ä":1}')
  })

  it('says when to come again, also where that is at once', () => {
    expect(text({ ...answer, status: 503, retryAfter: 10 })).toMatch(
      /^HTTP\/1\.1 503 Service Unavailable\r\n.*\r\nRetry-After: 10\r\n/s,
    )
    expect(text({ ...answer, status: 503, retryAfter: 0 })).toContain('\r\nRetry-After: 0\r\n')
  })

  it.each([
    ['POST / HTTP/1.1', {}, false],
    ['POST / HTTP/1.1', { connection: 'keep-alive' }, false],
    ['POST / HTTP/1.1', { connection: 'Close' }, true],
    ['POST / HTTP/1.0', {}, true],
  ] as const)('to %s with %j closes the connection: %s', (start, headers: Record<string, string>, closes) => {
    expect(text(answer, start, headers).includes('\r\nConnection: close\r\n')).toBe(closes)
  })
})
