import { randomBytes } from 'node:crypto'
import { encodeBatch } from '@weir/schema/encode'
import type { World } from '../command.ts'
import { viewFinding } from '../findings.ts'
import { plain } from '../terminal.ts'
import { ACCOUNT, type Laptop, REGION } from './laptop.ts'
import { attackOnControlPlane, trailRecord } from './trail.ts'

const WAIT_MS = 30_000

/** One act of the play, and the findings that must come of it while it is on, by their exact titles. */
interface Act {
  readonly title: string
  readonly expect: readonly string[]
  play(laptop: Laptop): Promise<void>
}

const invoke = async (laptop: Laptop, name: string, payload: object = {}): Promise<void> => {
  await laptop.functions.get(name)?.invoke(payload)
}

const ACTS: readonly Act[] = [
  {
    title: 'ordinary traffic',
    expect: [],
    async play(laptop) {
      for (const name of ['Ada', 'Grace', 'Edsger']) await invoke(laptop, 'hello', { name })
    },
  },
  {
    title: 'a function prints its access key',
    expect: ['Function prints a secret in its log'],
    play: laptop => invoke(laptop, 'checkout', { order: 17 }),
  },
  {
    title: 'an extension that nobody ordered registers in a sandbox',
    expect: ['Unknown extension registered in a function'],
    play: laptop => invoke(laptop, 'billing'),
  },
  {
    title: 'a flood of requests on a large function',
    expect: ['Denial of wallet: function billed beyond its limit'],
    async play(laptop) {
      await Promise.all(
        Array.from({ length: 4 }, async () => {
          for (let i = 0; i < 6; i++) await invoke(laptop, 'render', { ms: 60 })
        }),
      )
    },
  },
  {
    title: 'a function that times out again and again',
    expect: ['Storm of timeouts, memory exhaustion or crashes in a function'],
    async play(laptop) {
      for (let i = 0; i < 4; i++) await invoke(laptop, 'reports')
    },
  },
  {
    title: 'an intruder at the control plane',
    expect: [
      'Lambda function may be invoked by everyone',
      'Lambda function URL without authentication',
      'Lambda function code replaced outside CloudFormation',
      'Lambda layer of another account attached',
      'Secrets harvested by one principal',
      'CloudTrail stopped or deleted',
    ],
    play: laptop =>
      laptop.put(
        'trail',
        attackOnControlPlane().map((record, i) => ({ key: String(i), data: Buffer.from(JSON.stringify(record)) })),
      ),
  },
  {
    title: 'a forged batch, and CloudTrail on the telemetry stream',
    expect: ['Batch claims a function of another account', 'Records on a stream that may not carry them'],
    play: laptop =>
      laptop.put('telemetry', [
        { key: 'forged', data: forgedBatch() },
        {
          key: 'trail',
          data: Buffer.from(JSON.stringify(trailRecord('DeleteTrail', 'cloudtrail.amazonaws.com', { name: 'main' }))),
        },
      ]),
  },
]

/** Plays every act, showing findings as they arrive; answers what should have been found and was not. */
export async function playScenario(laptop: Laptop, world: World): Promise<readonly string[]> {
  const { terminal } = world
  const began = performance.now()
  let first = 0
  const missed: string[] = []
  for (const act of ACTS) {
    if (world.signal.aborted) return missed
    const before = laptop.findings.length
    const missing = (): string[] => {
      const titles = new Set(laptop.findings.slice(before).map(finding => viewFinding(finding).title))
      return act.expect.filter(title => !titles.has(title))
    }
    terminal.line()
    terminal.line(terminal.paint('bold', `▸ ${act.title}`))
    await act.play(laptop)
    const until = Date.now() + WAIT_MS
    // A sandbox ships at the end of an invocation, and its report comes with the next: a short wait is normal.
    while (Date.now() < until && !world.signal.aborted) {
      await laptop.settled()
      if (missing().length === 0) break
      await new Promise(resolve => setTimeout(resolve, 100))
    }
    if (!first && laptop.findings.length > 0) first = performance.now() - began
    await laptop.flow()
    missed.push(...missing().map(title => `${act.title}: ${title}`))
  }
  terminal.line()
  terminal.line(
    `${laptop.findings.length} findings in ${((performance.now() - began) / 1000).toFixed(1)} s, the first after ${(first / 1000).toFixed(1)} s`,
  )
  for (const each of missed) terminal.line(plain(`not found: ${each}`))
  return missed
}

/** A well-formed batch from a sandbox that claims to be a function of another account. */
function forgedBatch(): Uint8Array {
  return encodeBatch({
    sandbox: randomBytes(16).toString('hex'),
    sequence: 1,
    function: {
      arn: `arn:aws:lambda:${REGION}:444455556666:function:payroll`,
      version: '$LATEST',
      memoryMb: 128,
      region: REGION,
      runtime: 'nodejs:24.v9',
      initializationType: 'on-demand',
    },
    extension: '0.1.0',
    emitted: 1,
    dropped: [],
    previous: '',
    signature: new Uint8Array(),
    records: [
      {
        signal: 'function',
        time: Date.now(),
        invocation: '',
        contentType: 'text/plain',
        body: Buffer.from(`nothing to see in account ${ACCOUNT}`),
      },
    ],
  })
}
