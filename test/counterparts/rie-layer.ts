import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startKinesis } from '@weir/emulator'
import { type Batch, decodeBatch, readBody } from '@weir/schema'
import { install, need, Skipped, type Stand } from './counterpart.ts'
import { python } from './python.ts'
import { startRie, stuck, TRIES } from './rie-sandbox.ts'
import { ACCOUNT, REGION } from './samples.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A function in some language: what goes into /var, and how its runtime is started. */
interface Language {
  readonly name: string
  /** Whether the runtime brings a Node where Lambda's managed runtimes have theirs. */
  readonly node: boolean
  /** Writes the function below `/var/task`, and answers the lines of its bootstrap. */
  furnish(stand: Stand, task: string): Promise<string>
}

const NODE: Language = {
  name: 'a Node function',
  node: true,
  async furnish(_, task) {
    const emulatorPackage = join(root, 'packages/emulator/package.json')
    const client = createRequire(emulatorPackage).resolve('aws-lambda-ric/index.mjs')
    const transport = join(emulatorPackage, '../src/lambda/ric-transport.cjs')
    await writeFile(join(task, 'index.mjs'), `export const handler = async ({ n }) => ({ doubled: 2 * n })\n`)
    return `exec /var/lang/bin/node --require '${transport}' '${client}'`
  },
}

const PYTHON: Language = {
  name: 'a Python function',
  node: false,
  async furnish(stand, task) {
    const programs = await python(stand, ['awslambdaric==4.2.2'])
    await writeFile(join(task, 'index.py'), `def handler(event, context):\n    return {"doubled": 2 * event["n"]}\n`)
    return `exec '${programs}/python' -m awslambdaric "$_HANDLER"`
  },
}

/** Nothing but bash: the Runtime API over /dev/tcp. */
const CUSTOM: Language = {
  name: 'a function on a custom runtime',
  node: false,
  furnish: () =>
    Promise.resolve(String.raw`
host=${'$'}{AWS_LAMBDA_RUNTIME_API%:*} port=${'$'}{AWS_LAMBDA_RUNTIME_API##*:}
call() {
  local line length=0
  exec 3<>"/dev/tcp/$host/$port"
  printf '%s /2018-06-01/runtime/invocation/%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %s\r\n\r\n%s' "$1" "$2" "$host" "${'$'}{#3}" "$3" >&3
  while IFS= read -r -u 3 line; do
    line=${'$'}{line%$'\r'}
    case ${'$'}{line,,} in
      lambda-runtime-aws-request-id:*) id=${'$'}{line#*: } ;;
      content-length:*) length=${'$'}{line#*: } ;;
      '') break ;;
    esac
  done
  IFS= read -r -N "$length" -u 3 body
  exec 3>&-
}
while :; do
  call GET next ''
  n=${'$'}{body//[^0-9]/}
  echo "doubling $n"
  call POST "$id/response" "{\"doubled\":$((2 * n))}"
done`),
}

interface Layers {
  readonly extension: string
  readonly runtime: string | undefined
}

/** What the repository's own command builds. */
async function build(stand: Stand): Promise<Layers> {
  const out = join(stand.temp, 'layers')
  const log = join(stand.temp, 'layers.log')
  await install(process.execPath, [join(root, 'deploy/src/build.ts'), 'layer', '--out', out], {
    cwd: root,
    seconds: 300,
    log,
  }).catch((error: unknown) => {
    if (!(error instanceof Skipped)) throw error
    stand.note(`the runtime layer was not built: ${error.message}`)
  })
  const runtime = join(out, `weir-runtime-${process.arch === 'arm64' ? 'arm64' : 'x86_64'}.zip`)
  const extension = join(out, 'weir-extension.zip')
  if (!existsSync(extension)) throw new Skipped('the layer could not be built')
  return { extension, runtime: existsSync(runtime) ? runtime : undefined }
}

interface Ran {
  readonly answers: readonly unknown[]
  readonly output: string
  readonly batches: readonly Batch[]
}

