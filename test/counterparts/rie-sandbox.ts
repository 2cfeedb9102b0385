import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually, freePort, install, need, serving, Skipped, type Stand, type Started, which } from './counterpart.ts'
import { ACCOUNT, REGION } from './samples.ts'

const MODULE = 'github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie@latest'

/**
 * AWS's own emulator: named, on the PATH, kept from before, or built by Go from its module. It is published as a binary too, and is in AWS's base
 * images.
 */
export async function emulator(stand: Stand): Promise<string> {
  const named = process.env['WEIR_RIE'] ?? which('aws-lambda-rie')
  if (named !== undefined && existsSync(named)) return named
  const kept = join(stand.cache, 'aws-lambda-rie')
  if (existsSync(kept)) return kept
  if (which('go') === undefined) {
    throw new Skipped(
      "no aws-lambda-rie on this machine, and no Go to build it: put AWS's Runtime Interface Emulator on the PATH, or name its file in WEIR_RIE",
    )
  }
  await mkdir(stand.cache, { recursive: true })
  await install('go', ['install', MODULE], { env: { GOBIN: stand.cache }, seconds: 300, log: join(stand.temp, 'go.log') })
  return kept
}

/**
 * A mount namespace with a sandbox's /opt and /var: the emulator starts extensions and runtimes from there and nowhere else, and this
 * machine's own are left alone. /opt cannot be written to, as in Lambda.
 */
function privately(root: string, ...command: readonly string[]): readonly [string, readonly string[]] {
  const unshare = need('unshare')
  const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  const apart = [...asRoot, '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc']
  const opt = 'mount --bind "$0/opt" /opt && mount -o remount,bind,ro /opt'
  const mount = `${opt} && mount --bind "$0/var" /var && cd /var/task && exec "$@"`
  const args = [...apart, 'sh', '-c', mount, root]
  if (!existsSync('/opt') || spawnSync(unshare, [...args, 'true']).status !== 0) {
    throw new Skipped('this machine allows no private mounts over /opt and /var')
  }
  return [unshare, [...args, ...command]]
}

/** The managed emulator's own fault: when it drops a batch because the one before is still under way, it waits for itself for ever. */
export const stuck = (sandbox: RieSandbox): boolean => /previous batch hasn't processed yet/.test(sandbox.process.output())
/** So often a run is begun again that got stuck. */
export const TRIES = 4

export interface RieSandbox {
  readonly process: Started
  /** The body of the answer: parsed where it is JSON. Rejects where the emulator has ended. */
  invoke(event: unknown): Promise<unknown>
}

/** Starts AWS's emulator on a folder with `opt` and `var/task`, with this bootstrap; as managed instances where AWS_LAMBDA_MAX_CONCURRENCY is set. */
export async function startRie(
  stand: Stand,
  root: string,
  bootstrap: string,
  env: Readonly<Record<string, string>>,
): Promise<RieSandbox> {
  for (const folder of ['opt', 'var/task', 'var/runtime']) await mkdir(join(root, folder), { recursive: true })
  for (;;) {
    const started = await start(stand, root, bootstrap, env)
    // Somebody else may take a port between the moment it was free and the moment it is bound.
    if (!/address already in use/.test(started.process.output())) return started
    await started.process.stop()
  }
}

async function start(stand: Stand, root: string, bootstrap: string, env: Readonly<Record<string, string>>): Promise<RieSandbox> {
  const [port, api] = [await freePort(), await freePort()]
  const addresses = ['--runtime-interface-emulator-address', `127.0.0.1:${port}`, '--runtime-api-address', `127.0.0.1:${api}`]
  const [command, args] = privately(root, await emulator(stand), ...addresses, bootstrap, 'index.handler')
  const process_ = stand.start(command, args, {
    env: {
      AWS_LAMBDA_FUNCTION_NAME: 'orders',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
      AWS_LAMBDA_FUNCTION_TIMEOUT: '10',
      AWS_ACCOUNT_ID: ACCOUNT,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_SESSION_TOKEN: 'test',
      LAMBDA_TASK_ROOT: '/var/task',
      ...env,
    },
  })
  let ended = false
  void process_.exit.then(() => (ended = true))
  // It may end before it answers: where a port was taken, and on a managed instance where Init fails.
  await serving('aws-lambda-rie', process_, `http://127.0.0.1:${port}/`).catch((error: unknown) => {
    if (!ended) throw error
  })
  return { process: process_, invoke: event => invoke(port, event, () => ended) }
}

/** A managed instance turns away what comes before its next worker is ready; its callers ask again. */
const invoke = (port: number, event: unknown, ended: () => boolean): Promise<unknown> =>
  eventually('an answer', async () => {
    if (ended()) throw new Error('the emulator has ended')
    const response = await fetch(`http://127.0.0.1:${port}/2015-03-31/functions/function/invocations`, {
      method: 'POST',
      body: JSON.stringify(event),
      headers: { 'X-Amzn-Trace-Id': TRACE },
      signal: AbortSignal.timeout(30_000),
    })
    const body = await response.text()
    const answer = parse(body)
    return (answer as { errorType?: string } | undefined)?.errorType === 'Runtime.Unavailable' ? undefined : (answer ?? body)
  })

const TRACE = 'Root=1-5f35ae12-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0'

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
