import { createServer as createHttpServer, request } from 'node:http'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

/** Passes connections on to a port of this machine. */
export interface Relay {
  readonly port: number
  /** Connections that were taken. */
  readonly taken: number
  /** Resets what is open. */
  cut(): void
  /** What is open goes silent: bytes are taken and nothing is ever answered, as where the other side is gone without a word. */
  silence(): void
  close(): Promise<void>
}

/** With TLS where a certificate is given. */
export async function startRelay(to: number, tls?: { readonly key: string; readonly cert: string }): Promise<Relay> {
  const open = new Map<Socket, Socket>()
  let taken = 0
  const pass = (client: Socket) => {
    taken++
    const server = connect(to, '127.0.0.1')
    open.set(client, server)
    client.pipe(server)
    server.pipe(client)
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => {})
      one.on('close', () => {
        open.delete(client)
        other.destroy()
      })
    }
  }
  const relay = tls ? createTlsServer(tls, pass) : createServer(pass)
  relay.on('tlsClientError', () => {})
  const port = await listening(relay)
  return {
    port,
    get taken() {
      return taken
    },
    cut() {
      for (const client of open.keys()) client.resetAndDestroy()
    },
    silence() {
      for (const [client, server] of open) {
        client.unpipe(server)
        server.unpipe(client)
        client.resume()
      }
      open.clear()
    },
    close: () =>
      new Promise(resolve => {
        relay.close(() => resolve())
        for (const client of open.keys()) client.destroy()
      }),
  }
}

/** How the endpoint of the keys answers. `stale`: with keys that have expired. */
export type Mood = 'well' | 'fails' | 'hangs' | 'nonsense' | 'stale'

/** A role's keys, which change: the endpoint that gives them to a container, and a door to the stream that takes only the newest. */
export interface KeyDesk {
  readonly uri: string
  readonly door: string
  /** How many keys were given. */
  readonly given: number
  /** Calls that were turned away at the door. */
  readonly refused: number
  /** What was given before is worth nothing from now on, and the endpoint answers like this. */
  rotate(mood?: Mood): void
  close(): Promise<void>
}

/** `lifeMs`: how long keys are good for, as the endpoint says. */
export async function startKeyDesk(stream: string, lifeMs: () => number): Promise<KeyDesk> {
  let [given, refused, valid] = [0, 0, 0]
  let mood: Mood = 'well'
  const desk = createHttpServer((_, response) => {
    if (mood === 'hangs') return
    if (mood === 'fails') return void response.writeHead(500).end('no')
    if (mood === 'nonsense') return void response.end('{"AccessKeyId":7}')
    const stale = mood === 'stale'
    if (!stale) valid = ++given
    const Expiration = new Date(Date.now() + (stale ? -60_000 : lifeMs())).toISOString()
    response.end(
      JSON.stringify({ AccessKeyId: stale ? 'KEYSTALE' : `KEY${given}`, SecretAccessKey: 's', Token: 't', Expiration }),
    )
  })
  const door = createHttpServer((incoming, outgoing) => {
    const [, key] = /Credential=KEY(\w+)\//.exec(incoming.headers.authorization ?? '') ?? []
    if (key !== String(valid)) {
      refused++
      incoming.resume()
      return void outgoing
        .writeHead(400, { 'content-type': 'application/x-amz-json-1.1' })
        .end('{"__type":"ExpiredTokenException"}')
    }
    const onward = request(stream, { method: 'POST', headers: incoming.headers }, answer => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  })
  const at = async (server: Server) => `http://127.0.0.1:${await listening(server)}`
  return {
    uri: `${await at(desk)}/keys`,
    door: await at(door),
    get given() {
      return given
    },
    get refused() {
      return refused
    },
    rotate(to = 'well') {
      valid = -1
      mood = to
    },
    close: async () => {
      for (const server of [desk, door]) {
        server.closeAllConnections()
        await new Promise(resolve => server.close(resolve))
      }
    },
  }
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  return (server.address() as AddressInfo).port
}
