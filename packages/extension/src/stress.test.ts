import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readBody } from '@weir/schema'
import { createWorld, type Reply, type World } from './testing/world.ts'

/** Everything of one sandbox that the stream has, and what its last batch says was lost. */
function ledger(world: World) {
  // A batch whose acknowledgement came too late is sent again as it is; whoever reads the stream takes it once.
  const batches = [...new Map(world.batches.map(each => [each.sequence, each])).values()]
  for (const each of world.batches)
    expect(batches.find(({ sequence }) => sequence === each.sequence)?.records.length).toBe(each.records.length)
  const records = batches.flatMap(batch => batch.records)
  const last = batches.toSorted((a, b) => a.sequence - b.sequence).at(-1)
  const dropped = new Map(last?.dropped.map(each => [each.reason, each.records]))
  const logs = records.filter(each => each.signal === 'function')
  return { records, logs, last, dropped }
}
const line = (time: number, record: unknown) => ({ time: new Date(time).toISOString(), type: 'function', record })
const platform = (time: number, type: string, requestId: string) => ({
  time: new Date(time).toISOString(),
  type,
  record: { requestId },
})

/** One invocation; resolves when the next event is asked for, false where it is not. */
async function invocation(world: World, requestId: string, logs: readonly unknown[] = [], runMs = 10): Promise<boolean> {
  const before = world.asked
  world.invoke(requestId)
  await world.settle()
  const now = world.host.now()
  world.post(JSON.stringify([platform(now, 'platform.start', requestId), ...logs.map(each => line(now, each))]))
  world.host.advance(runMs)
  world.post(JSON.stringify([platform(now + runMs, 'platform.runtimeDone', requestId)]))
  return world.until(() => world.asked > before)
}
async function end(world: World): Promise<void> {
  world.shutdown()
  expect(await world.until(() => world.host.exits.length > 0, 2_000)).toBe(true)
  expect(world.host.exits).toEqual([0])
}
async function started(env: Record<string, string> = {}): Promise<World> {
  const world = createWorld(env)
  world.start()
  expect(await world.until(() => world.asked === 1)).toBe(true)
  // The recorder is there once it has shipped something.
  expect(await invocation(world, 'r-0')).toBe(true)
  world.host.advance(1_000)
  return world
}
const refusal = (type: string, status = 400): Reply => ({ status, body: JSON.stringify({ __type: type, message: 'no' }) })

