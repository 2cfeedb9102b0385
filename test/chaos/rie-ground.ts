import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { KinesisServer } from '@weir/emulator'
import type { Stand } from '../counterparts/counterpart.ts'
import { type RieSandbox, startRie } from '../counterparts/rie-sandbox.ts'
import type { Furniture, Ground } from './ground.ts'

/** It waits for itself for ever when it has dropped a batch of telemetry: who has not answered by then will not. */
const PATIENCE_MS = 2_500
const TRIES = 10
/** The emulator's own, and what starts it: killing these would not be a death of the function. */
const PLATFORM = new Set(['unshare', 'sh', 'mount', 'aws-lambda-rie'])

/**
 * AWS's own emulator as managed instances, the mode that has a Telemetry API. A killed extension ends the environment there, as in Lambda, so that
 * the emulator is started again, on the same /tmp.
 */
export async function onRie(
  stand: Stand,
  furniture: Furniture,
  kinesis: KinesisServer,
  env: Readonly<Record<string, string>>,
): Promise<Ground> {
  const { folder, wrapper } = furniture
  const root = join(folder, 'rie')
  for (const each of ['opt/extensions', 'var/task', 'var/runtime', 'tmp']) await mkdir(join(root, each), { recursive: true })
  // The emulator starts what is in a sandbox as another user.
  await chmod(folder, 0o777)
  await chmod(join(root, 'tmp'), 0o777)
  await copyFile(wrapper, join(root, 'opt/extensions/weir'))
  await copyFile(join(furniture.taskRoot, 'index.mjs'), join(root, 'var/task/index.mjs'))
  const emulatorPackage = fileURLToPath(new URL('../../packages/emulator/package.json', import.meta.url))
  const client = createRequire(emulatorPackage).resolve('aws-lambda-ric/index.mjs')
  const transport = join(emulatorPackage, '../src/lambda/ric-transport.cjs')
  const bootstrap = join(root, 'var/task/bootstrap')
  await writeFile(bootstrap, `#!/bin/bash\nexec '${process.execPath}' --require '${transport}' '${client}'\n`)
  await chmod(bootstrap, 0o755)

  let running: Promise<RieSandbox> | undefined
  const start = () =>
    startRie(stand, root, '/var/task/bootstrap', {
      AWS_LAMBDA_MAX_CONCURRENCY: '1',
      CHAOS_FOLDER: folder,
      WEIR_STREAM_ARN: kinesis.arn('telemetry'),
      WEIR_KINESIS_ENDPOINT: kinesis.endpoint,
      WEIR_BIND: '127.0.0.1',
      WEIR_NODE: process.execPath,
      WEIR_TMP: join(root, 'tmp'),
      ...env,
    })
  const stop = async () => {
    const sandbox = await running
    running = undefined
    await sandbox?.process.stop()
  }
  const invoke: Ground['invoke'] = async order => {
    running ??= start()
    const sandbox = await running
    const answer = await Promise.race([sandbox.invoke(order).catch(() => undefined), sleep(PATIENCE_MS, undefined)])
    if (answer === order.name) return true
    // One that waits for itself does not end when it is told to.
    if (answer === undefined) killAll(folder, true)
    await stop()
    return false
  }
  return {
    lifeMs: 500,
    invoke,
    kill: () => killAll(folder, false),
    // The emulator may wait for itself at the end as well, and then nobody is told to shut down: what waits in /tmp is for the next one.
    async end() {
      for (let tries = 0; tries < TRIES; tries++) {
        if (!(await invoke({ name: `end${tries}`, lines: 3, ms: 0 }))) continue
        await stop()
        if (!journals(join(root, 'tmp/.weir')).some(file => statSync(file).size > 0)) return
      }
    },
  }
}

const journals = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).flatMap(name => (name.endsWith('.journal') ? join(folder, name) : [])) : []

/** The processes of the function's sandbox, and of the emulator itself where they are asked for. */
const killAll = (folder: string, platform: boolean): boolean =>
  readdirSync('/proc')
    .filter(each => /^\d+$/.test(each) && belongs(each, folder, platform))
    .map(pid => strike(Number(pid)))
    .includes(true)

function strike(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL')
    return true
  } catch {
    return false // it has ended meanwhile
  }
}

/** By the environment it was given. */
function belongs(pid: string, folder: string, platform: boolean): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1')
    if (!environment.includes(`CHAOS_FOLDER=${folder}\0`)) return false
    return platform || !PLATFORM.has(readFileSync(`/proc/${pid}/comm`, 'utf8').trim())
  } catch {
    return false // it has ended meanwhile
  }
}
