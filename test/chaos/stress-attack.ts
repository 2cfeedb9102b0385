import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { BOMBS, DEEP, event } from './stress-bombs.ts'

/** Lines that it posts to the extension's listener itself begin so: the platform has not sent them. */
export const FORGED = 'forged '

const forged = (n: number): object => event('function', `${FORGED}${n}\n`)

/** Where the extension of this sandbox listens: a socket of /proc/net/tcp that a process with our TMPDIR holds, and that is not we. */
export function listenerPort(): number | undefined {
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'latin1')
    } catch {
      return ''
    }
  }
  const links = (path: string): string[] => {
    try {
      return readdirSync(path).map(name => readlinkSync(`${path}/${name}`))
    } catch {
      return []
    }
  }
  const mine = `TMPDIR=${process.env['TMPDIR']}`
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name) && name !== String(process.pid))
  const held = new Set(
    pids.filter(pid => read(`/proc/${pid}/environ`).split('\0').includes(mine)).flatMap(pid => links(`/proc/${pid}/fd`)),
  )
  for (const line of read('/proc/net/tcp').split('\n')) {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
    if (state === '0A' && held.has(`socket:[${inode}]`)) return Number.parseInt(local.split(':')[1] ?? '', 16)
  }
  return undefined
}

/** Everything that a function can do to a listener, over 200 connections at once. It is told where a line of its own may come between. */
export async function attack(port: number, requestId: string, meanwhile: (n: number) => void): Promise<void> {
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
    if (n % 10 === 0) meanwhile(n)
  }
  await pause(500)
  clearInterval(drip)
  for (const socket of sockets) socket.destroy()
}

const REQUESTS = Buffer.from('POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]'.repeat(1_500))

/** Asks and never reads an answer; begins again when it is cut off. */
export function askForEver(port: number, seconds: number): void {
  const end = Date.now() + 1_000 * seconds
  const socket = connect(port, '127.0.0.1').pause()
  const more = (): void => {
    while (socket.write(REQUESTS));
  }
  const timer = setTimeout(() => socket.destroy(), end - Date.now())
  socket.on('error', () => {}).on('drain', more)
  socket.on('close', () => {
    clearTimeout(timer)
    if (Date.now() < end - 50) setTimeout(() => askForEver(port, (end - Date.now()) / 1_000), 10)
  })
  more()
}
