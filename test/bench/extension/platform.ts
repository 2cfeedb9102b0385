import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The sandbox's side of one extension: the Extensions and Telemetry API, and a stream and intakes that take everything. Times: milliseconds of `performance.now`. */
export interface BenchPlatform {
  readonly port: number
  readonly registeredAt: Promise<number>
  readonly subscribedAt: Promise<number>
  readonly readyAt: Promise<number>
  /** What the platform posts once an extension has subscribed. */
  init(): Promise<void>
  /** One invocation: its event, its telemetry with eight JSON lines, and the wait for the extension's `next`. */
  invoke(): Promise<void>
  close(): void
}

const LINES = 8
const once = <T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } => Promise.withResolvers<T>()

export async function startBenchPlatform(): Promise<BenchPlatform> {
  const [registered, subscribed, ready] = [once<number>(), once<number>(), once<number>()]
  const destinations: string[] = [] // OpenTelemetry's has two
  let waiting: ServerResponse | undefined
  let asked: () => void = () => {}
  let invocations = 0

  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const at = performance.now()
    const path = req.url ?? ''
    let body = ''
    for await (const part of req) body += String(part)
    if (path.endsWith('/register')) {
      registered.resolve(at)
      res.setHeader('Lambda-Extension-Identifier', '00000000-0000-4000-8000-000000000000')
      res.end('{"functionName":"bench","functionVersion":"$LATEST","handler":"index.handler","accountId":"111122223333"}')
    } else if (path.endsWith('/event/next')) {
      ready.resolve(at)
      waiting = res // held open: the sandbox is idle
      asked()
    } else if (path.endsWith('/telemetry')) {
      subscribed.resolve(at)
      const { URI } = (JSON.parse(body) as { destination: { URI: string } }).destination
      destinations.push(URI)
      res.end('"OK"')
    } else if (req.headers['x-amz-target'] === undefined) {
      res.writeHead(path.startsWith('/api/') ? 202 : 200).end() // where the others send what they gather; Datadog's wants 202
    } else {
      const { Records } = JSON.parse(body) as { Records: unknown[] }
      const results = Records.map((_, index) => ({ SequenceNumber: String(index + 1), ShardId: 'shardId-000000000000' }))
      res.end(JSON.stringify({ FailedRecordCount: 0, Records: results }))
    }
  }
  const server = createServer((req, res) => void answer(req, res).catch(() => res.destroy()))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const event = (type: string, record: unknown) => ({ time: new Date().toISOString(), type, record })

  return {
    port: (server.address() as AddressInfo).port,
    registeredAt: registered.promise,
    subscribedAt: subscribed.promise,
    readyAt: ready.promise,
    init: () =>
      post(destinations, [
        event('platform.initStart', {
          initializationType: 'on-demand',
          phase: 'init',
          runtimeVersion: 'python:3.13.v40',
          functionName: 'bench',
        }),
      ]),
    async invoke() {
      const requestId = `00000000-0000-4000-8000-${String(++invocations).padStart(12, '0')}`
      const again = new Promise<void>(resolve => {
        asked = resolve
      })
      const tracing = {
        type: 'X-Amzn-Trace-Id',
        value: 'Root=1-62e900b2-710d76f009d6e7785905449a;Parent=0efbd19962d95b05;Sampled=0',
      }
      const arn = 'arn:aws:lambda:us-east-1:111122223333:function:bench'
      waiting?.end(
        JSON.stringify({ eventType: 'INVOKE', deadlineMs: Date.now() + 30_000, requestId, invokedFunctionArn: arn, tracing }),
      )
      const lines = Array.from({ length: LINES }, (_, line) =>
        event('function', {
          timestamp: new Date().toISOString(),
          level: 'INFO',
          requestId,
          message: `order ${invocations * LINES + line} accepted`,
          durationMs: line * 3,
          path: `/orders/${line}`,
        }),
      )
      await post(destinations, [
        event('platform.start', { requestId, version: '$LATEST' }),
        ...lines,
        event('platform.runtimeDone', {
          requestId,
          status: 'success',
          metrics: { durationMs: 12.5, producedBytes: 17 },
          spans: [],
        }),
      ])
      await again
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function post(urls: readonly string[], events: unknown): Promise<void> {
  await Promise.all(urls.map(url => postTo(url, events)))
}

function postTo(url: string, events: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const req = request(url, { method: 'POST', headers: { 'Content-Type': 'application/json' } }, res => {
      res.resume().on('end', resolve)
    })
    req.on('error', reject)
    req.end(JSON.stringify(events))
  })
}
