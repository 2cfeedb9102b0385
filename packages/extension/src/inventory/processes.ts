import type { Host } from '../host/host.ts'
import { textOf } from '../proc.ts'
import { perSandbox } from '../per-sandbox.ts'
import type { Recording } from '../signals/signal.ts'
import { isSandbox } from './is-sandbox.ts'

/** A sandbox has room for so many file descriptors in a process, and for so many processes and threads (Lambda quotas). */
const LIMIT = 1_024
/** Above this share of a limit, a counter is told at once. */
const SHARE = 0.8
/** Bytes sent between two counts that are told where they are also eight times more than ever before. */
const MUCH_SENT = 50_000_000
/** At most one look so often. */
const LOOK_MS = 1_000
/** Counters cost a read for each process, new processes only a list of names: counters are read in one look of so many. */
const COUNT_EVERY = 8
const SUMMARY_MS = 900_000
/** Processes that one look reads, and distinct programs that one sandbox tells of. */
const MAX_READ = 64
const MAX_PROGRAMS = 32
/** Where the platform, the runtime, the deployed code and the layers have their programs. */
const USUAL = /^\/(var\/(lang|runtime|rapid|task)|opt|usr\/local\/bin)\//

const stateOf = perSandbox(() => ({
  self: '',
  looks: 0,
  lookedAt: 0,
  toldAt: Number.NEGATIVE_INFINITY,
  pids: new Set<string>(),
  programs: new Set<string>(),
  over: new Set<string>(),
  sent: 0,
  mostSent: 0,
  lastPid: 0,
}))

/**
 * Tells of each program that runs in the sandbox and is none of the platform's, the runtime's, the function's or a layer's: `process`. And of
 * the sandbox's counters: at first, every 15 minutes, and when one passes a limit, which `over` then names.
 */
export function lookAtProcesses(to: Recording): void {
  const { host } = to
  const state = stateOf(to)
  const now = host.now()
  if (Math.abs(now - state.lookedAt) < LOOK_MS || !isSandbox(to)) return
  state.lookedAt = now
  state.self ||= host.files.target('/proc/self')
  const pids = host.files.names('/proc').filter(name => /^\d+$/.test(name) && name !== state.self)
  if (pids.length === 0) return
  const fresh = pids.filter(pid => !state.pids.has(pid))
  for (const pid of fresh.slice(0, MAX_READ)) noteProgram(to, pid, state.looks === 0)
  state.pids = new Set(pids)
  if (state.looks++ % COUNT_EVERY === 0) noteCounters(to, pids, now)
}

const emit = (to: Recording, body: unknown) =>
  to.json('weir.process', body, 'kept', { time: to.host.now(), invocation: to.sandbox.newest?.requestId ?? '' })

function noteProgram(to: Recording, pid: string, first: boolean): void {
  const { programs } = stateOf(to)
  const path = to.host.files.target(`/proc/${pid}/exe`).slice(0, 256)
  // What has no program is the kernel's, or another user's. What the platform itself started stands directly below its first process.
  if (!path || USUAL.test(path) || programs.has(path) || programs.size >= MAX_PROGRAMS) return
  const { name, parent } = statOf(to.host, pid)
  if (first && parent <= 1 && !/^\/(tmp|dev|memfd)/.test(path)) return
  programs.add(path)
  emit(to, { process: { pid: Number(pid), name, path, parent } })
}

function noteCounters(to: Recording, pids: readonly string[], now: number): void {
  const { host } = to
  const state = stateOf(to)
  let threads = 0
  let fds = 0
  for (const pid of pids.slice(-MAX_READ)) {
    threads += statOf(host, pid).threads
    fds = Math.max(fds, host.files.names(`/proc/${pid}/fd`).length)
  }
  const net = networkOf(host)
  const tmp = host.files.space('/tmp')
  const sent = state.sent ? net.sent - state.sent : 0
  const lastPid = Number(textOf(host.files, '/proc/loadavg').split(' ')[4])
  const over = Object.entries({
    fds: fds > LIMIT * SHARE,
    threads: threads > LIMIT * SHARE,
    tmp: tmp ? tmp.used > tmp.bytes * SHARE : false,
    net: sent > MUCH_SENT && state.mostSent > 0 && sent > 8 * state.mostSent,
  }).flatMap(([name, is]) => (is ? [name] : []))
  const fresh = over.some(name => !state.over.has(name))
  if (fresh || now - state.toldAt >= SUMMARY_MS) {
    emit(to, { processes: pids.length, threads, fds, tmp, net, started: state.lastPid && lastPid - state.lastPid, over })
    state.toldAt = now
  }
  Object.assign(state, { over: new Set(over), sent: net.sent, mostSent: Math.max(state.mostSent, sent), lastPid })
}

/** `/proc/<pid>/stat`, proc(5). The name is in brackets and may hold anything, brackets too. */
function statOf(host: Host, pid: string): { name: string; parent: number; threads: number } {
  const stat = textOf(host.files, `/proc/${pid}/stat`)
  const end = stat.lastIndexOf(')')
  const fields = stat.slice(end + 2).split(' ')
  return { name: stat.slice(stat.indexOf('(') + 1, end), parent: Number(fields[1]) || 0, threads: Number(fields[17]) || 0 }
}

/** Bytes through all interfaces but loopback, `/proc/net/dev`. */
function networkOf(host: Host): { received: number; sent: number } {
  let received = 0
  let sent = 0
  for (const [, name, rest = ''] of textOf(host.files, '/proc/net/dev').matchAll(/^ *([^:\s]+):(.*)$/gm)) {
    const columns = rest.trim().split(/ +/).map(Number)
    if (name === 'lo') continue
    received += columns[0] ?? 0
    sent += columns[8] ?? 0
  }
  return { received, sent }
}
