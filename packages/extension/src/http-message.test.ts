import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createParser, MalformedMessage, type Message } from './http-message.ts'

const LIMITS = { head: 1024, body: 64 }

function feed(text: string, { kind = 'request', step = 1e9 }: { kind?: 'request' | 'response'; step?: number } = {}): Message[] {
  const parser = createParser(kind, LIMITS)
  const bytes = Buffer.from(text)
  const messages: Message[] = []
  for (let at = 0; at < bytes.length; at += step) messages.push(...parser.push(bytes.subarray(at, at + step)))
  return messages
}
const bodies = (messages: Message[]): string[] => messages.map(each => Buffer.from(each.body).toString())

describe('the HTTP/1.1 parser', () => {
  const two =
    'POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhelloPOST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n'

  it('gives the same messages however the bytes are cut', () => {
    for (let step = 1; step < 30; step++) expect(bodies(feed(two, { step }))).toEqual(['hello', 'abcde'])
  })

  it('ends a response without a length with the connection', () => {
    const parser = createParser('response', LIMITS)
    expect(parser.push(Buffer.from('HTTP/1.1 200 OK\r\n\r\nab'))).toEqual([])
    parser.push(Buffer.from('c'))
    expect(Buffer.from(parser.end()?.body ?? []).toString()).toBe('abc')
  })

  it('skips 100 Continue and knows that 204 has no body', () => {
    const text = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx'
    expect(bodies(feed(text, { kind: 'response' }))).toEqual(['', 'x'])
  })

  it.each([
    ['Content-Length: 100', 'x'.repeat(100)],
    ['Transfer-Encoding: chunked', `64\r\n${'x'.repeat(100)}\r\n0\r\n\r\n`],
  ])('reads a body over the limit to its end without keeping it (%s)', (header, body) => {
    const [message, next] = feed(`POST / HTTP/1.1\r\n${header}\r\n\r\n${body}POST / HTTP/1.1\r\n\r\n`, { step: 7 })
    expect(message).toMatchObject({ overflow: true, bytes: 100 })
    expect(message?.body).toHaveLength(0)
    expect(next).toMatchObject({ overflow: false, bytes: 0 })
  })

  it.each([
    'GARBAGE\r\n\r\n',
    'POST / HTTP/2.0\r\n\r\n',
    'POST / HTTP/1.1\r\nno colon\r\n\r\n',
    'POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n',
    'POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n',
    'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc',
    'x'.repeat(2000),
  ])('refuses %j', text => {
    expect(() => feed(text)).toThrow(MalformedMessage)
  })

  it('never throws anything else, and never keeps more than its limits, whatever bytes come', () => {
    fc.assert(
      fc.property(fc.constantFrom('request' as const, 'response' as const), fc.uint8Array({ maxLength: 300 }), (kind, noise) => {
        const parser = createParser(kind, LIMITS)
        const start = kind === 'request' ? 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n' : 'HTTP/1.1 200 OK\r\n\r\n'
        try {
          for (const each of [...parser.push(Buffer.from(start)), ...parser.push(noise)])
            expect(each.body.length).toBeLessThanOrEqual(64)
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage)
        }
      }),
    )
  })
})
