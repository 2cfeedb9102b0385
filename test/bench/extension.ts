import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleExtension, prepareLayer } from '@weir/extension'
import { median, printTable } from './stats.ts'

const ROUNDS = 15
const SETTLE_MS = 300 // after ready, so that memory is that of an idle process

interface Start {
  readonly registered: number
  readonly ready: number
  readonly privateKb: number
  readonly rssKb: number
  readonly cpuMs: number
}

/** From exec to registered and to ready (first `next`), memory and CPU, beside the bare runtime doing nothing. Linux only. */
export async function benchExtension(): Promise<void> {
  if (process.platform !== 'linux') {
    process.stdout.write('\nextension: skipped, it reads /proc, which only Linux has\n')
    return
  }
  const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'))
  try {
    const launcher = await prepareLayer(join(folder, 'opt'))
    const { files } = await bundleExtension(join(folder, 'layer'))
    const weir: Start[] = []
    const bare: Start[] = []
    for (let round = -1; round < ROUNDS; round++) {
      const one = await startExtension(launcher, folder)
      const other = await startBare()
      if (round >= 0) {
        weir.push(one)
        bare.push(other)
      }
    }
    const row = (name: string, starts: readonly Start[]): string[] => {
      const of = (key: keyof Start): number => median(starts.map(start => start[key]))
      const registered = of('registered')
      return [
        name,
        registered > 0 ? registered.toFixed(1) : '–',
        of('ready').toFixed(1),
        (of('privateKb') / 1024).toFixed(1),
        (of('rssKb') / 1024).toFixed(1),
        of('cpuMs').toFixed(0),
      ]
    }
    printTable(
      `Extension: exec to registered and ready, medians of ${ROUNDS}`,
      ['process', 'registered ms', 'ready ms', 'private MB', 'RSS MB', 'CPU ms to idle'],
      [row("Weir's extension (launcher, then Node)", weir), row('bare runtime (node -e, idle)', bare)],
    )
    const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0)
    const script = files.filter(file => file.path.endsWith('.cjs')).reduce((sum, file) => sum + file.bytes.length, 0)
    process.stdout.write(`\nlayer: ${files.length} files, ${bytes} bytes unzipped, of which JavaScript ${script}\n`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function startExtension(launcher: string, folder: string): Promise<Start> {
  const seen = new Map<string, number>()
  let ready: () => void = () => {}
  const isReady = new Promise<void>(resolve => {
    ready = resolve
  })
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    request.resume().on('end', () => {
      if (path.endsWith('/register')) {
        seen.set('registered', performance.now())
        response.setHeader('Lambda-Extension-Identifier', '00000000-0000-4000-8000-000000000000')
        response.end('{"functionName":"bench","functionVersion":"$LATEST","handler":"index.handler","accountId":"111122223333"}')
      } else if (path.endsWith('/event/next')) {
        seen.set('ready', performance.now())
        ready() // held open: the sandbox is idle
      } else response.end('"OK"')
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const began = performance.now()
  const child = spawn(launcher, [], {
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'bench',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      WEIR_STREAM_ARN: 'arn:aws:kinesis:us-east-1:111122223333:stream/telemetry',
      WEIR_KINESIS_ENDPOINT: `http://127.0.0.1:${port}`,
      WEIR_TELEMETRY_HOST: '127.0.0.1',
      WEIR_BIND: '127.0.0.1',
      WEIR_ROOT: join(folder, 'opt'),
      WEIR_NODE: process.execPath,
      WEIR_TMP: folder,
    },
  })
  await isReady
  const usage = await idle(child)
  child.kill('SIGKILL')
  server.closeAllConnections()
  server.close()
  return { registered: (seen.get('registered') ?? 0) - began, ready: (seen.get('ready') ?? 0) - began, ...usage }
}

/** The runtime alone, with nothing to do: what any JavaScript extension pays before its first line. */
async function startBare(): Promise<Start> {
  const began = performance.now()
  const child = spawn(process.execPath, ['-e', 'process.stdout.write("x");setInterval(()=>{},1e9)'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await new Promise<void>(resolve => child.stdout.once('data', () => resolve()))
  const ready = performance.now() - began
  const usage = await idle(child)
  child.kill('SIGKILL')
  return { registered: 0, ready, ...usage }
}

async function idle(child: ChildProcess): Promise<Pick<Start, 'privateKb' | 'rssKb' | 'cpuMs'>> {
  await new Promise(resolve => setTimeout(resolve, SETTLE_MS))
  const rollup = await readFile(`/proc/${child.pid}/smaps_rollup`, 'utf8')
  const kb = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0)
  const stat = (await readFile(`/proc/${child.pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ')
  // Fields 14 and 15, user and system time, in clock ticks of 10 ms (proc(5)).
  return {
    privateKb: kb('Private_Dirty') + kb('Private_Clean'),
    rssKb: kb('Rss'),
    cpuMs: (Number(stat[11]) + Number(stat[12])) * 10,
  }
}
