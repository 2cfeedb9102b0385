// What functions do that the guard watches, in a process with the guard or without: `node [--import guard.mjs] work.child.mjs <port>`.
// Tells a line of JSON: milliseconds and processor time to the first line, memory, microseconds of each kind of work.
import dns from 'node:dns'
import { readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import net from 'node:net'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { Script } from 'node:vm'

const port = Number(process.argv[2])
const spent = () => {
  const { user, system } = process.cpuUsage()
  return user + system
}
const start = { readyMs: performance.now(), readyCpuMs: spent() / 1_000 }
const anonymousMb = () => Number(/^Anonymous:\s+(\d+) kB/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))?.[1]) / 1024
const anonymous = anonymousMb()

const file = `${tmpdir()}/weir-bench-${process.pid}`
writeFileSync(file, 'x'.repeat(1_000))
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
const get = () =>
  new Promise((resolve, reject) => {
    http.get({ host: '127.0.0.1', port, agent }, answer => answer.resume().on('end', resolve)).on('error', reject)
  })

/** How often, and what. */
const WORK = {
  invocation: [
    300,
    async () => {
      JSON.parse(readFileSync(file, 'latin1') && '{"order":1}')
      await get()
      await get()
    },
  ],
  'read a file': [3_000, () => readFileSync(file)],
  'read a file, promised': [1_000, () => readFile(file)],
  'request on an open connection': [500, get],
  connect: [
    300,
    async () => {
      const socket = net.connect(port, '127.0.0.1')
      await once(socket, 'connect')
      socket.destroy()
    },
  ],
  'look up a name': [300, () => dns.promises.lookup('localhost')],
  'make a script': [3_000, () => new Script('1')],
  'start a program': [30, () => spawnSync('true')],
}

const micros = {}
for (const [what, [times, work]] of Object.entries(WORK)) {
  for (let n = 0; n < times / 3; n++) await work()
  const before = [performance.now(), spent()]
  for (let n = 0; n < times; n++) await work()
  micros[what] = { wall: ((performance.now() - before[0]) * 1_000) / times, cpu: (spent() - before[1]) / times }
}
process.stdout.write(JSON.stringify({ ...start, anonymous, anonymousAfter: anonymousMb(), micros }))
process.exit()
