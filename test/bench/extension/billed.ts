import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startLambda } from '@weir/emulator'
import { median } from '../stats.ts'
import type { Contender } from './contenders.ts'
import { startBenchPlatform } from './platform.ts'

/** At first extensions flush within each invocation, most of them for the first twenty; from then on by time. */
const [FIRST, LATER] = [20, 100]
/** Sandboxes of which only Init counts. */
const COLD_STARTS = 4
const WARM = 'warm'

/** What the platform reports of some sandboxes, milliseconds: its Init, and medians of what an invocation lasts until all are done with it. */
export interface Durations {
  readonly init: number
  readonly first: number
  readonly later: number
}

/** A function that waits for another service as most do, and prints eight lines. */
export const FUNCTION = `
export const handler = async (_, { awsRequestId }) => {
  for (let line = 0; line < 8; line++)
    console.log(JSON.stringify({ level: 'INFO', requestId: awsRequestId, message: 'order ' + line + ' accepted', path: '/orders/' + line }))
  await new Promise(resolve => setTimeout(resolve, 10))
  return { accepted: 8 }
}
`

/** The same function on our emulator, with an extension or with none. */
export async function durations(folder: string, extension?: Contender): Promise<Durations> {
  const taskRoot = join(folder, 'task')
  await mkdir(taskRoot, { recursive: true })
  await writeFile(join(taskRoot, 'index.mjs'), FUNCTION)
  const intake = await startBenchPlatform()
  const inits: number[] = []
  const reported: number[] = []
  const lambda = startLambda({
    tempFolder: folder,
    onEvent({ functionName, type, record }) {
      const ms = (record as { metrics?: { durationMs?: number } }).metrics?.durationMs ?? 0
      if (type === 'platform.initReport') inits.push(ms)
      if (type === 'platform.report' && functionName === WARM) reported.push(ms)
    },
  })
  const extensions = extension ? [{ path: extension.command, env: extension.env(intake.port) }] : []
  const invoked = async (name: string, times: number): Promise<void> => {
    const one = lambda.createFunction({ name, taskRoot, timeoutSeconds: 20, extensions })
    for (let n = 0; n < times; n++) {
      const { functionError, payload } = await one.invoke()
      if (functionError) throw new Error(JSON.stringify(payload))
      await one.idle()
    }
    await one.kill() // some listen on ports of their own, so that there is one at a time
  }
  try {
    for (let cold = 0; cold < COLD_STARTS; cold++) await invoked(`cold-${cold}`, 1)
    await invoked(WARM, FIRST + LATER)
  } finally {
    await lambda.close()
    intake.close()
  }
  // The very first has what was left of Init, and the change from one way of flushing to the other is neither.
  return { init: median(inits), first: median(reported.slice(1, FIRST)), later: median(reported.slice(FIRST + 10)) }
}
