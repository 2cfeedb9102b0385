import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type KinesisServer, startKinesis } from '@weir/emulator'
import { prepareLayer } from '@weir/extension'
import { type Batch, decodeBatch, readBody } from '@weir/schema'
import { type Counterpart, eventually, freePort, need, Skipped, serving, type Stand, type Started, which } from './counterpart.ts'
import { ACCOUNT, REGION } from './samples.ts'

/** AWS's own emulator, where there is one: it is published as a binary and within AWS's base images. */
function emulator(): string {
  const named = process.env['WEIR_RIE'] ?? which('aws-lambda-rie')
  if (named === undefined || !existsSync(named)) {
    throw new Skipped(
      "no aws-lambda-rie on this machine: put AWS's Runtime Interface Emulator on the PATH, or name its file in WEIR_RIE",
    )
  }
  return named
}

/** A mount namespace in which `opt` is /opt: the emulator starts extensions from there and nowhere else, and this machine's own is left alone. */
function privately(opt: string, ...command: readonly string[]): readonly [string, readonly string[]] {
  const unshare = need('unshare')
  const root = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  const args = [...root, '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc']
  const mounted = [...args, 'sh', '-c', 'mount --bind "$0" /opt && exec "$@"', opt]
  if (!existsSync('/opt') || spawnSync(unshare, [...mounted, 'true']).status !== 0) {
    throw new Skipped('this machine allows no private mount over /opt')
  }
  return [unshare, [...mounted, ...command]]
}

/** A function under aws-lambda-ric, its transport ours, as the emulator package starts it. */
async function sampleFunction(folder: string): Promise<void> {
  const emulatorPackage = fileURLToPath(new URL('../../packages/emulator/package.json', import.meta.url))
  const client = createRequire(emulatorPackage).resolve('aws-lambda-ric/index.mjs')
  const transport = join(emulatorPackage, '../src/lambda/ric-transport.cjs')
  await mkdir(folder)
  await writeFile(
    join(folder, 'index.mjs'),
    `export const handler = async event => { console.log('order', event.order, 'paid'); return { order: event.order } }\n`,
  )
  await writeFile(join(folder, 'bootstrap'), `#!/bin/sh\nexec '${process.execPath}' --require '${transport}' '${client}'\n`)
  await chmod(join(folder, 'bootstrap'), 0o755)
}

interface Sandbox {
  readonly process: Started
  invoke(order: number): Promise<unknown>
}

async function open(stand: Stand, name: string, kinesis: KinesisServer, env: Readonly<Record<string, string>>): Promise<Sandbox> {
  const opt = join(stand.temp, `${name}-opt`)
  const taskRoot = join(stand.temp, `${name}-task`)
  await prepareLayer(opt)
  await sampleFunction(taskRoot)
  const [port, api] = [await freePort(), await freePort()]
  const addresses = ['--runtime-interface-emulator-address', `127.0.0.1:${port}`, '--runtime-api-address', `127.0.0.1:${api}`]
  const [command, args] = privately(opt, emulator(), ...addresses, join(taskRoot, 'bootstrap'), 'index.handler')
  const process_ = stand.start(command, args, {
    cwd: taskRoot,
    env: {
      AWS_LAMBDA_FUNCTION_NAME: 'orders',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
      AWS_LAMBDA_FUNCTION_TIMEOUT: '10',
      AWS_ACCOUNT_ID: ACCOUNT,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_SESSION_TOKEN: 'test',
      LAMBDA_TASK_ROOT: taskRoot,
      WEIR_NODE: process.execPath,
      WEIR_STREAM_ARN: kinesis.arn('telemetry'),
      WEIR_KINESIS_ENDPOINT: kinesis.endpoint,
      WEIR_BIND: '127.0.0.1',
      ...env,
    },
  })
  const url = `http://127.0.0.1:${port}/2015-03-31/functions/function/invocations`
  await serving(name, process_, `http://127.0.0.1:${port}/`)
  return {
    process: process_,
    async invoke(order) {
      const response = await fetch(url, { method: 'POST', body: JSON.stringify({ order }), signal: AbortSignal.timeout(30_000) })
      return response.json()
    },
  }
}

const shipped = (kinesis: KinesisServer): Batch[] => kinesis.records('telemetry').map(({ data }) => decodeBatch(data))

/** AWS's Runtime Interface Emulator: its Extensions API, its refusal of the Telemetry API, and its real one for managed instances. */
export const rie: Counterpart = {
  name: 'rie',
  async run(stand) {
    emulator()
    const kinesis = await startKinesis({ streams: { telemetry: 1 }, region: REGION, account: ACCOUNT })
    try {
      await classic(stand, kinesis)
    } finally {
      await kinesis.close()
    }
  },
}

async function classic(stand: Stand, kinesis: KinesisServer): Promise<void> {
  const sandbox = await open(stand, 'classic', kinesis, {})
  await stand.step('without a Telemetry API the function answers, again and again', async () => {
    for (const order of [1, 2, 3]) assert.deepEqual(await sandbox.invoke(order), { order })
  })
  await sandbox.process.stop()
  stand.note(sandbox.process.output())
  for (const batch of shipped(kinesis)) stand.note(JSON.stringify(batch.records.map(r => [r.signal, readBody(r)])))
  void eventually
}
