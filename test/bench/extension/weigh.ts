import { once } from 'node:events'
import type { Bare, Contender } from './contenders.ts'
import { launch } from './launch.ts'
import { startBenchPlatform } from './platform.ts'
import { cpuOf, memoryOf } from './usage.ts'

const WARM_UP = 100
const SETTLE_MS = 300 // after ready, so that memory is that of an idle process

/** Milliseconds from exec, milliseconds of processor time, mebibytes. */
export interface Weight {
  readonly registered?: number
  readonly subscribed?: number
  readonly ready: number
  readonly cpuToReady: number
  readonly anonymous: number
  readonly private: number
  readonly rss: number
  readonly anonymousAfter?: number
  readonly cpuPerThousand?: number
}

/** One start of an extension, and so many invocations of eight JSON lines each. */
export async function weigh({ command, args = [], env }: Contender, invocations: number): Promise<Weight> {
  const platform = await startBenchPlatform()
  const { child, pid, execAt } = launch(command, args, { ...sandboxEnvironment(platform.port), ...env(platform.port) })
  child.stdout?.resume()
  try {
    const gone = once(child, 'exit').then(() => Promise.reject(new Error(`${command} ended by itself`)))
    const readyAt = await Promise.race([platform.readyAt, gone])
    const cpu = cpuOf(pid)
    const exec = await execAt
    await platform.init()
    const idle = await settled(pid)
    const [registered, subscribed] = await Promise.all([platform.registeredAt, platform.subscribedAt])
    const [from, cpuToReady] = [exec.at, cpu - exec.cpu]
    const start = { registered: registered - from, subscribed: subscribed - from, ready: readyAt - from, cpuToReady, ...idle }
    if (invocations === 0) return start
    for (let n = 0; n < WARM_UP; n++) await Promise.race([platform.invoke(), gone])
    const before = cpuOf(pid)
    for (let n = 0; n < invocations; n++) await Promise.race([platform.invoke(), gone])
    const cpuPerThousand = ((cpuOf(pid) - before) * 1_000) / invocations
    return { ...start, cpuPerThousand, anonymousAfter: memoryOf(pid).anonymousKb / 1024 }
  } finally {
    child.kill('SIGKILL')
    platform.close()
  }
}

/** What Lambda gives to an extension. */
const sandboxEnvironment = (port: number): Readonly<Record<string, string>> => ({
  AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
  AWS_REGION: 'us-east-1',
  AWS_LAMBDA_FUNCTION_NAME: 'bench',
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench-secret-key',
})

/** A runtime alone, with one line of JavaScript: what any extension pays that is written in it. */
export async function weighBare({ command, env }: Bare): Promise<Weight> {
  const { child, pid, execAt } = launch(command, ['-e', 'console.log("x");setInterval(()=>{},1e9)'], env)
  try {
    await once(child.stdout ?? child, 'data')
    const readyAt = performance.now()
    const cpu = cpuOf(pid)
    const exec = await execAt
    return { ready: readyAt - exec.at, cpuToReady: cpu - exec.cpu, ...(await settled(pid)) }
  } finally {
    child.kill('SIGKILL')
  }
}

async function settled(pid: number): Promise<{ anonymous: number; private: number; rss: number }> {
  await new Promise(resolve => setTimeout(resolve, SETTLE_MS))
  const { anonymousKb, privateKb, rssKb } = memoryOf(pid)
  return { anonymous: anonymousKb / 1024, private: privateKb / 1024, rss: rssKb / 1024 }
}
