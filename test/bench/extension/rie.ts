import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { freePort, which } from '../../counterparts/counterpart.ts'
import { median } from '../stats.ts'
import type { Contender, Tell } from './contenders.ts'
import { startBenchPlatform } from './platform.ts'

/** AWS's emulator starts an environment with its first invocation; managed instances start with the emulator. */
const MODES = { classic: {}, managed: { AWS_LAMBDA_MAX_CONCURRENCY: '2' } } as const
const INVOCATIONS = 60
const COLD = 10
const START_MS = 15_000
const ANSWER_MS = 12_000

/** Medians of what its caller waits for, milliseconds; a mode is missing where the extension or the emulator failed. */
export interface RoundTrips {
  readonly classic?: number
  readonly managed?: number
}
export type Rie = (extension?: Contender) => Promise<RoundTrips>

/** A function as a custom runtime: eight lines and a wait of ten milliseconds, so many at once as it is told. */
const BOOTSTRAP = `
const { request } = require('node:http')
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':')
const call = (method, path, body) => new Promise((resolve, reject) => {
  const headers = body === undefined ? {} : { 'content-length': body.length }
  request({ host, port, method, path: '/2018-06-01/runtime/invocation/' + path, headers, agent: false }, answer => {
    answer.resume().on('end', () => resolve(answer.headers['lambda-runtime-aws-request-id']))
  }).on('error', reject).end(body)
})
const serve = async () => {
  for (;;) {
    const requestId = await call('GET', 'next')
    for (let line = 0; line < 8; line++)
      console.log(JSON.stringify({ level: 'INFO', requestId, message: 'order ' + line + ' accepted', path: '/orders/' + line }))
    await new Promise(resolve => setTimeout(resolve, 10))
    await call('POST', requestId + '/response', '{"accepted":8}')
  }
}
for (let n = Number(process.env.AWS_LAMBDA_MAX_CONCURRENCY || 1); n > 0; n--) serve()
`

/** The same function on AWS's own emulator, with an extension or with none; answers nothing where there is none of it, and `tell` gets why. */
export async function startRie(folder: string, tell: Tell): Promise<Rie> {
  const cached = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'weir-counterparts/aws-lambda-rie')
  const program = process.env['WEIR_RIE'] ?? which('aws-lambda-rie') ?? cached
  const skipped = (why: string): Rie => {
    tell(`AWS's Runtime Interface Emulator: SKIPPED: ${why}`)
    return async () => ({})
  }
  if (!existsSync(program)) return skipped('put aws-lambda-rie on the PATH, or name its file in WEIR_RIE')
  if (spawnSync('unshare', ['--mount', '--propagation', 'private', 'true']).status !== 0)
    return skipped('this machine allows no private mounts')
  let runs = 0
  const failed = new Set<string>()
  return async extension => {
    const trips: { classic?: number; managed?: number } = {}
    for (const mode of ['classic', 'managed'] as const) {
      const what = `${extension?.name}: SKIPPED under AWS's emulator, ${mode}`
      if (failed.has(what)) continue
      const root = join(folder, `rie-${++runs}`)
      try {
        await furnish(root, extension)
        const once = () => roundTrip(program, root, MODES[mode], extension)
        // When AWS's emulator of managed instances drops a batch it waits for itself for ever.
        trips[mode] = await once().catch(mode === 'managed' ? once : undefined)
      } catch (error) {
        if (!extension) throw error
        failed.add(what)
        tell(`${what}: ${error instanceof Error ? error.message : String(error)}`)
      } finally {
        await rm(root, { recursive: true, force: true })
      }
    }
    return trips
  }
}

async function furnish(root: string, extension: Contender | undefined): Promise<void> {
  for (const part of ['opt/extensions', 'var/task', 'var/runtime', 'var/tmp']) await mkdir(join(root, part), { recursive: true })
  if (extension) await copyFile(extension.command, join(root, 'opt/extensions', basename(extension.command)))
  await writeFile(join(root, 'var/runtime/main.cjs'), BOOTSTRAP)
  await writeFile(join(root, 'var/runtime/bootstrap'), `#!/bin/sh\nexec '${process.execPath}' /var/runtime/main.cjs\n`, {
    mode: 0o755,
  })
}

async function roundTrip(
  program: string,
  root: string,
  mode: Readonly<Record<string, string>>,
  extension: Contender | undefined,
): Promise<number> {
  const intake = await startBenchPlatform()
  const [port, api] = [await freePort(), await freePort()]
  const mount = 'mount --bind "$0/opt" /opt && mount --bind "$0/var" /var && cd /var/task && exec "$@"'
  const addresses = ['--runtime-interface-emulator-address', `127.0.0.1:${port}`, '--runtime-api-address', `127.0.0.1:${api}`]
  const apart = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc']
  const child = spawn(
    'unshare',
    [...apart, 'sh', '-c', mount, root, program, ...addresses, '/var/runtime/bootstrap', 'index.handler'],
    {
      stdio: 'ignore',
      env: {
        PATH: process.env['PATH'],
        AWS_LAMBDA_FUNCTION_NAME: 'orders',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
        AWS_LAMBDA_FUNCTION_TIMEOUT: '10',
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'bench',
        AWS_SECRET_ACCESS_KEY: 'bench-secret-key',
        LAMBDA_TASK_ROOT: '/var/task',
        ...mode,
        ...extension?.env(intake.port),
      },
    },
  )
  const url = `http://127.0.0.1:${port}/2015-03-31/functions/function/invocations`
  const invoke = async (): Promise<string> => {
    const answer = await fetch(url, { method: 'POST', body: '{}', signal: AbortSignal.timeout(ANSWER_MS) })
    return answer.text()
  }
  try {
    for (const until = performance.now() + START_MS; ; ) {
      const text = await invoke().catch(() => '')
      if (text.includes('accepted')) break
      if (performance.now() > until || child.exitCode !== null)
        throw new Error(`no invocation was answered: ${text || 'it ended'}`)
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    const trips: number[] = []
    for (let n = 0; n < INVOCATIONS; n++) {
      const from = performance.now()
      const text = await invoke()
      if (!text.includes('accepted')) throw new Error(text)
      trips.push(performance.now() - from)
    }
    return median(trips.slice(COLD))
  } finally {
    child.kill('SIGKILL')
    intake.close()
  }
}