describe('the extension under stress', () => {
  it('takes 100,000 lines of one invocation, and each is shipped or counted', async () => {
    const world = await started()
    world.invoke('r-1')
    await world.settle()
    world.post(JSON.stringify([platform(world.host.now(), 'platform.start', 'r-1')]))
    for (let post = 0; post < 100; post++) {
      const lines = Array.from({ length: 1000 }, (_, index) => line(world.host.now(), `line ${post * 1000 + index}\n`))
      world.post(JSON.stringify(lines))
      if (post % 10 === 0) await world.settle()
    }
    world.post(JSON.stringify([platform(world.host.now(), 'platform.runtimeDone', 'r-1')]))
    expect(await world.until(() => world.asked === 3)).toBe(true)
    await end(world)
    const { logs, records, last, dropped } = ledger(world)
    expect(logs.length + (dropped.get('buffer-full') ?? 0)).toBe(100_000)
    expect(last?.emitted).toBe(records.length)
    expect(new Set(logs.map(each => each.invocation))).toEqual(new Set(['r-1']))
    expect(readBody(logs[0] ?? expect.fail())).toBe('line 0')
  })

  it('takes bytes that are no text, and lines of any length', async () => {
    const world = await started()
    const binary = Array.from({ length: 2_000 }, (_, index) => String.fromCharCode((index * 7919) % 65_536)).join('')
    const lines = [binary, '\u0000\uD800', 'x'.repeat(300_000), '', { '\u0000': binary }]
    expect(await invocation(world, 'r-1', lines)).toBe(true)
    world.post(Buffer.concat([Buffer.from('[{"type":"function","record":"'), Buffer.alloc(5_000, 0xff), Buffer.from('"}]')]))
    world.post(Buffer.alloc(500_000, 0x00))
    await end(world)
    const { logs, dropped } = ledger(world)
    expect(logs).toHaveLength(lines.length + 1)
    expect(dropped.get('truncated')).toBe(1)
    expect(dropped.get('unparsable')).toBe(1)
  })

  it('throws away a POST of 100 MB as it comes, and counts it', async () => {
    const world = await started()
    const before = process.memoryUsage.rss()
    world.post(Buffer.alloc(100_000_000, 0x20))
    expect(process.memoryUsage.rss() - before).toBeLessThan(250_000_000)
    await end(world)
    expect(ledger(world).last?.dropped).toContainEqual({ reason: 'body-too-large', records: 1, bytes: 100_000_000 })
  })

  it.each<[string, Reply]>([
    ['throttles', refusal('ProvisionedThroughputExceededException')],
    ['is gone', refusal('ResourceNotFoundException')],
    ['has a key that we may not use', refusal('KMSAccessDeniedException')],
    ['breaks', { status: 500, body: '<html>' }],
    ['hangs', 'hang'],
    ['closes', 'close'],
  ])('holds on for an hour while the stream %s: bounded, counted, and the rest is shipped', async (_, reply) => {
    const world = await started({ WEIR_BUFFER_BYTES: '262144' })
    const accepts = world.stream
    world.stream = () => reply
    let produced = 0
    let held = 0
    for (let each = 0; each < 120; each++) {
      const lines = Array.from({ length: 50 }, (_, index) => `${each}-${index} ${'x'.repeat(200)}\n`)
      produced += lines.length
      const from = world.host.now()
      expect(await invocation(world, `r-${each}`, lines)).toBe(true)
      held += world.host.now() - from
      world.host.advance(30_000)
    }
    // 120 invocations at the full 1.5 s would be 180,000.
    expect(held / 120).toBeLessThan(400)
    expect(world.puts).toBeLessThan(200)
    world.stream = accepts
    world.host.advance(10 * 60_000)
    expect(await invocation(world, 'r-last')).toBe(true)
    await end(world)
    const { logs, records, last, dropped } = ledger(world)
    expect(logs.length).toBeGreaterThan(100)
    const left = (dropped.get('buffer-full') ?? 0) + (dropped.get('over-budget') ?? 0)
    expect(left).toBeGreaterThan(0)
    expect(logs.length + left).toBe(produced)
    expect(last?.emitted).toBe(records.length)
    expect(records.filter(each => each.signal === 'platform.start')).toHaveLength(122)
  })

  it('goes on over sockets that died while the sandbox was frozen', async () => {
    const world = await started()
    for (let each = 0; each < 20; each++) {
      expect(await invocation(world, `r-${each}`, [`${each}\n`])).toBe(true)
      world.killSockets()
      world.host.advance(each % 2 === 0 ? 1_000 : 600_000)
    }
    await end(world)
    const { logs, last, records } = ledger(world)
    expect(logs).toHaveLength(20)
    expect(last?.emitted).toBe(records.length)
    expect(last?.dropped).toEqual([])
  })

  it('follows credentials that rotate', async () => {
    const world = await started({
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:3000/keys',
    })
    let fetches = 0
    let valid = ''
    world.credentials = () => {
      valid = `key-${++fetches}`
      const Expiration = new Date(world.host.now() + 3_600_000).toISOString()
      return { status: 200, body: JSON.stringify({ AccessKeyId: valid, SecretAccessKey: 's', Token: 't', Expiration }) }
    }
    const accepts = world.stream
    let expired = 0
    world.stream = (entries, accept) => (expired-- > 0 ? refusal('ExpiredTokenException') : accepts(entries, accept))
    for (let each = 0; each < 10; each++) {
      if (each % 3 === 1) expired = 1
      expect(await invocation(world, `r-${each}`, ['x\n'])).toBe(true)
      world.host.advance(20 * 60_000)
    }
    world.credentials = () => ({ status: 500 })
    world.host.advance(3_600_000)
    expect(await invocation(world, 'without', ['x\n'])).toBe(true)
    world.credentials = () => {
      const Expiration = new Date(world.host.now() + 3_600_000).toISOString()
      return { status: 200, body: JSON.stringify({ AccessKeyId: 'k', SecretAccessKey: 's', Expiration }) }
    }
    await end(world)
    expect(fetches).toBeGreaterThanOrEqual(5)
    const { logs, last } = ledger(world)
    expect(logs).toHaveLength(11)
    expect(last?.dropped).toEqual([])
  })

  it('ships before the buffer is full, without waiting for the end of the invocation', async () => {
    const world = await started({ WEIR_BUFFER_BYTES: '262144' })
    world.invoke('r-1', 900_000)
    await world.settle()
    world.post(JSON.stringify([platform(world.host.now(), 'platform.start', 'r-1')]))
    for (let post = 0; post < 20; post++) {
      world.post(
        JSON.stringify(Array.from({ length: 100 }, (_, index) => line(world.host.now(), `${post}-${index} ${'x'.repeat(400)}`))),
      )
      await world.settle()
    }
    const { logs } = ledger(world)
    expect(logs.length).toBeGreaterThan(1_000)
    world.post(JSON.stringify([platform(world.host.now(), 'platform.runtimeDone', 'r-1')]))
    expect(await world.until(() => world.asked === 3)).toBe(true)
    await end(world)
    expect(ledger(world).logs).toHaveLength(2_000)
    expect(ledger(world).last?.dropped).toEqual([])
  })

  it('says at the end what was still waiting', async () => {
    const world = await started()
    world.stream = () => 'hang'
    expect(await invocation(world, 'r-1', ['a\n', 'b\n'])).toBe(true)
    world.invoke('r-2')
    await world.settle()
    world.post(JSON.stringify([platform(world.host.now(), 'platform.start', 'r-2'), line(world.host.now(), 'c\n')]))
    await world.settle()
    world.stream = (_, accept) => accept()
    await end(world)
    const { records } = ledger(world)
    const last = records.find(each => each.signal === 'weir.end')
    expect(readBody(last ?? expect.fail())).toMatchObject({ reason: 'spindown', waiting: { log: 1, cut: expect.any(Number) } })
    expect(ledger(world).logs).toHaveLength(3)
  })

  it('loses no line uncounted, whatever the stream, the load and the sandbox do', async () => {
    const streams: Readonly<Record<string, (world: World) => World['stream']>> = {
      takes: () => (_, accept) => accept(),
      drags: world => (_, accept) => new Promise(resolve => void world.host.after(120, () => resolve(accept()))),
      throttles: () => () => refusal('ProvisionedThroughputExceededException'),
      forbids: () => () => refusal('AccessDeniedException'),
      hangs: () => () => 'hang',
      closes: () => () => 'close',
    }
    const step = fc.record({
      stream: fc.constantFrom(...Object.keys(streams)),
      times: fc.integer({ min: 1, max: 15 }),
      lines: fc.constantFrom(0, 1, 60, 300),
      gapMs: fc.constantFrom(1, 1_000, 90_000),
      freezes: fc.boolean(),
      dies: fc.boolean(),
    })
    const setting = fc.record({
      WEIR_BUDGET_MS: fc.constantFrom('1', '50'),
      WEIR_FLUSH: fc.constantFrom('auto', 'end', 'interval'),
      WEIR_BUFFER_BYTES: fc.constantFrom('65536', '4194304'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), setting, async (steps, env) => {
        const world = await started(env)
        let produced = 0
        for (const { stream, times, lines, gapMs, freezes, dies } of steps) {
          world.stream = streams[stream]?.(world) ?? expect.fail()
          for (let each = 0; each < times; each++) {
            const logs = Array.from({ length: lines }, (_, index) => (index % 50 === 7 ? 'ERROR \n' : `line ${index}\n`))
            produced += lines
            expect(await invocation(world, `r-${produced}-${each}`, logs)).toBe(true)
            if (dies) world.killSockets()
            if (freezes) world.freeze(gapMs)
            else world.host.advance(gapMs)
          }
        }
        world.stream = (_, accept) => accept()
        await end(world)
        const { logs, records, last, dropped } = ledger(world)
        expect(logs.length + (dropped.get('over-budget') ?? 0) + (dropped.get('buffer-full') ?? 0)).toBe(produced)
        expect(last?.emitted).toBe(records.length)
      }),
      { numRuns: 60 },
    )
  })
})
