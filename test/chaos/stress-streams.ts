import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CallFault, KinesisServer } from '@weir/emulator'
import { certificate } from '../receivers/certificate.ts'
import { random } from './kills.ts'
import { type KeyDesk, type Relay, startKeyDesk, startRelay } from './stress-net.ts'
import { allArrived, type Scenario, type Stage } from './stress-stage.ts'

const portOf = ({ endpoint }: KinesisServer): number => Number(new URL(endpoint).port)
const THROTTLED: CallFault = { kind: 'error', type: 'ProvisionedThroughputExceededException' }
const LINES = 200
/** What the thaw of a sandbox may cost at most: less than a call's timeout. */
const MAX_HELD_MS = 1_000

const invokeTimes = async ({ invoke }: Stage, times: number, name: string): Promise<void> => {
  for (let n = 0; n < times; n++) await invoke({ do: 'lines', name: `${name}-${n}`, count: LINES, bytes: 100 })
}

/** A stream that does nothing but this while the function is invoked, and takes everything at SHUTDOWN. */
const failing = (name: string, what: string, fault: CallFault, times = 25): Scenario => ({
  name,
  what,
  atLeast: times * LINES,
  async play(stage) {
    stage.kinesis.faults.call = operation => (operation === 'PutRecords' ? fault : undefined)
    await invokeTimes(stage, times, name)
  },
  wrong: times === 25 ? allArrived : () => [],
})

const partial = (): Scenario => ({
  name: 'partial',
  what: 'half of the entries of each call fail, then it heals',
  atLeast: 700,
  // By interval, so that a flush has several batches: it comes when the buffer is half full.
  prepare: async () => ({ env: { WEIR_FLUSH: 'interval' } }),
  async play({ kinesis, invoke }) {
    const dice = random(7)
    kinesis.faults.putRecords = entries =>
      entries.map(() => (dice() < 0.5 ? { errorCode: 'ProvisionedThroughputExceededException' as const } : undefined))
    for (let n = 0; n < 70; n++) await invoke({ do: 'lines', name: `partial-${n}`, count: 10, bytes: 8_000, noise: true })
  },
  wrong: seen => [
    ...allArrived(seen),
    ...(seen.books.faults.has('kinesis:ProvisionedThroughputExceededException') ? [] : ['no entry ever failed']),
  ],
})

const wrongCertificate = (): Scenario => {
  const right = certificate({ name: 'localhost' })
  let early = 0
  return {
    name: 'wrong-certificate',
    what: 'TLS with a certificate of somebody else, then with the right one',
    atLeast: 10 * LINES,
    async prepare(folder, kinesis) {
      const relay = await startRelay(portOf(kinesis), await right)
      const WEIR_CA_FILE = join(folder, 'ca.pem')
      await writeFile(WEIR_CA_FILE, (await certificate({ name: 'localhost' })).cert)
      return { env: { WEIR_KINESIS_ENDPOINT: `https://localhost:${relay.port}`, WEIR_CA_FILE }, close: () => relay.close() }
    },
    async play(stage) {
      await invokeTimes(stage, 10, 'tls')
      early = stage.kinesis.calls.get('PutRecords') ?? 0
      await writeFile(join(stage.folder, 'ca.pem'), (await right).cert)
    },
    wrong: seen => [...(early > 0 ? [`${early} calls before the certificate was right`] : []), ...allArrived(seen)],
  }
}

