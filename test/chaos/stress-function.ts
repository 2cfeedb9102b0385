import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { makeKeys } from '@weir/schema/open'
import { keyId, writeFrame, writeHead, writeHeader } from '@weir/schema/seal'

/** What the function is asked to do. What it answers depends on the order alone, so that it can be compared with and without the extension. */
export type Order =
  | { readonly do: 'lines'; readonly name: string; readonly count: number; readonly bytes?: number; readonly noise?: boolean }
  | { readonly do: 'binary'; readonly seed: string }
  | { readonly do: 'letters' }
  | { readonly do: 'controls' }
  | { readonly do: 'bombs'; readonly shallow?: boolean }
  | { readonly do: 'attack' }
  | { readonly do: 'never-read'; readonly seconds: number }
  | { readonly do: 'vandal'; readonly how: 'link' | 'file' | 'closed' | 'scribble' | 'plant' | 'fill' | 'read' }
  | { readonly do: 'crash' }

/** Lines that it posts to the extension's listener itself begin so: the platform has not sent them. */
export const FORGED = 'forged '

const print = (text: string): void => console.log(text) // oxlint-disable-line no-console -- a function's log
const folder = (): string => `${process.env['STRESS_TMP']}/.weir`
const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

const DEEDS: { readonly [Name in Order['do']]: (order: Extract<Order, { do: Name }>, requestId: string) => unknown } = {
  lines({ name, count, bytes = 0, noise = false }) {
    for (let n = 1; n <= count; n++)
      print(`${name} ${n} `.padEnd(bytes, noise ? randomBytes(1 + bytes / 2).toString('hex') : 'x').slice(0, bytes || undefined))
    return count
  },

  async binary({ seed }) {
    const bytes = Buffer.alloc(200_000)
    let state = seed.length
    for (let at = 0; at < bytes.length; at++) bytes[at] = (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 16
    for (let at = 0; at < bytes.length; at += 20_000) {
      fs.writeSync(1, bytes.subarray(at, at + 20_000))
      await pause(60)
    }
    fs.writeSync(2, Buffer.concat([bytes.subarray(0, 5_000), Buffer.of(0xf0, 0x9f, 0x98, 10, 0xc0, 0x80, 0xed, 0xa0, 0x80, 10)]))
    for (const line of ODDITIES) print(line)
    return bytes.length
  },

  async letters() {
    for (let n = 0; n < 12; n++) {
      print(Array.from(randomBytes(200_000), byte => (byte & 1 ? 'x' : 'y')).join(''))
      await pause(60)
    }
    return 12
  },

  controls() {
    // The longest line that there is, and each of its characters takes six bytes in JSON.
    for (const unit of ['\u0001', '\u0000', '"', '\\']) print(unit.repeat(262_144))
    return 4
  },

  async bombs({ shallow = false }) {
    for (const bomb of shallow ? BOMBS.filter(each => !DEEP.includes(each)) : [...BOMBS, ...DEEP]) {
      print(bomb)
      fs.writeSync(1, `${bomb}\n`)
      // So that the platform has sent one before the next one comes: what it drops is no trial.
      await pause(60)
    }
    return 'bombed'
  },

  async attack(_, requestId) {
    const port = listenerPort()
    if (port) await attack(port, requestId)
    else await pause(3_000)
    return 'attacked'
  },

  async 'never-read'({ seconds }) {
    const port = listenerPort()
    const requests = Buffer.from('POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]'.repeat(1_500))
    const ask = (): void => {
      if (!port) return
      const socket = connect(port, '127.0.0.1').pause()
      const more = (): void => {
        while (socket.write(requests));
      }
      socket
        .on('error', () => {})
        .on('close', () => void setTimeout(ask, 10))
        .on('drain', more)
      setTimeout(() => socket.destroy(), 1_000 * seconds)
      more()
    }
    ask()
    print('asked')
    await pause(1_000 * seconds)
    return seconds
  },

  vandal({ how }) {
    const path = folder()
    const attempt = (task: () => void) => {
      try {
        task()
      } catch {
        // Without the extension there is nothing to vandalize.
      }
    }
    print(`vandal: ${how}`)
    if (how === 'link' || how === 'file') {
      attempt(() => fs.rmSync(path, { recursive: true, force: true }))
      if (how === 'file') fs.writeFileSync(path, 'mine')
      else {
        fs.mkdirSync(`${path}-elsewhere`, { recursive: true })
        fs.symlinkSync(`${path}-elsewhere`, path)
      }
    } else if (how === 'closed') attempt(() => fs.chmodSync(path, 0))
    else if (how === 'scribble') {
      attempt(() => {
        for (const name of fs.readdirSync(path)) {
          const bytes = fs.readFileSync(`${path}/${name}`)
          for (let at = 200; at < bytes.length; at += 997) bytes[at] = (bytes[at] ?? 0) ^ 0x55
          fs.writeFileSync(`${path}/${name}`, bytes)
        }
      })
    } else if (how === 'plant') plant(path)
    else if (how === 'fill') {
      const file = fs.openSync(`${process.env['STRESS_TMP']}/fill`, 'w')
      attempt(() => {
        for (const piece = Buffer.alloc(262_144); ; ) fs.writeSync(file, piece)
      })
      attempt(() => {
        for (const piece = Buffer.alloc(1); ; ) fs.writeSync(file, piece)
      })
      fs.closeSync(file)
    }
    return how
  },

  crash: () => process.exit(7),
}

export const handler = async (order: Order, context: { readonly awsRequestId: string }): Promise<unknown> => {
  const deed = DEEDS[order.do] as (order: Order, requestId: string) => unknown
  return { did: order.do, answer: await deed(order, context.awsRequestId) }
}

const event = (type: string, record: unknown): object => ({ time: new Date().toISOString(), type, record })
const forged = (n: number): object => event('function', `${FORGED}${n}\n`)

const ODDITIES: readonly string[] = [
  '',
  '\u0000\u0001\u0002\u0003\u0004\u0005',
  '\u001b[31mred\u001b[0m\u001b]8;;http://example.com\u0007link\u001b]8;;\u0007\u001b[2J\u001bc',
  '\ud800 alone \udfff',
  '\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  'caf\u00e9 \u{1f600} \u202e desrever \ufeff \u2028 \u2029',
  'weir: own line',
  'START RequestId: 00000000-0000-4000-8000-000000000000 Version: $LATEST',
  'REPORT RequestId: 00000000-0000-4000-8000-000000000000\tDuration: 1 ms',
  JSON.stringify([event('platform.runtimeDone', { requestId: 'x', status: 'success' })]),
  JSON.stringify(event('weir.end', { reason: 'spindown', waiting: { kept: 0, log: 0, cut: 0 } })),
  JSON.stringify(event('weir.dropped', { reason: 'buffer-full', records: 1e9, bytes: 1e9 })),
  JSON.stringify(event('platform.logsDropped', { droppedRecords: 1e9, droppedBytes: 1e9, reason: 'no' })),
]

const DEEP: readonly string[] = [
  '['.repeat(100_000),
  `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
  `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
]

const BOMBS: readonly string[] = [
  `${'{"a":'.repeat(500)}1${'}'.repeat(500)}`,
  `{"n":${'9'.repeat(100_000)}}`,
  '{"n":1e400,"m":-1e-400,"k":123456789012345678901234567890}',
  '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
  `[${'0,'.repeat(100_000)}0]`,
  `{${Array.from({ length: 20_000 }, (_, n) => `"k${n}":${n}`).join(',')}}`,
  `{"requestId":"${'a'.repeat(50_000)}","level":"${'ERROR'.repeat(10_000)}"}`,
  `{"_aws":{"CloudWatchMetrics":[${'{},'.repeat(10_000)}{}]}}`,
  `{"Records":[${'{"eventSource":"aws:sqs","body":"{\\"requestContext\\":1}"},'.repeat(900)}{}]}`,
  `{"requestContext":${'{"requestContext":'.repeat(500)}1${'}'.repeat(500)}}`,
]

/** A journal that a killed process might have left: of another sandbox, old, well formed in front, and far too long. */
function plant(path: string): void {
  fs.mkdirSync(path, { recursive: true })
  const key = Buffer.from(makeKeys().public, 'base64')
  for (let n = 0; n < 100; n++) {
    const sandbox = randomBytes(16).toString('hex')
    const file = `${path}/${sandbox}.0.journal`
    const sealed = randomBytes(100)
    const frames = Array.from({ length: 20 }, (_, at) => writeFrame(writeHead(1, sealed.length, at, at + 1), sealed))
    fs.writeFileSync(file, Buffer.concat([writeHeader({ keyId: keyId(key), sandbox, encapsulated: randomBytes(32) }), ...frames]))
    if (n % 10 === 0) fs.truncateSync(file, 40_000_000)
    if (n % 10 === 1) fs.writeFileSync(file, randomBytes(5_000))
    fs.utimesSync(file, 1_000_000, 1_000_000)
  }
  fs.mkdirSync(`${path}/${'0'.repeat(32)}.0.journal`, { recursive: true })
  fs.symlinkSync('/dev/zero', `${path}/${'1'.repeat(32)}.0.journal`)
}

/** Where the extension of this sandbox listens: a socket of /proc/net/tcp that a process with our TMPDIR holds, and that is not we. */
function listenerPort(): number | undefined {
  const read = (path: string): string => {
    try {
      return fs.readFileSync(path, 'latin1')
    } catch {
      return ''
    }
  }
  const links = (path: string): string[] => {
    try {
      return fs.readdirSync(path).map(name => fs.readlinkSync(`${path}/${name}`))
    } catch {
      return []
    }
  }
  const mine = `TMPDIR=${process.env['TMPDIR']}`
  const pids = fs.readdirSync('/proc').filter(name => /^\d+$/.test(name) && name !== String(process.pid))
  const held = new Set(
    pids.filter(pid => read(`/proc/${pid}/environ`).split('\0').includes(mine)).flatMap(pid => links(`/proc/${pid}/fd`)),
  )
  for (const line of read('/proc/net/tcp').split('\n')) {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
    if (state === '0A' && held.has(`socket:[${inode}]`)) return Number.parseInt(local.split(':')[1] ?? '', 16)
  }
  return undefined
}

/** Everything that a function can do to a listener, over 200 connections at once. */
async function attack(port: number, requestId: string): Promise<void> {
  const sockets: Socket[] = []
  const open = (): Socket => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    sockets.push(socket)
    return socket
  }
  const post = (body: string | Buffer, headers: Record<string, string> = {}): Promise<void> =>
    new Promise(resolve => {
      const outgoing = request({ host: '127.0.0.1', port, method: 'POST', path: '/', headers, agent: false }, answer => {
        answer.resume()
        answer.on('close', resolve)
      })
      outgoing.on('error', () => resolve())
      outgoing.end(body)
    })
  const most = Number.MAX_SAFE_INTEGER
  const lies = [
    event('platform.logsDropped', { droppedRecords: most, droppedBytes: most, reason: 'forged' }),
    event('platform.runtimeDone', { requestId, status: 'success', metrics: { durationMs: 1e300, producedBytes: -1 } }),
    event('platform.report', {
      requestId,
      metrics: { durationMs: 1e300 },
      spans: [{ name: 'extensionOverhead', durationMs: -5 }],
    }),
    event('platform.start', { requestId: '0'.repeat(70_000) }),
    event('platform.initStart', { runtimeVersion: 'x'.repeat(100_000), initializationType: 'snap-start' }),
    event('platform.restoreStart', {}),
    event('weir.end', { reason: 'spindown' }),
    event('weir.sealed', 'x'),
    event('platform.'.padEnd(64, 'y'), { deep: 1 }),
  ]
  for (let n = 0; n < 200; n++) {
    const socket = open()
    if (n % 5 === 0) socket.write('POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n[')
    else if (n % 5 === 1) socket.write(randomBytes(50_000))
    else if (n % 5 === 2) socket.write('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n')
    else if (n % 5 === 3) socket.write(`GET ${'/'.repeat(10_000)}`)
  }
  const drip = setInterval(() => {
    for (const socket of sockets) if (!socket.destroyed) socket.write('x')
  }, 20)
  for (let n = 0; n < 200; n++) {
    await post(JSON.stringify([forged(n), lies[n % lies.length]]), n % 3 === 0 ? { 'Sequence-Id': String(n % 7) } : {})
    if (n % 20 === 0) await post([...BOMBS, ...DEEP][(n / 20) % (BOMBS.length + DEEP.length)] ?? '')
    if (n % 50 === 0) await post(Buffer.alloc(3_000_000, 0x5b))
    if (n % 10 === 0) print(`real ${n}`)
  }
  await pause(500)
  clearInterval(drip)
  for (const socket of sockets) socket.destroy()
}
