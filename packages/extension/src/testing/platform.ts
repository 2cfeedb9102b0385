import { createServer, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Call {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** The Runtime API's host as an extension sees it: register, next, telemetry. The test decides what happens when. */
export interface FakePlatform {
  /** host:port, for AWS_LAMBDA_RUNTIME_API. */
  readonly api: string
  readonly calls: Call[]
  /** Answers to `PUT telemetry`, in order; afterwards 200. */
  subscribe: { status: number; body?: unknown }[]
  /** Answers to `next` that are sent before any event. */
  nonsense: { status: number; body: string }[]
  /** Resolves when the extension asks for its next event, and none has been given to it since. */
  ready(): Promise<void>
  /** Gives an INVOKE event. */
  invoke(requestId: string, deadlineMs?: number): Promise<void>
  shutdown(reason?: string, deadlineMs?: number): Promise<void>
  /** Posts telemetry to where the extension subscribed. */
  post(events: unknown, headers?: Record<string, string>): Promise<number>
  close(): Promise<void>
}

export const at = (offset = 0): string => new Date(Date.now() + offset).toISOString()
export const event = (type: string, record: unknown, time = at()) => ({ time, type, record })

export async function startPlatform(): Promise<FakePlatform> {
  let waiting: ServerResponse | undefined
  let arrived: (() => void)[] = []
  const server = createServer((req, res) => {
    let body = ''
    req.on('data', (part: Buffer) => (body += part.toString()))
    req.on('end', () => {
      const path = req.url ?? ''
      fake.calls.push({ method: req.method ?? '', path, headers: req.headers, body })
      if (path.endsWith('/register')) {
        res.setHeader('Lambda-Extension-Identifier', 'ext-1')
        res.end(
          JSON.stringify({
            accountId: '123456789012',
            functionName: 'orders',
            functionVersion: '$LATEST',
            handler: 'index.handler',
          }),
        )
      } else if (path.endsWith('/telemetry')) {
        const { status, body: answer = 'OK' } = fake.subscribe.shift() ?? { status: 200 }
        res.statusCode = status
        res.end(JSON.stringify(answer))
      } else {
        const wrong = fake.nonsense.shift()
        if (wrong) {
          res.statusCode = wrong.status
          return res.end(wrong.body)
        }
        waiting = res
        for (const each of arrived) each()
        arrived = []
      }
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const ready = () => (waiting ? Promise.resolve() : new Promise<void>(resolve => void arrived.push(resolve)))
  const give = async (value: unknown) => {
    await ready()
    const response = waiting
    waiting = undefined
    response?.end(JSON.stringify(value))
  }
  const fake: FakePlatform = {
    api: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: [],
    subscribe: [],
    nonsense: [],
    ready,
    invoke: (requestId, deadlineMs = Date.now() + 30_000) =>
      give({
        eventType: 'INVOKE',
        deadlineMs,
        requestId,
        invokedFunctionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:orders:live',
      }),
    shutdown: (reason = 'spindown', deadlineMs = Date.now() + 2_000) =>
      give({ eventType: 'SHUTDOWN', shutdownReason: reason, deadlineMs }),
    post: (events, headers = {}) => {
      const subscription = fake.calls.findLast(each => each.path.endsWith('/telemetry'))
      const { destination } = JSON.parse(subscription?.body ?? '{}') as { destination: { URI: string } }
      return post(destination.URI, typeof events === 'string' ? events : JSON.stringify(events), headers)
    },
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return fake
}

function post(url: string, body: string | Buffer, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const req = request(url, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers } }, res => {
      res.resume()
      res.on('end', () => resolve(res.statusCode ?? 0))
    })
    req.on('error', reject)
    req.end(body)
  })
}