const deadSockets = (): Scenario => {
  let relay: Relay | undefined
  return {
    name: 'dead-sockets',
    what: 'each thaw finds its connections reset, or after 6 s silent',
    atLeast: 10 * LINES,
    async prepare(_, kinesis) {
      const own = await startRelay(portOf(kinesis))
      relay = own
      return { env: { WEIR_KINESIS_ENDPOINT: `http://127.0.0.1:${own.port}` }, close: () => own.close() }
    },
    async play(stage) {
      await invokeTimes(stage, 2, 'warm')
      for (let n = 0; n < 6; n++) {
        relay?.cut()
        await sleep(200)
        await invokeTimes(stage, 1, `cut-${n}`)
      }
      for (let n = 0; n < 2; n++) {
        relay?.silence()
        await sleep(6_000)
        await invokeTimes(stage, 1, `silent-${n}`)
      }
    },
    wrong: seen => [
      ...allArrived(seen),
      ...seen.invocations.flatMap(({ addedMs }, n) =>
        addedMs > MAX_HELD_MS ? [`invocation ${n + 1} was held for ${addedMs.toFixed(0)} ms`] : [],
      ),
      ...((relay?.taken ?? 0) < 9 ? ['its connections were not cut'] : []),
    ],
  }
}

const keysRotate = (): Scenario => {
  let desk: KeyDesk | undefined
  return {
    name: 'keys-rotate',
    what: 'container credentials that rotate, expire, fail, hang and are nonsense',
    atLeast: 13 * LINES,
    anyKeys: true,
    async prepare(_, kinesis) {
      let lives = 0
      // Keys are renewed five minutes before they end: every other one at once.
      const own = await startKeyDesk(kinesis.endpoint, () => (lives++ % 2 === 0 ? 300_500 : 3_600_000))
      desk = own
      const env = {
        AWS_ACCESS_KEY_ID: '',
        AWS_SECRET_ACCESS_KEY: '',
        AWS_SESSION_TOKEN: '',
        AWS_CONTAINER_CREDENTIALS_FULL_URI: own.uri,
        AWS_CONTAINER_AUTHORIZATION_TOKEN: 'token',
        WEIR_KINESIS_ENDPOINT: own.door,
      }
      return { env, close: () => own.close() }
    },
    async play(stage) {
      for (let n = 0; n < 8; n++) {
        if (n % 2 === 1) desk?.rotate()
        await invokeTimes(stage, 1, `rotates-${n}`)
      }
      for (const mood of ['fails', 'hangs', 'nonsense', 'stale', 'well'] as const) {
        desk?.rotate(mood)
        await invokeTimes(stage, 1, mood)
      }
    },
    wrong: seen => [
      ...allArrived(seen),
      ...((desk?.given ?? 0) < 4 ? ['the keys were hardly ever fetched'] : []),
      ...((desk?.refused ?? 0) < 3 ? ['no key was ever refused'] : []),
    ],
  }
}

const snapStart: Scenario = {
  name: 'snap-start',
  what: 'keys of the snapshot are refused after the restore',
  options: { initializationType: 'snap-start' },
  atLeast: 3 * LINES,
  async play(stage) {
    await stage.function.provision()
    await sleep(300)
    await invokeTimes(stage, 3, 'restored')
  },
  wrong: allArrived,
}

/** What a stream and the way to it can do. */
export const STREAMS: readonly Scenario[] = [
  failing('throttled', 'a stream that throttles each call', THROTTLED),
  {
    ...failing('throttled-small', 'the same with the smallest buffer, 120 invocations', THROTTLED, 120),
    prepare: async () => ({ env: { WEIR_BUFFER_BYTES: '65536' } }),
  },
  partial(),
  failing('gone', 'ResourceNotFoundException', { kind: 'error', type: 'ResourceNotFoundException' }),
  failing('refused', 'keys that may not', { kind: 'error', type: 'AccessDeniedException' }),
  failing('unknown-keys', 'keys that nobody knows', { kind: 'error', type: 'UnrecognizedClientException', status: 403 }),
  failing('hangs', 'an endpoint that never answers', { kind: 'hang' }),
  failing('hangs-after', 'an endpoint that takes everything and never says so', { kind: 'hang', after: true }),
  failing('resets', 'an endpoint that resets', { kind: 'reset' }),
  failing('resets-after', 'an endpoint that takes everything and resets', { kind: 'reset', after: true }),
  wrongCertificate(),
  deadSockets(),
  keysRotate(),
  snapStart,
]
