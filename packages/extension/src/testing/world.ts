import { type Batch, decodeBatch } from '@weir/schema'
import { run } from '../extension.ts'
// The extension imports it when it runs; reading it then takes real time, in which the clock here would race ahead.
import '../flight.ts'
import type { Connection, ConnectionEvents, Files } from '../host/host.ts'
import { createParser, type Message } from '../http-message.ts'
import { type FakeHost, fakeHost } from './host.ts'
import { KEYS, STREAM_ARN } from './kinesis.ts'

/** What a server of the world says: an answer, any bytes at all, nothing ever, or the end of the connection. */
export type Reply =
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly raw: readonly Uint8Array[]; readonly close: boolean }
  | 'hang'
  | 'close'

export type Server = (request: Message) => Reply | Promise<Reply>

export interface Put {
  readonly Data: string
  readonly PartitionKey: string
}

/**
 * Everything around the extension, in memory and with a clock that the test moves: an hour is a few calls. The real processes and sockets are in
 * `platform.ts` and `kinesis.ts`.
 */
export interface World {
  readonly host: FakeHost
  /** Batches that the stream has acknowledged. */
  readonly batches: Batch[]
  /** How many times the next event has been asked for. */
  readonly asked: number
  /** PutRecords calls that came. */
  readonly puts: number
  /** Answers of the stream, in place of accepting. */
  stream: (entries: readonly Put[], accept: () => Reply) => Reply | Promise<Reply>
  /** Asked before `register`, `telemetry` and `event/next` get their usual answer. */
  api: (path: string) => Reply | undefined
  /** The credentials endpoint at 127.0.0.1:3000. */
  credentials: Server
  /** Ends every open connection to the stream without a word to the extension until it writes: a socket that died in a freeze. */
  killSockets(): void
  start(): void
  /** Answers the `next` that waits. */
  give(event: object): void
  invoke(requestId: string, timeoutMs?: number): void
  shutdown(reason?: string): void
  /** The sandbox stands still for so long: the wall clock has gone on, and every timer that was due meanwhile is overdue. */
  freeze(ms: number): void
  /** One POST to the listener; false where nobody listens. */
  post(body: string | Uint8Array): boolean
  /** Lets everything happen that can happen without the clock. */
  settle(): Promise<void>
  /** Moves the clock in steps until `done`, at most for `ms`. */
  until(done: () => boolean, ms?: number): Promise<boolean>
}

const NO_FILES: Files = {
  read: () => undefined,
  names: () => [],
  target: () => '',
  stat: () => undefined,
  space: () => undefined,
  folder: () => false,
  create: () => undefined,
  remove: () => false,
}
const STEP_MS = 50

