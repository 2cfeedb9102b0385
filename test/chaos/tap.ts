import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, request, type RequestOptions, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * Stands between a platform and its extension and writes down what the extension has acknowledged: each event of telemetry whose POST it
 * answered with 200. Both APIs pass through unchanged, except that the platform is told to post to the tap.
 */
export interface Tap {
  /** For the extension's AWS_LAMBDA_RUNTIME_API. */
  readonly api: string
  close(): void
}

export interface Upstream {
  readonly api: string
  readonly life: number
}

export interface Telemetry {
  readonly type: string
  readonly record: unknown
}

/** `upstream` gives the platform's own `host:port` and the number of the extension's process, asked for at each call: both change when it begins again. */
export async function startTap(
  upstream: () => Promise<Upstream>,
  acknowledged: (event: Telemetry, life: number) => void,
): Promise<Tap> {
  let listener = 0
  let life = 0
  const telemetry = createServer((incoming, outgoing) => {
    void read(incoming).then(body => {
      const { method = 'POST', url: path = '/', headers } = incoming
      pass({ host: '127.0.0.1', port: listener, method, path, headers }, body, outgoing, status => {
        if (status === 200) for (const event of JSON.parse(body.toString()) as Telemetry[]) acknowledged(event, life)
      })
    })
  })
  const port = await listen(telemetry)
  const api = createServer((incoming, outgoing) => {
    void Promise.all([read(incoming), upstream()]).then(([asked, at]) => {
      const { method = 'GET', url: path = '/', headers } = incoming
      const [host, apiPort] = at.api.split(':')
      let body = asked
      if (path.endsWith('/register')) life = at.life
      if (path.endsWith('/telemetry')) {
        const { destination, ...subscription } = JSON.parse(asked.toString()) as { destination: { URI: string } }
        listener = Number(new URL(destination.URI).port)
        const URI = `${new URL(destination.URI).protocol}//${new URL(destination.URI).hostname}:${port}`
        body = Buffer.from(JSON.stringify({ ...subscription, destination: { ...destination, URI } }))
      }
      pass({ host, port: apiPort, method, path, headers: { ...headers, 'content-length': body.length } }, body, outgoing)
    })
  })
  const apiPort = await listen(api)
  return {
    api: `127.0.0.1:${apiPort}`,
    close() {
      for (const server of [api, telemetry]) {
        server.close()
        server.closeAllConnections()
      }
    },
  }
}

/** What the extension's wrapper wrote down. */
export const addressIn = (file: string) => async (): Promise<Upstream> => {
  const [api = '', life] = (await readFile(file, 'utf8')).trim().split(' ')
  return { api, life: Number(life) }
}

async function listen(server: Server): Promise<number> {
  server.requestTimeout = 0
  server.listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  return (server.address() as AddressInfo).port
}

async function read(incoming: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  try {
    for await (const part of incoming) parts.push(part as Buffer)
  } catch {
    // Cut off: nobody waits for the answer any more.
  }
  return Buffer.concat(parts)
}

/** Hands a request on and its answer back; where there is no whole answer, the connection is cut as its other side was. */
function pass(to: RequestOptions, body: Buffer, outgoing: ServerResponse, answered: (status: number) => void = () => {}): void {
  const onward = request({ ...to, agent: false }, answer => {
    const parts: Buffer[] = []
    answer.on('data', (part: Buffer) => parts.push(part))
    answer.on('error', () => outgoing.destroy())
    answer.on('close', () => {
      if (!answer.complete) return outgoing.destroy()
      answered(answer.statusCode ?? 0)
      const { connection: _, 'transfer-encoding': __, ...headers } = answer.headers
      const whole = Buffer.concat(parts)
      outgoing.writeHead(answer.statusCode ?? 500, { ...headers, 'content-length': whole.length })
      outgoing.end(whole)
    })
  })
  onward.on('error', () => outgoing.destroy())
  outgoing.on('close', () => onward.destroy())
  onward.end(body)
}
