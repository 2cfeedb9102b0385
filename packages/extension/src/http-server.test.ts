import { beforeEach, describe, expect, it } from 'vitest'
import type { Connection, ConnectionEvents } from './host/host.ts'
import { serve } from './http-server.ts'
import { fakeHost } from './testing/host.ts'

const whole = (body = 'x') => `POST / HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`
const HALF = 'POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n['

let host: ReturnType<typeof fakeHost>
let faults: string[]
let dial: () => { send: (text: string) => void; leave: () => void; got: string; closed: boolean }
let asked: { port: number; bind: string }
let held: (() => void)[]

beforeEach(async () => {
  host = fakeHost()
  faults = []
  held = []
  Object.assign(host, {
    listen: async (bind: string, accept: (connection: Connection) => ConnectionEvents, port: number) => {
      asked = { port, bind }
      dial = () => {
        const peer = { got: '', closed: false, send: () => {}, leave: () => {} }
        const events = accept({
          write: bytes => {
            peer.got += Buffer.from(bytes).toString()
          },
          close: () => {
            peer.closed = true
            events.closed('')
          },
        })
        return Object.assign(peer, { send: (text: string) => events.data(Buffer.from(text)), leave: () => events.closed('') })
      }
      return { port, close: () => {} }
    },
  })
  await serve(
    host,
    '127.0.0.1',
    (request, connection) => {
      const answer = () => connection.write(Buffer.from(`<${request.overflow ? 'long' : Buffer.from(request.body).toString()}>`))
      if (Buffer.from(request.body).toString() === 'later') held.push(answer)
      else answer()
    },
    kind => faults.push(kind),
    4318,
  )
})

describe('the server', () => {
  it('listens where it is told to', () => {
    expect(asked).toEqual({ port: 4318, bind: '127.0.0.1' })
  })

  it('answers request after request on one connection, in pieces or together, and later where that is wanted', () => {
    const peer = dial()
    for (const letter of whole('a') + whole('b')) peer.send(letter)
    peer.send(whole('c') + whole('later'))
    expect(peer.got).toBe('<a><b><c>')
    held[0]?.()
    expect(peer.got).toBe('<a><b><c><later>')
    peer.leave()
    expect(faults).toEqual([])
  })

  it('reads a body that is too long to its end, and goes on', () => {
    const peer = dial()
    peer.send(whole('x'.repeat(2 * 1024 * 1024 + 1)) + whole('y'))
    expect(peer.got).toBe('<long><y>')
  })

  it('refuses what is not HTTP, and hears no more of it', () => {
    const peer = dial()
    peer.send('nonsense\r\n\r\n')
    peer.send(whole())
    expect(peer).toMatchObject({ closed: true, got: expect.stringMatching(/^HTTP\/1\.1 400 .*\r\n\r\n$/s) })
    expect(faults).toEqual(['not-http'])
  })

  it('tells of a request that was cut off, not of a connection that just ends', () => {
    dial().leave()
    const [quiet, cut] = [dial(), dial()]
    quiet.send(whole())
    quiet.leave()
    cut.send(HALF)
    cut.leave()
    expect(faults).toEqual(['cut-off'])
    host.advance(60_000)
    expect(faults).toEqual(['cut-off'])
  })

  it('gives a request twice five seconds, however its bytes trickle in, and each one anew', () => {
    const peer = dial()
    host.advance(60_000)
    peer.send(HALF)
    host.advance(9_000)
    peer.send('12345678')
    peer.send(HALF)
    host.advance(9_999)
    peer.send('1')
    expect([peer.closed, faults]).toEqual([false, []])
    host.advance(1)
    expect([peer.closed, faults]).toEqual([true, ['too-slow']])
  })

  it('is not fooled by a freeze, which makes one timer overdue before the bytes have been read', () => {
    const peer = dial()
    const timers: (() => void)[] = []
    Object.assign(host, { after: (_: number, task: () => void) => (timers.push(task), () => {}) })
    peer.send(HALF)
    timers[0]?.()
    peer.send('12345678')
    expect([peer.got, faults]).toEqual(['<[12345678>', []])
  })
})

describe('a crowd', () => {
  const crowd = (count: number, first = '') =>
    Array.from({ length: count }, () => {
      const peer = dial()
      if (first) peer.send(first)
      return peer
    })
  const closed = (peers: readonly { closed: boolean }[]) => peers.flatMap(({ closed }, at) => (closed ? [at] : []))

  it('is sixteen: the next one pushes out the oldest that never brought anything', () => {
    const known = crowd(1, whole())
    const busy = crowd(1, HALF)
    const silent = crowd(14)
    expect(faults).toEqual([])
    const late = dial()
    late.send(whole('late'))
    expect([closed(known), closed(busy), closed(silent), late.got]).toEqual([[], [], [0], '<late>'])
    expect(faults).toEqual(['crowded'])
  })

  it('then the one that has been idle for longest', () => {
    const known = crowd(15, whole())
    const busy = crowd(1, HALF)
    known[0]?.send(whole())
    dial()
    expect([closed(known), closed(busy)]).toEqual([[1], []])
  })

  it('then the one whose request has been under way for longest', () => {
    const busy = crowd(16, HALF)
    busy[0]?.send('1')
    dial()
    expect(closed(busy)).toEqual([0])
  })
})