export function createWorld(env: Record<string, string> = {}): World {
  let waiting: ((reply: Reply) => void) | undefined
  let given: object[] = []
  let accept: ((connection: Connection) => ConnectionEvents) | undefined
  let dead = new Set<ConnectionEvents>()
  const open = new Set<ConnectionEvents>()
  let [asked, puts] = [0, 0]

  const api: Server = ({ start }) => {
    const path = start.split(' ')[1] ?? ''
    if (path.endsWith('/event/next')) asked++
    const special = world.api(path)
    if (special !== undefined) return special
    if (path.endsWith('/register')) {
      const body = JSON.stringify({ accountId: '123456789012', functionName: 'orders', functionVersion: '7' })
      return { status: 200, body, headers: { 'Lambda-Extension-Identifier': 'ext-1' } }
    }
    if (path.endsWith('/telemetry')) return { status: 200, body: '"OK"' }
    const next = given.shift()
    if (next) return { status: 200, body: JSON.stringify(next) }
    return new Promise(resolve => {
      waiting = resolve
    })
  }
  const kinesis: Server = ({ body }) => {
    puts++
    const { Records } = JSON.parse(Buffer.from(body).toString()) as { Records: Put[] }
    const taken = () => {
      for (const { Data } of Records) world.batches.push(decodeBatch(Buffer.from(Data, 'base64')))
      const results = Records.map((_, index) => ({ SequenceNumber: String(index + 1), ShardId: 'shardId-000000000000' }))
      return { status: 200, body: JSON.stringify({ FailedRecordCount: 0, Records: results }) }
    }
    return world.stream(Records, taken)
  }
  const servers: Readonly<Record<number, Server>> = { 9001: api, 4567: kinesis, 3000: request => world.credentials(request) }

  const dial = (server: Server | undefined, port: number, events: ConnectionEvents): Connection => {
    const parser = createParser('request', { head: 65_536, body: 64 * 1024 * 1024 })
    let closed = false
    const end = (reason: string) => {
      if (closed) return
      closed = true
      open.delete(events)
      queueMicrotask(() => events.closed(reason))
    }
    if (!server) end('ECONNREFUSED')
    else if (port === 4567) open.add(events)
    const say = (reply: Reply) => {
      if (closed || reply === 'hang') return
      if (reply === 'close') return end('')
      for (const bytes of 'raw' in reply ? reply.raw : [serialize(reply)]) if (!closed) events.data(bytes)
      if ('raw' in reply && reply.close) end('ECONNRESET')
    }
    return {
      write(bytes) {
        if (closed) return
        if (dead.has(events)) return end('ECONNRESET')
        for (const message of parser.push(bytes)) void Promise.resolve(server?.(message) ?? 'hang').then(say)
      },
      close: () => end(''),
    }
  }

  const fake = fakeHost({
    env: {
      ...KEYS,
      AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001',
      AWS_REGION: 'eu-central-1',
      WEIR_STREAM_ARN: STREAM_ARN,
      WEIR_KINESIS_ENDPOINT: 'http://127.0.0.1:4567',
      WEIR_FINGERPRINT_KEY: 'test',
      ...env,
    },
    dial: ({ port }, events) => dial(servers[port], port, events),
  })
  let thawed: number | undefined
  const host: FakeHost = {
    ...fake,
    now: () => thawed ?? fake.now(),
    after: (ms, task) => fake.after(ms + host.now() - fake.now(), task),
    files: NO_FILES,
    listen: (_, take, port = 4243) => {
      if (port === 4243) accept = take
      return Promise.resolve({ port, close: () => (accept = undefined) })
    },
  }

  const world: World = {
    host,
    batches: [],
    get asked() {
      return asked
    },
    get puts() {
      return puts
    },
    stream: (_, taken) => taken(),
    api: () => undefined,
    credentials: () => ({ status: 404 }),
    killSockets() {
      dead = new Set(open)
    },
    start: () => void run(host),
    give(event) {
      given = [...given, event]
      if (!waiting) return
      waiting({ status: 200, body: JSON.stringify(given.shift()) })
      waiting = undefined
    },
    invoke(requestId, timeoutMs = 30_000) {
      const invokedFunctionArn = 'arn:aws:lambda:eu-central-1:123456789012:function:orders'
      world.give({ eventType: 'INVOKE', deadlineMs: host.now() + timeoutMs, requestId, invokedFunctionArn })
    },
    shutdown: (reason = 'spindown') =>
      world.give({ eventType: 'SHUTDOWN', shutdownReason: reason, deadlineMs: host.now() + 2_000 }),
    freeze(ms) {
      thawed = host.now() + ms
      host.advance(ms)
      thawed = undefined
    },
    post(body) {
      const connection = accept?.({ write: () => {}, close: () => {} })
      const bytes = Buffer.from(body)
      connection?.data(Buffer.from(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes.length}\r\n\r\n`))
      connection?.data(bytes)
      connection?.closed('')
      return connection !== undefined
    },
    async settle() {
      for (let turn = 0; turn < 8; turn++) await new Promise(resolve => void setImmediate(resolve))
    },
    async until(done, ms = 120_000) {
      const end = host.now() + ms
      await world.settle()
      while (!done()) {
        if (host.now() >= end) return false
        host.advance(STEP_MS)
        await world.settle()
      }
      return true
    },
  }
  return world
}

function serialize({ status, body = '', headers = {} }: Extract<Reply, { status: number }>): Uint8Array {
  const lines = Object.entries({ ...headers, 'Content-Length': String(Buffer.byteLength(body)) }).map(each => each.join(': '))
  return Buffer.from(`HTTP/1.1 ${status} Said\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}
