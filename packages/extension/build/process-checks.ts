import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readBody, type TelemetryRecord } from '@weir/schema'
import { type Certified, certify } from '../src/testing/certificate.ts'
import { opened, PAIR } from '../src/journal/testing.ts'
import { type FakeKinesis, KEYS, refuse, STREAM_ARN, startKinesis } from '../src/testing/kinesis.ts'
import { event, type FakePlatform, startPlatform } from '../src/testing/platform.ts'

/** The extension as a process, between a platform and a stream of the test's own. */
export interface Stage {
  readonly platform: FakePlatform
  readonly kinesis: FakeKinesis
  /** A folder for what a check writes. */
  readonly folder: string
  /** Starts it; the answer is its exit code, in the end. */
  readonly start: (env?: Readonly<Record<string, string>>) => Promise<number | null>
  readonly signal: (name: NodeJS.Signals) => void
  /** What it has printed, both streams. */
  readonly output: () => string
}

/** One thing that must hold on every runtime. */
export interface ProcessCheck {
  readonly what: string
  readonly run: (stage: Stage) => Promise<void>
}

/** Runs `work` with the extension that `command` starts, and `env` more than it needs anyway. What was started is gone afterwards. */
export async function onStage(
  command: string,
  env: Readonly<Record<string, string>>,
  work: (stage: Stage) => Promise<void>,
): Promise<void> {
  const platform = await startPlatform()
  const kinesis = await startKinesis()
  const folder = await mkdtemp(join(tmpdir(), 'weir-process-'))
  let child: ChildProcess | undefined
  let output = ''
  try {
    await work({
      platform,
      kinesis,
      folder,
      async start(more = {}) {
        child = spawn(command, [], {
          cwd: folder,
          stdio: ['ignore', 'pipe', 'pipe'],
          env: {
            ...KEYS,
            PATH: process.env['PATH'] ?? '',
            AWS_LAMBDA_RUNTIME_API: platform.api,
            AWS_REGION: 'eu-central-1',
            WEIR_STREAM_ARN: STREAM_ARN,
            WEIR_KINESIS_ENDPOINT: kinesis.url,
            WEIR_TELEMETRY_HOST: '127.0.0.1',
            WEIR_BIND: '127.0.0.1',
            ...env,
            ...more,
          },
        })
        for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part: Buffer) => (output += part.toString()))
        const [code] = (await once(child, 'exit')) as [number | null]
        return code
      },
      signal: name => void child?.kill(name),
      output: () => output,
    })
  } finally {
    child?.kill('SIGKILL')
    await platform.close()
    await kinesis.close()
    await rm(folder, { recursive: true, force: true })
  }
}

const shipped = ({ batches }: FakeKinesis): TelemetryRecord[] => batches.flatMap(({ records }) => records)
const times = (kinesis: FakeKinesis, signal: string): number => shipped(kinesis).filter(each => each.signal === signal).length
/** One invocation with its telemetry, until the extension has let go of it. */
async function invocation(platform: FakePlatform, requestId: string, lines: readonly string[] = []): Promise<void> {
  await platform.invoke(requestId)
  await platform.post([
    event('platform.start', { requestId, version: '$LATEST' }),
    ...lines.map(line => event('function', line)),
    event('platform.runtimeDone', { requestId, status: 'success' }),
  ])
  await platform.ready()
}

