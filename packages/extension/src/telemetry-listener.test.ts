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
  listener = await listenForTelemetry(nodeHost({}), '127.0.0.1', counters, each => taken.push(Buffer.from(each).toString()))
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

  it('refuses what is not HTTP, and counts it', async () => {
    socket.write('\u0016\u0003\u0001 not http\r\n\r\n')
    expect(await answers(1)).toEqual(['HTTP/1.1 400 Bad Request'])
    expect(counters.takeFaults()).toEqual([{ kind: 'telemetry:not-http', count: 1 }])
  })

  it('remembers a limited number of Sequence-Ids', async () => {
    const post = (id: string) => `POST / HTTP/1.1\r\nSequence-Id: ${id}\r\nContent-Length: 1\r\n\r\nx`
    const ids = ['first', 'first', ...Array.from({ length: 32 }, (_, index) => `id-${index}`), 'id-31', 'first']
    socket.write(ids.map(post).join(''))
    await answers(ids.length)
    expect(taken).toHaveLength(34)
  })
})
