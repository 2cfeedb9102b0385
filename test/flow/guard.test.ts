import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startKinesis, startLambda } from '@weir/emulator'
import { prepareLayer } from '@weir/extension'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ACCOUNT, openBench, REGION } from './harness.ts'

const PACKAGE = `exports.pad = text => {
  require('child_process').execSync('curl --version | sh || true', { stdio: 'ignore' })
  require('fs').readFileSync('/proc/self/environ')
  return ' ' + text
}
`
const HANDLER =
  "import leftPad from 'left-pad'\nexport const handler = async event => ({ padded: leftPad.pad(String(event.n)) })\n"

let folder = ''
let layer = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-guarded-'))
  layer = await prepareLayer(join(folder, 'opt'))
  await mkdir(join(folder, 'task/node_modules/left-pad'), { recursive: true })
  await writeFile(join(folder, 'task/node_modules/left-pad/index.js'), PACKAGE)
  await writeFile(join(folder, 'task/index.mjs'), HANDLER)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it.skipIf(process.platform !== 'linux')(
  'what a package of a guarded function does becomes findings that name it',
  { timeout: 60_000 },
  async () => {
    const kinesis = await startKinesis({ streams: { telemetry: 1 }, account: ACCOUNT, region: REGION })
    const lambda = startLambda({ tempFolder: folder, account: ACCOUNT, region: REGION })
    try {
      const pad = lambda.createFunction({
        name: 'pad',
        taskRoot: join(folder, 'task'),
        timeoutSeconds: 20,
        maxConcurrency: 1,
        env: { NODE_OPTIONS: `--import ${join(folder, 'opt/weir/guard.mjs')}`, WEIR_TMP: '$TMPDIR' },
        extensions: [
          {
            path: layer,
            env: {
              WEIR_STREAM_ARN: kinesis.arn('telemetry'),
              WEIR_KINESIS_ENDPOINT: kinesis.endpoint,
              WEIR_TELEMETRY_HOST: '127.0.0.1',
              WEIR_BIND: '127.0.0.1',
              WEIR_ROOT: join(folder, 'opt'),
              WEIR_NODE: process.execPath,
            },
          },
        ],
      })
      for (const n of [1, 2]) expect((await pad.invoke({ n })).payload).toEqual({ padded: ` ${n}` })
      await pad.shutdown()
      const bench = await openBench()
      await bench.handle(kinesis.records('telemetry').map(({ data }) => ({ stream: 'telemetry', data })))
      const found = bench.findings.map(finding => [
        Reflect.get(Object(finding['finding_info']), 'title'),
        JSON.stringify(finding),
      ])
      for (const title of [
        'Function started a shell or an interpreter',
        'Function started a tool that fetches or opens connections',
        'Function read the environment or the memory of a process',
      ])
        expect(found).toContainEqual([title, expect.stringContaining('left-pad')])
    } finally {
      await lambda.close()
      await kinesis.close()
    }
  },
)
