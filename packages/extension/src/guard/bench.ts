import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bundleProgram } from '../../build/bundle.ts'

/** What one thing costs in a function's process: the least of the rounds, since what else runs on the machine only adds. */
export interface GuardCost {
  readonly what: string
  /** Microseconds. */
  readonly without: number
  readonly guarded: number
}

/** What the guard watches, each many times over, after a first time: the ordinary case is that a thing has been seen. */
const PROGRAM = `
const fs = require('node:fs'), net = require('node:net'), vm = require('node:vm'), childProcess = require('node:child_process')
const file = __filename
const modules = Array.from({ length: 300 }, (_, at) => { const path = __dirname + '/m' + at + '.js'; fs.writeFileSync(path, 'module.exports = ' + at); return path })
const results = {}
const note = (what, count, began) => { results[what] = Number(process.hrtime.bigint() - began) / 1000 / count }
const sync = (what, count, task) => {
  for (let each = 0; each < count / 10; each++) task(each)
  const began = process.hrtime.bigint()
  for (let each = 0; each < count; each++) task(each)
  note(what, count, began)
}
const async = async (what, count, task) => {
  for (let each = 0; each < count / 10; each++) await task()
  const began = process.hrtime.bigint()
  for (let each = 0; each < count; each++) await task()
  note(what, count, began)
}
const thing = () => {}
;(async () => {
  let began = process.hrtime.bigint()
  for (const path of modules) require(path)
  note('require of a module', modules.length, began)
  sync('fs.readFileSync', 20_000, () => fs.readFileSync(file))
  await async('fs.promises.readFile', 3_000, () => fs.promises.readFile(file))
  sync('instanceof Function', 5_000_000, () => thing instanceof Function)
  sync('new Function', 20_000, at => new Function('return ' + at))
  sync('new vm.Script', 10_000, at => new vm.Script('1+' + at))
  sync('spawnSync', 30, () => childProcess.spawnSync('/bin/true'))
  const server = require('node:http').createServer((request, response) => response.end('ok'))
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await async('net.connect', 1_000, () => new Promise(resolve => { const socket = net.connect(port, '127.0.0.1', () => socket.destroy()); socket.on('close', resolve) }))
  await async('fetch', 1_000, () => fetch('http://127.0.0.1:' + port).then(answer => answer.text()))
  server.close(); server.closeAllConnections?.()
  process.stdout.write(JSON.stringify(results))
})()
`

/**
 * Runs the same program with the guard and without, turn and turn about, on `node`. `start` is a process that does nothing but load `node:http`,
 * as Lambda's runtime does.
 */
export async function benchGuard({ rounds = 5, node = process.execPath } = {}): Promise<GuardCost[]> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-guard-bench-'))
  try {
    const guard = join(folder, 'guard.mjs')
    await writeFile(guard, await bundleProgram('../src/guard/guard.ts', { format: 'esm' }))
    await writeFile(join(folder, 'program.cjs'), PROGRAM)
    await writeFile(join(folder, 'start.cjs'), "require('node:http')\n")
    const run = async (program: string, guarded: boolean): Promise<string> => {
      const env = { _HANDLER: 'index.handler', LAMBDA_TASK_ROOT: folder, WEIR_TMP: folder }
      const { stdout } = await promisify(execFile)(node, [...(guarded ? ['--import', guard] : []), join(folder, program)], {
        env,
      })
      return stdout
    }
    const found = new Map<string, [without: number[], guarded: number[]]>()
    const note = (what: string, guarded: boolean, value: number) => {
      let sides = found.get(what)
      if (!sides) found.set(what, (sides = [[], []]))
      sides[guarded ? 1 : 0].push(value)
    }
    for (let round = 0; round < rounds; round++) {
      for (const guarded of [false, true]) {
        for (let each = 0; each < 3; each++) {
          const began = performance.now()
          await run('start.cjs', guarded)
          note('start of the process', guarded, (performance.now() - began) * 1000)
        }
        const results = JSON.parse(await run('program.cjs', guarded)) as Record<string, number>
        for (const [what, value] of Object.entries(results)) note(what, guarded, value)
      }
    }
    return [...found].map(([what, [without, guarded]]) => ({
      what,
      without: Math.min(...without),
      guarded: Math.min(...guarded),
    }))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
