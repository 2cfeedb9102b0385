#!/usr/bin/env node
// The one file that runs on whatever Node a fresh clone finds (18 or newer): it installs the locked dependencies when they
// are missing or stale, then hands over to the Node 24 that came with them. No shell, no tool but npm's own npx.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PNPM = 'pnpm@12.21.0' // the newest that runs on Node 18 and 20 (pnpm 11 needs 22.13)
const NODE_MIN = [24, 15]
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const bin = name => join(root, 'node_modules', '.bin', name)

/** The scripts of the root package.json: each a list of commands that must all succeed, run on Node 24. */
const tasks = {
  start: [['node', 'packages/cli/src/weir.ts', 'start']],
  demo: [['node', 'packages/cli/src/weir.ts', 'demo']],
  build: [['node', 'deploy/src/build.ts']],
  bench: [['node', 'test/bench/bench.ts']],
  test: [['node', 'test/run.ts']],
  lint: [
    ['biome', 'format', '--config-path=.biome.json', '.'],
    ['oxlint', '--type-aware', '--deny-warnings'],
  ],
  format: [['biome', 'format', '--write', '--config-path=.biome.json', '.']],
}

const [task = '', ...args] = process.argv.slice(2)
if (!(task in tasks)) {
  process.stderr.write(`usage: node packages/cli/bootstrap.mjs <${Object.keys(tasks).join('|')}> [arguments]\n`)
  process.exit(2)
}

install()
const node = findNode()
process.exitCode = await runAll(tasks[task].map(([command, ...rest]) => [command, ...rest, ...args]))

/** Installs from the lockfile unless the stamp of the last install matches every manifest. */
function install() {
  const manifests = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']
  const hash = createHash('sha256')
  for (const file of manifests) hash.update(readFileSync(join(root, file)))
  const stamp = join(root, 'node_modules', '.weir-install')
  const want = `${hash.digest('hex')} ${process.platform}-${process.arch}\n`
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === want) return
  process.stderr.write(`weir: installing dependencies (${PNPM}, from the lockfile)\n`)
  const npx = process.platform === 'win32' ? 'npx.cmd' : 'npx'
  const done = spawnSync(npx, ['-y', PNPM, 'install', '--frozen-lockfile', '--reporter=append-only'], {
    cwd: root,
    stdio: ['ignore', process.stderr.fd, process.stderr.fd],
    shell: process.platform === 'win32',
  })
  if (done.status !== 0) {
    process.stderr.write(
      `weir: installing dependencies failed (${done.error?.message ?? `exit code ${done.status}`}). ` +
        'The lines above say why; the npm registry must be reachable, or the store must hold the packages.\n',
    )
    process.exit(1)
  }
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, want)
}

/** This process's own Node when it is new enough, else the one that the lockfile brings. */
function findNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return process.execPath
  const brought = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
  if (existsSync(brought)) return brought
  process.stderr.write(
    `weir: this is Node ${process.versions.node}; Weir's tools need ${NODE_MIN.join('.')} or newer, and npm carries no Node 24 ` +
      `for ${process.platform}-${process.arch}. Install Node 24 and run the same command again.\n`,
  )
  process.exit(1)
}

async function runAll(commands) {
  for (const [command, ...rest] of commands) {
    const code = await run(command === 'node' ? node : bin(command), rest)
    if (code !== 0) return code
  }
  return 0
}

/**
 * Runs one command to its end. SIGINT and SIGTERM are passed on, and so is the death of npm: npm does not forward SIGTERM, so a
 * vanished ancestor is the only sign that `npm start` was told to stop.
 */
function run(command, rest) {
  return new Promise(resolve => {
    const env = { ...process.env, PATH: `${dirname(node)}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}` }
    const child = spawn(command, rest, { cwd: root, stdio: 'inherit', env })
    const pass = signal => child.kill(signal)
    // From a terminal the whole process group gets SIGINT, the child too: only wait for it here.
    const wait = () => {}
    process.on('SIGINT', process.stdin.isTTY ? wait : pass)
    process.on('SIGTERM', pass)
    process.on('SIGHUP', pass)
    const ancestors = ancestry()
    const watch = setInterval(() => {
      if (process.ppid !== ancestors[0] || ancestors.slice(1).some(pid => !alive(pid))) {
        clearInterval(watch)
        child.kill('SIGTERM')
      }
    }, 250)
    child.on('error', error => {
      process.stderr.write(`weir: cannot run ${command}: ${error.message}\n`)
      clearInterval(watch)
      resolve(1)
    })
    child.on('exit', (code, signal) => {
      clearInterval(watch)
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name)
      resolve(code ?? 128 + (signal === 'SIGINT' ? 2 : 15))
    })
  })
}

/** Our parent and, where a shell stands between npm and us (npm runs scripts by `sh -c`), npm itself. */
function ancestry() {
  const parent = process.ppid
  try {
    const words = pid => readFileSync(`/proc/${pid}/stat`, 'utf8')
    const name = pid => words(pid).replace(/^\d+ \((.*)\) .*$/s, '$1')
    const up = pid => Number(words(pid).replace(/^.*\) \S (\d+) .*$/s, '$1'))
    return /^(sh|dash|bash|zsh)$/.test(name(parent)) && process.env.npm_lifecycle_event ? [parent, up(parent)] : [parent]
  } catch {
    return [parent]
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
