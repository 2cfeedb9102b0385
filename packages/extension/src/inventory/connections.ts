import type { Host } from '../host/host.ts'
import { textOf } from '../proc.ts'
import { perSandbox } from '../per-sandbox.ts'
import type { Recording } from '../signals/signal.ts'
import { isSandbox } from './is-sandbox.ts'

/** At most one look so often; where the table is long to read, a thousand times what the last look took. */
const LOOK_MS = 1_000
/** Distinct remote ends that one sandbox tells of, and that one look tells of. */
const MAX_KNOWN = 256
const MAX_NEW = 16
/** Of a table, bytes: 150 a line, and a process may hold 1,024 descriptors. */
const MAX_TABLE = 160 * 1024

/** `/proc/net/tcp`, proc(5): remote address and port in hexadecimal, state, inode. A listening socket (0A) has no other end. */
const LINE = /^ *\d+: \w+:\w+ (\w{8}|\w{32}):(\w{4}) (?!0A)(\w\w) \S+ \S+ \S+ +\d+ +\d+ (\d+)/gm
const STATES: Readonly<Record<string, string>> = { '01': 'established', '02': 'opening' }
/** Loopback, nowhere, and link-local, where Lambda's own interfaces are; the addresses of instance and container metadata are not let off. */
const LOCAL = /^(127\.|0\.0\.0\.0$|0:0:0:0:0:0:0:[01]$|fe80:|169\.254\.(?!169\.254$|170\.2$|170\.23$))/

const stateOf = perSandbox(() => ({ opens: '', lookedAt: 0, pause: LOOK_MS, known: new Set<string>() }))

/**
 * Tells of each address and port outside of the sandbox, when it is first seen: what is open, opening or just closed when a flush looks. The
 * kernel's count of connections ever opened, which stands beside each, says whether a look is worth its cost.
 */
export function lookAtConnections(to: Recording): void {
  const { host } = to
  const state = stateOf(to)
  const began = host.now()
  if (Math.abs(began - state.lookedAt) < state.pause || !isSandbox(to)) return
  state.lookedAt = began
  const opens = /^Tcp: \d+ \d+ \d+ \S+ (\d+)/m.exec(textOf(host.files, '/proc/net/snmp'))?.[1] ?? ''
  if (opens === state.opens || state.known.size >= MAX_KNOWN) return
  state.opens = opens
  const found = remotes(host).filter(({ key }) => !state.known.has(key))
  const own = found.length > 0 ? ownSockets(host) : undefined
  let told = 0
  for (const { key, inode, ...remote } of found) {
    if (state.known.has(key) || told >= MAX_NEW || state.known.size >= MAX_KNOWN) continue
    state.known.add(key)
    if (own?.has(`socket:[${inode}]`)) continue
    told++
    const at = { time: began, invocation: to.sandbox.newest?.requestId ?? '' }
    to.json('weir.connections', { ...remote, opened: Number(opens) }, 'kept', at)
  }
  // What one look had to leave is for the next, whatever the kernel counts.
  if (told >= MAX_NEW) state.opens = ''
  state.pause = Math.max(LOOK_MS, 1_000 * (host.now() - began))
}

function remotes(host: Host) {
  return ['tcp', 'tcp6'].flatMap(table =>
    [...textOf(host.files, `/proc/net/${table}`, MAX_TABLE).matchAll(LINE)].flatMap(
      ([, address = '', port = '', phase = '', inode = '']) => {
        const ip = readAddress(address)
        return LOCAL.test(ip)
          ? []
          : [{ key: `${address}:${port}`, inode, ip, port: Number.parseInt(port, 16), state: STATES[phase] ?? 'closing' }]
      },
    ),
  )
}

/** Words of 32 bits, each with its bytes in the processor's order, which is little-endian on both of Lambda's. */
function readAddress(hex: string): string {
  const bytes = Buffer.from(hex, 'hex')
  for (let at = 0; at < bytes.length; at += 4) bytes.subarray(at, at + 4).reverse()
  if (bytes.length === 16 && hex.startsWith('0000000000000000FFFF0000')) return bytes.subarray(12).join('.')
  if (bytes.length === 4) return bytes.join('.')
  return Array.from({ length: 8 }, (_, word) => bytes.readUInt16BE(2 * word).toString(16)).join(':')
}

/** What we have open ourselves: the stream. */
const ownSockets = ({ files }: Host): Set<string> =>
  new Set(
    files
      .names('/proc/self/fd')
      .slice(0, 128)
      .map(name => files.target(`/proc/self/fd/${name}`)),
  )
