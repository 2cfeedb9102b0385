import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Counters, createCounters } from './counters.ts'
import { nodeHost } from './host/node.ts'
import { listenForTelemetry, type TelemetryListener } from './telemetry-listener.ts'

let counters: Counters
let listener: TelemetryListener
let taken: string[]
let socket: Socket

beforeEach(async () => {
  counters = createCounters()
  taken = []
  listener = await listenForTelemetry(nodeHost({}), '127.0.0.1', counters)
  listener.deliver(each => taken.push(Buffer.from(each).toString()))
  socket = connect(listener.port, '127.0.0.1')
  await once(socket, 'connect')
})
afterEach(() => {
  socket.destroy()
  listener.close()
})

/** The answers, until there are `count` of them. */
async function answers(count: number): Promise<string[]> {
  let text = ''
  for await (const part of socket) {
    text += String(part)
    if (text.split('\r\n\r\n').length > count) break
  }
  return text
    .split('\r\n\r\n')
    .slice(0, count)
    .map(each => each.split('\r\n')[0] ?? '')
}

describe('the telemetry listener', () => {
  it('answers each POST of one connection, chunked or not', async () => {
    socket.write(
      'POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n1\r\n]\r\n0\r\n\r\n',
    )
    socket.write('POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n')
    expect(await answers(3)).toEqual(Array.from({ length: 3 }, () => 'HTTP/1.1 200 OK'))
    expect(taken).toEqual(['[]', '[]'])
    expect(listener.lastAt).toBeGreaterThan(0)
  })

  it('answers when the body has been read, also where reading it fails', async () => {
    const order: string[] = []
    listener.deliver(each => {
      order.push(String(socket.bytesRead))
      if (Buffer.from(each).toString() === '[1]') throw new Error('of the test')
    })
    socket.write('POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n[1]POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n[2]')
    expect(await answers(2)).toEqual(['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK'])
    expect(order).toEqual(['0', '0'])
    expect(counters.takeFaults()).toEqual([{ kind: 'telemetry:internal', count: 1 }])
  })

  it('holds what comes before there is a reader, and answers it then', async () => {
    const idle = await listenForTelemetry(nodeHost({}), '127.0.0.1', counters)
    const early = connect(idle.port, '127.0.0.1')
    try {
      const post = 'POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n'
      early.write(`${post}${Array.from({ length: 9 }, (_, n) => `1${n}`).join(post)}`)
      // The ninth is one too many: it is answered, and counted.
      await once(early, 'data')
      expect(counters.totals()).toMatchObject([{ reason: 'buffer-full', records: 1 }])
      const read: string[] = []
      idle.deliver(each => read.push(Buffer.from(each).toString()))
      expect(read).toEqual(['10', '11', '12', '13', '14', '15', '16', '17'])
      await once(early, 'data')
    } finally {
      early.destroy()
      idle.close()
    }
  })

  it('refuses what is not HTTP, and counts it', async () => {
    socket.write('\u0016\u0003\u0001 not http\r\n\r\n')
    expect(await answers(1)).toEqual(['HTTP/1.1 400 Bad Request'])
    expect(counters.takeFaults()).toEqual([{ kind: 'telemetry:not-http', count: 1 }])
  })

  it('hears a new connection however many others stand open, and counts those it closed for it', async () => {
    const crowd: Socket[] = []
    for (let each = 0; each < 40; each++) {
      const one = connect(listener.port, '127.0.0.1')
      one.on('error', () => {})
      crowd.push(one)
      await once(one, 'connect')
    }
    const late = connect(listener.port, '127.0.0.1')
    late.write('POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]')
    expect(String(await once(late, 'data'))).toContain('200 OK')
    for (const each of [...crowd, late]) each.destroy()
    expect(counters.takeFaults()).toEqual([{ kind: 'telemetry:crowded', count: 26 }])
  })

  it('keeps the connection that has brought telemetry when others crowd in', async () => {
    const post = 'POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]'
    socket.write(post)
    await once(socket, 'data')
    const crowd: Socket[] = []
    for (let each = 0; each < 40; each++) {
      const one = connect(listener.port, '127.0.0.1')
      one.on('error', () => {})
      crowd.push(one)
      await once(one, 'connect')
    }
    socket.write(post)
    await once(socket, 'data')
    for (const each of crowd) each.destroy()
    expect(taken).toEqual(['[]', '[]'])
  })

  it('gives up a request that never becomes whole, however its bytes trickle in', async () => {
    const timers: (() => void)[] = []
    const host = { ...nodeHost({}), after: (_: number, task: () => void) => (timers.push(task), () => {}) }
    const slow = await listenForTelemetry(host, '127.0.0.1', counters)
    const trickle = connect(slow.port, '127.0.0.1').on('error', () => {})
    const closed = new Promise<void>(resolve => trickle.once('close', () => resolve()))
    const fired = async (count: number) => {
      while (timers.length < count) await new Promise(resolve => setImmediate(resolve))
      timers[count - 1]?.()
    }
    trickle.write('POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]')
    trickle.write('POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n[')
    await fired(1)
    trickle.write(' ')
    await fired(2)
    trickle.resume()
    await closed
    slow.close()
    expect(timers).toHaveLength(2)
    expect(counters.takeFaults()).toEqual([{ kind: 'telemetry:too-slow', count: 1 }])
  })

  it('drops a repetition and counts it, but never other telemetry under the same Sequence-Id', async () => {
    const post = (body: string) => `POST / HTTP/1.1\r\nSequence-Id: 7\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    socket.write(post('["forged"]') + post('["real"]') + post('["real"]'))
    await answers(3)
    expect(taken).toEqual(['["forged"]', '["real"]'])
    expect(counters.totals()).toEqual([{ reason: 'repeated', records: 1, bytes: 8 }])
  })

  it('remembers a limited number of Sequence-Ids', async () => {
    const post = (id: string) => `POST / HTTP/1.1\r\nSequence-Id: ${id}\r\nContent-Length: 1\r\n\r\nx`
    const ids = ['first', 'first', ...Array.from({ length: 32 }, (_, index) => `id-${index}`), 'id-31', 'first']
    socket.write(ids.map(post).join(''))
    await answers(ids.length)
    expect(taken).toHaveLength(34)
  })
})
