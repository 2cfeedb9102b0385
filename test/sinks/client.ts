import { request as plain } from 'node:http'
import { request as secure } from 'node:https'
import type { SinkIo } from '@weir/ingest'

/** A small HTTP client, written apart from ingest's own: one deadline, no redirects, one connection a request. Rejects where no answer came. */
export const send: SinkIo['request'] = ({ method, url, headers, body }, { timeoutMs, ca }) =>
  new Promise((resolve, reject) => {
    const start = url.startsWith('https:') ? secure : plain
    const signal = AbortSignal.timeout(timeoutMs)
    const outgoing = start(url, { method, headers, agent: false, signal, ...(ca === undefined ? {} : { ca }) }, message => {
      const chunks: Buffer[] = []
      message.on('data', (chunk: Buffer) => chunks.push(chunk))
      message.on('error', reject)
      message.on('end', () => {
        const lower = Object.entries(message.headers).map(([name, value]) => [name, String(value)])
        resolve({ status: message.statusCode ?? 0, headers: Object.fromEntries(lower), body: Buffer.concat(chunks) })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(method === 'GET' ? undefined : body)
  })