/** Whatever a runtime does differently shows here: sockets, TLS, hashes, compression, files, its own settings. */
export const PROCESS_CHECKS: readonly ProcessCheck[] = [
  {
    what: 'lives from register to SHUTDOWN, ships what happened, and prints nothing',
    async run({ platform, kinesis, start, output }) {
      const exit = start()
      await invocation(platform, 'req-1', ['a line with AKIAQ3EGRIXAMPLE4Z7T in it\n'])
      await platform.shutdown()
      assert.equal(await exit, 0)
      assert.equal(output(), '')
      assert.deepEqual(kinesis.complaints, [])
      const register = platform.calls.filter(({ path }) => path.endsWith('/register'))
      assert.equal(register.length, 1)
      assert.equal(register[0]?.headers['lambda-extension-name'], 'weir')
      assert.equal(register[0]?.headers['lambda-extension-accept-feature'], 'accountId')
      for (const signal of ['weir.start', 'weir.environment', 'platform.start', 'function', 'platform.runtimeDone', 'weir.end']) {
        assert.equal(times(kinesis, signal), 1, signal)
      }
      assert.ok(!JSON.stringify(shipped(kinesis).map(readBody)).includes('AKIAQ3EGRIXAMPLE4Z7T'))
      assert.equal(kinesis.batches[0]?.function.arn, 'arn:aws:lambda:eu-central-1:123456789012:function:orders')
    },
  },
  {
    what: 'is not moved by what the function sets for its own process, or keeps in its folder',
    async run({ platform, kinesis, folder, start, output }) {
      const code = join(folder, 'code.cjs')
      await writeFile(code, "process.stdout.write('the code of the function ran')")
      await writeFile(join(folder, '.env'), 'WEIR_STREAM_ARN=nothing\n')
      await writeFile(join(folder, 'bunfig.toml'), `preload = [${JSON.stringify(code)}]\n`)
      await writeFile(join(folder, 'shell'), 'echo the code of the function ran\n')
      const exit = start({
        HOME: folder,
        XDG_CONFIG_HOME: folder,
        BASH_ENV: join(folder, 'shell'),
        NODE_OPTIONS: `--require ${code}`,
        NODE_EXTRA_CA_CERTS: join(folder, 'none.pem'),
        NODE_PATH: folder,
        NODE_CHANNEL_FD: '3',
        OPENSSL_CONF: join(folder, 'none.cnf'),
        BUN_OPTIONS: `--preload=${code}`,
        BUN_BE_BUN: '1',
        BUN_INSPECT: '127.0.0.1:0',
        BUN_INSPECT_PRELOAD: code,
        BUN_JSC_dumpOptions: '1',
        BUN_JSC_useJIT: 'nonsense',
        MIMALLOC_VERBOSE: '1',
      })
      await invocation(platform, 'req-1')
      await platform.shutdown()
      assert.equal(await exit, 0)
      assert.equal(output(), '')
      assert.equal(times(kinesis, 'weir.end'), 1)
    },
  },
  {
    what: 'survives a freeze between two invocations',
    async run({ platform, kinesis, start, signal }) {
      const exit = start()
      await platform.ready()
      for (const id of ['req-1', 'req-2']) {
        signal('SIGSTOP')
        kinesis.hangUp()
        signal('SIGCONT')
        await invocation(platform, id)
      }
      await platform.shutdown()
      assert.equal(await exit, 0)
      assert.deepEqual(
        kinesis.batches.map(({ sequence }) => sequence),
        kinesis.batches.map((_, index) => index + 1),
      )
      assert.equal(times(kinesis, 'platform.runtimeDone'), 2)
      assert.equal(times(kinesis, 'weir.end'), 1)
    },
  },
  {
    what: 'registers for SHUTDOWN only on Managed Instances',
    async run({ platform, kinesis, start }) {
      const exit = start({ AWS_LAMBDA_INITIALIZATION_TYPE: 'lambda-managed-instances' })
      await platform.shutdown()
      assert.equal(await exit, 0)
      assert.equal(platform.calls[0]?.body, '{"events":["SHUTDOWN"]}')
      assert.equal(times(kinesis, 'weir.end'), 1)
    },
  },
  {
    what: 'takes megabytes of telemetry and ships each line of it once',
    async run({ platform, kinesis, start }) {
      const exit = start()
      await platform.invoke('req-1')
      await platform.post([event('platform.start', { requestId: 'req-1' })])
      const line = (id: number) => `${id} ${'order accepted '.repeat(30)}${(id * 2654435761).toString(36)}\n`
      for (let post = 0; post < 4; post++) {
        assert.equal(
          await platform.post(Array.from({ length: 400 }, (_, index) => event('function', line(post * 400 + index)))),
          200,
        )
      }
      await platform.post([event('platform.runtimeDone', { requestId: 'req-1' })])
      await platform.ready()
      await platform.shutdown()
      assert.equal(await exit, 0)
      const ids = shipped(kinesis)
        .filter(({ signal }) => signal === 'function')
        .map(record => Number(/(\d+) order/.exec(JSON.stringify(readBody(record)))?.[1]))
      assert.deepEqual(
        ids.toSorted((a, b) => a - b),
        Array.from({ length: 1600 }, (_, index) => index),
      )
    },
  },
  {
    what: 'answers what is no HTTP with 400, and goes on listening',
    async run({ platform, kinesis, start }) {
      const exit = start()
      await platform.ready()
      const subscribed = platform.calls.find(({ path }) => path.endsWith('/telemetry'))?.body ?? ''
      const socket = connect(Number(/:(\d+)"/.exec(subscribed)?.[1]), '127.0.0.1').end('SSH-2.0-OpenSSH_9.2\r\n\r\n')
      let answer = ''
      socket.on('data', (part: Buffer) => (answer += part.toString()))
      await once(socket, 'close')
      assert.match(answer, /^HTTP\/1\.1 400 /)
      await invocation(platform, 'req-1')
      await platform.shutdown()
      assert.equal(await exit, 0)
      assert.equal(times(kinesis, 'platform.runtimeDone'), 1)
    },
  },
  {
    what: 'cuts off who asks and never reads the answers',
    async run({ platform, kinesis, start }) {
      const exit = start()
      await platform.ready()
      const subscribed = platform.calls.find(({ path }) => path.endsWith('/telemetry'))?.body ?? ''
      const socket = connect(Number(/:(\d+)"/.exec(subscribed)?.[1]), '127.0.0.1').pause()
      const requests = 'POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n'.repeat(1_500)
      const ask = () => {
        while (socket.write(requests));
      }
      const closed = new Promise(resolve =>
        socket
          .on('error', () => {})
          .on('drain', ask)
          .on('close', resolve),
      )
      ask()
      await closed
      await invocation(platform, 'req-1')
      await platform.shutdown()
      assert.equal(await exit, 0)
      assert.equal(times(kinesis, 'platform.runtimeDone'), 1)
    },
  },
  {
    what: 'ships what a process left that was killed, sealed, for ingest to open',
    async run({ platform, kinesis, folder, start, signal }) {
      kinesis.otherwise = refuse(500, 'InternalFailure')
      const env = { TMPDIR: folder, WEIR_TMP: '$TMPDIR', WEIR_JOURNAL_KEY: PAIR.public }
      const killed = start(env)
      await invocation(platform, 'req-1', ['the last line\n'])
      signal('SIGKILL')
      await killed
      kinesis.otherwise = undefined
      const exit = start(env)
      // The event that the first process has asked for is given to nobody.
      await platform.invoke('req-1')
      await invocation(platform, 'req-2')
      await platform.shutdown()
      assert.equal(await exit, 0)
      const sealed = shipped(kinesis).filter(({ signal: name }) => name === 'weir.sealed')
      assert.ok(!JSON.stringify(sealed.map(({ body }) => Buffer.from(body).toString('latin1'))).includes('the last line'))
      assert.ok(opened({ records: sealed }).some(({ body }) => body.includes('the last line')))
    },
  },
  {
    what: 'does not hold the function where the stream cannot be reached',
    async run({ platform, kinesis, start }) {
      const exit = start({ WEIR_KINESIS_ENDPOINT: 'http://127.0.0.1:1' })
      for (const id of ['req-1', 'req-2', 'req-3']) await invocation(platform, id)
      await platform.shutdown()
      assert.equal(await exit, 0)
      assert.equal(kinesis.puts.length, 0)
    },
  },
  {
    what: 'ships over TLS, on one connection while it is fresh',
    run: ({ platform, folder, start }) =>
      overTls(certify('localhost'), folder, async (stream, env) => {
        const exit = start(env)
        for (const id of ['req-1', 'req-2', 'req-3']) await invocation(platform, id, [`a line of ${id}\n`])
        await platform.shutdown()
        assert.equal(await exit, 0)
        assert.deepEqual(stream.complaints, [])
        assert.equal(times(stream, 'function'), 3)
        assert.equal(stream.connections, 1)
      }),
  },
  ...(
    [
      ['of another host', () => certify('kinesis.example')],
      ['that has expired', () => certify('localhost', [-3, -2])],
      ['that nobody vouches for', undefined],
    ] as const
  ).map(
    ([which, make]): ProcessCheck => ({
      what: `gives nothing to a stream with a certificate ${which}`,
      run: ({ platform, folder, start }) =>
        overTls(make?.() ?? certify('localhost'), folder, async (stream, env) => {
          const exit = start({ ...env, ...(!make && { WEIR_CA_FILE: '' }), NODE_TLS_REJECT_UNAUTHORIZED: '0' })
          await invocation(platform, 'req-1', ['a line\n'])
          await platform.shutdown()
          assert.equal(await exit, 0)
          assert.equal(stream.puts.length, 0)
        }),
    }),
  ),
]

async function overTls(
  making: Promise<Certified>,
  folder: string,
  work: (stream: FakeKinesis, env: Readonly<Record<string, string>>) => Promise<void>,
): Promise<void> {
  const certified = await making
  const stream = await startKinesis(certified)
  try {
    const file = join(folder, 'authority.pem')
    await writeFile(file, certified.cert)
    await work(stream, { WEIR_KINESIS_ENDPOINT: stream.url, WEIR_CA_FILE: file })
  } finally {
    await stream.close()
  }
}