/** Three invocations in a sandbox whose /opt is these zips, unpacked and read only, and an orderly end. */
async function run(
  stand: Stand,
  language: Language,
  zips: readonly string[],
  env: Readonly<Record<string, string>> = {},
  tries = 1,
): Promise<Ran> {
  const folder = join(stand.temp, `layer-${runs++}`)
  const [opt, task] = [join(folder, 'opt'), join(folder, 'var/task')]
  for (const each of [opt, task, join(folder, 'var/lang/bin')]) await mkdir(each, { recursive: true })
  for (const zip of zips)
    await install(need('unzip'), ['-q', zip, '-d', opt], { seconds: 60, log: join(stand.temp, 'unzip.log') })
  if (language.node) await symlink(process.execPath, join(folder, 'var/lang/bin/node'))
  const bootstrap = join(folder, 'var/task/bootstrap')
  await writeFile(bootstrap, `#!/bin/bash\n${await language.furnish(stand, task)}\n`)
  await chmod(bootstrap, 0o755)
  const kinesis = await startKinesis({ streams: { telemetry: 1 }, region: REGION, account: ACCOUNT })
  try {
    const sandbox = await startRie(stand, folder, '/var/task/bootstrap', {
      WEIR_STREAM_ARN: kinesis.arn('telemetry'),
      WEIR_KINESIS_ENDPOINT: kinesis.endpoint,
      WEIR_BIND: '127.0.0.1',
      ...env,
    })
    const answers: unknown[] = []
    for (const n of [1, 2, 3]) answers.push(await sandbox.invoke({ n }).catch(String))
    await sandbox.process.stop()
    if (stuck(sandbox) && tries < TRIES) return await run(stand, language, zips, env, tries + 1)
    const batches = kinesis.records('telemetry').map(({ data }) => decodeBatch(data))
    return { answers, output: sandbox.process.output(), batches }
  } finally {
    await kinesis.close()
  }
}
let runs = 0

const DOUBLED = [2, 4, 6].map(doubled => ({ doubled }))
const signals = ({ batches }: Ran): Map<string, unknown> =>
  new Map(batches.flatMap(({ records }) => records.map(record => [record.signal, readBody(record)] as const)))

function answered(ran: Ran): void {
  assert.deepEqual(ran.answers, DOUBLED)
  assert.doesNotMatch(ran.output, /Extension\.(Crash|ExitError|InitError)/)
}

function recorded(ran: Ran, start: object): void {
  answered(ran)
  assert.doesNotMatch(ran.output, /weir: /)
  const found = signals(ran)
  assert.partialDeepStrictEqual(found.get('weir.start'), start)
  assert.ok(found.has('weir.end'), 'the extension came to its end')
}

/** A language whose runtime has no Node: without the runtime layer, and with it. */
async function holdLanguage(stand: Stand, language: Language, extension: string, runtime: string | undefined): Promise<void> {
  await stand.step(
    `layer: ${language.name} answers without the runtime layer too; the extension idles and says why`,
    async () => {
      const ran = await run(stand, language, [extension])
      answered(ran)
      assert.match(ran.output, /weir: idle: /)
      assert.deepEqual(ran.batches, [])
    },
  )
  if (runtime === undefined) return
  await stand.step(`layer: ${language.name} answers, and the extension runs on the runtime layer`, async () => {
    const ran = await run(stand, language, [extension, runtime])
    recorded(ran, { mode: 'no-telemetry', faults: [] })
    assert.match(JSON.stringify(signals(ran).get('weir.start')), /"runtime":"bun/i)
  })
}

/** The layers as they are built here, unpacked where Lambda unpacks them, beside functions in three languages. */
export async function holdLayers(stand: Stand): Promise<void> {
  const { extension, runtime } = await build(stand)
  await stand.step('layer: a Node function answers, and the extension runs on the Node of the function', async () =>
    recorded(await run(stand, NODE, [extension]), { mode: 'no-telemetry', faults: [] }),
  )
  for (const language of [PYTHON, CUSTOM]) {
    try {
      await holdLanguage(stand, language, extension, runtime)
    } catch (error) {
      if (!(error instanceof Skipped)) throw error
      stand.note(`layer: ${language.name} was not tried: ${error.message}`)
    }
  }
  if (runtime === undefined) return
  await stand.step("layer: on a managed instance the runtime layer's program gets AWS's telemetry, and ships it", async () => {
    const ran = await run(stand, CUSTOM, [extension, runtime], { AWS_LAMBDA_MAX_CONCURRENCY: '1' })
    recorded(ran, { mode: 'managed-instances', schema: '2025-01-29', faults: [] })
    const records = ran.batches.flatMap(batch => batch.records)
    const of = (signal: string) => records.filter(record => record.signal === signal)
    assert.equal(of('platform.start').length, 3)
    assert.equal(of('platform.report').length, 3)
    assert.deepEqual(
      of('function').map(record => String(readBody(record)).trim()),
      ['doubling 1', 'doubling 2', 'doubling 3'],
    )
  })
}
