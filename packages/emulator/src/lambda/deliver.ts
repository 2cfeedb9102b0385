import { createHash } from 'node:crypto'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Deliver } from './subscriber.ts'

/**
 * Delivers telemetry to extensions on this machine, whatever loopback name their subscription has. HTTP: one POST or PUT a batch, with
 * keep-alive and the `Sequence-Id` that AWS's emulator of managed instances sends: the digest of the body, the same when it comes again. TCP:
 * newline-delimited JSON, without acknowledgement. `close` cuts what is open.
 */
export function localDelivery(): { deliver: Deliver; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const sockets = new Map<number, Socket>()

  const overHttp: Deliver = (body, { port, path, method }) =>
    new Promise((resolve, reject) => {
      const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'sequence-id': createHash('sha256').update(body).digest('base64'),
      }
      const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent }, response => {
        response.resume()
        response.on('error', reject)
        response.on('close', () => {
          const { statusCode = 0 } = response
          if (response.complete && statusCode >= 200 && statusCode < 300) resolve()
          else reject(new Error(`listener answered ${statusCode}`))
        })
      })
      outgoing.on('error', reject)
      outgoing.end(body)
    })

  const overTcp: Deliver = (body, { port }) =>
    new Promise((resolve, reject) => {
      let socket = sockets.get(port)
      if (!socket || socket.destroyed) {
        socket = connect(port, '127.0.0.1')
        sockets.set(port, socket)
        socket.on('error', () => {})
      }
      const events: unknown[] = JSON.parse(body)
      socket.write(events.map(event => `${JSON.stringify(event)}\n`).join(''), error => (error ? reject(error) : resolve()))
    })

  return {
    deliver: (body, destination) => (destination.protocol === 'TCP' ? overTcp : overHttp)(body, destination),
    close() {
      agent.destroy()
      for (const socket of sockets.values()) socket.destroy()
    },
  }
}
