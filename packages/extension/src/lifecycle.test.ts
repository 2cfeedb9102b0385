import { describe, expect, it } from 'vitest'
import { readBody } from '@weir/schema'
import { createWorld, type Reply, type World } from './testing/world.ts'

const platform = (world: World, type: string, record: object) => ({
  time: new Date(world.host.now()).toISOString(),
  type: `platform.${type}`,
  record,
})
const line = (world: World, record: unknown) => ({ time: new Date(world.host.now()).toISOString(), type: 'function', record })

async function started(env: Record<string, string> = {}): Promise<World> {
  const world = createWorld(env)
  world.start()
  expect(await world.until(() => world.asked === 1)).toBe(true)
  return world
}
async function begin(world: World, requestId: string, timeoutMs?: number): Promise<void> {
  world.invoke(requestId, timeoutMs)
  await world.settle()
  world.post(JSON.stringify([platform(world, 'start', { requestId })]))
  await world.settle()
}
/** The handler returns: `durationMs` as the platform tells it. */
async function finish(world: World, requestId: string, durationMs = 10): Promise<void> {
  world.post(JSON.stringify([platform(world, 'runtimeDone', { requestId, metrics: { durationMs } })]))
  await world.settle()
}
async function end(world: World): Promise<void> {
  world.shutdown()
  expect(await world.until(() => world.host.exits.length > 0, 2_000)).toBe(true)
}
const bodies = ({ batches }: World, signal: string) =>
  batches.flatMap(batch => batch.records.filter(each => each.signal === signal).map(each => readBody(each)))
/** An acknowledgement that takes its time. */
const slow = (world: World, ms: number) => (_: unknown, accept: () => Reply) =>
  new Promise<Reply>(resolve => void world.host.after(ms, () => resolve(accept())))

describe('the life of a sandbox', () => {
  it('waits anew for an invocation that comes again under the same id', async () => {
    const world = await started()
    await begin(world, 'a')
    await finish(world, 'a')
    expect(world.asked).toBe(2)
    world.host.advance(1_000)
    await begin(world, 'a')
    expect(world.asked).toBe(2)
    await finish(world, 'a')
    expect(world.asked).toBe(3)
  })

  it.each([
    ['beside a handler that mostly waits', 5_000, ['asked', 'done']],
    ['at the end of a hot one', 20, ['done', 'asked']],
  ])('ships by time %s', async (_, durationMs, order) => {
    const world = await started({ WEIR_FLUSH: 'interval' })
    for (let each = 0; each < 15; each++) {
      await begin(world, `r-${each}`)
      expect(world.asked).toBe(each + 2)
      await finish(world, `r-${each}`, durationMs)
      world.host.advance(1_000)
    }
    expect(world.puts).toBe(1) // that there is a sandbox
    world.host.advance(20_000)
    await begin(world, 'due')
    const beside = world.puts
    await finish(world, 'due', durationMs)
    expect(world.puts).toBe(2)
    expect(beside === 2 ? ['asked', 'done'] : ['done', 'asked']).toEqual(order)
  })

  it('does not hold one invocation after the other where their ends are never told', async () => {
    const world = await started({ WEIR_FLUSH: 'end' })
    for (const id of ['a', 'b', 'c']) {
      await begin(world, id, 10_000)
      world.host.advance(9_600)
      await world.settle()
    }
    const asked = world.asked
    await begin(world, 'd', 10_000)
    expect(world.asked).toBe(asked + 1)
  })

  it.each(['end', 'interval'])('ships each minute of a long invocation (%s)', async mode => {
    const world = await started({ WEIR_FLUSH: mode })
    await begin(world, 'long', 900_000)
    for (let minute = 0; minute < 10; minute++) {
      world.post(JSON.stringify([line(world, `minute ${minute}`)]))
      await world.settle()
      world.host.advance(60_000)
      await world.settle()
    }
    expect(bodies(world, 'function')).toHaveLength(10)
  })

  it('does not ship by a timer that a freeze has overtaken', async () => {
    const world = await started({ WEIR_FLUSH: 'interval' })
    await begin(world, 'a', 900_000)
    world.freeze(600_000)
    await world.settle()
    expect(world.puts).toBe(1) // that there is a sandbox
  })

  it('holds no invocation any more when that is over the budget, says so, and tries again later', async () => {
    const world = await started({ WEIR_FLUSH: 'end' })
    world.stream = slow(world, 200)
    let held = 0
    const invoke = async (requestId: string) => {
      const asked = world.asked
      await begin(world, requestId)
      await world.until(() => false, 1_000)
      const before = world.asked
      await finish(world, requestId)
      expect(await world.until(() => world.asked > asked)).toBe(true)
      if (world.asked > before) held++
      world.host.advance(1_000)
    }
    for (let each = 0; each < 40; each++) await invoke(`r-${each}`)
    expect(held).toBeLessThan(20)
    expect(bodies(world, 'weir.load')).toMatchObject([{ step: 'overlap', before: 'all', budgetMs: 50 }])
    world.stream = (_, accept) => accept()
    for (let each = 0; each < 60; each++) await invoke(`s-${each}`)
    await end(world)
    expect(bodies(world, 'weir.load')).toMatchObject([{}, { step: 'all', before: 'overlap' }])
    expect(world.batches.at(-1)?.dropped).toEqual([])
    expect(bodies(world, 'platform.runtimeDone')).toHaveLength(100)
  })

  it('on Managed Instances ships every ten seconds', async () => {
    const world = await started({ AWS_LAMBDA_INITIALIZATION_TYPE: 'lambda-managed-instances' })
    for (let each = 1; each <= 5; each++) {
      world.post(JSON.stringify([platform(world, 'report', { requestId: `r-${each}`, metrics: { durationMs: 5 } })]))
      await world.settle()
      world.host.advance(10_000)
      await world.settle()
      expect(bodies(world, 'platform.report')).toHaveLength(each)
    }
    await end(world)
    expect(world.asked).toBe(1)
  })

  it.each<[string, World['stream']]>([
    ['hangs', () => 'hang'],
    ['throttles', () => ({ status: 400, body: '{"__type":"ProvisionedThroughputExceededException"}' })],
    ['closes', () => 'close'],
  ])('ends in time at SHUTDOWN while the stream %s', async (_, stream) => {
    const world = await started()
    world.stream = stream
    await begin(world, 'a')
    await finish(world, 'a')
    expect(await world.until(() => world.asked === 2)).toBe(true)
    const deadline = world.host.now() + 2_000
    await end(world)
    expect(world.host.now()).toBeLessThan(deadline)
  })

  it.each([676_051, -1, null, '2026'])('takes %j for no deadline, and ships all the same', async deadlineMs => {
    const world = await started()
    world.give({ eventType: 'INVOKE', requestId: 'a', deadlineMs })
    await world.settle()
    await finish(world, 'a')
    expect(world.asked).toBe(2)
    expect(bodies(world, 'platform.runtimeDone')).toHaveLength(1)
  })

  it('ships what came before a timeout, though the invocation never ended', async () => {
    const world = await started()
    await begin(world, 'a', 3_000)
    world.post(JSON.stringify([line(world, 'last words')]))
    world.host.advance(2_600)
    await world.settle()
    expect(bodies(world, 'function')).toEqual(['last words'])
    expect(world.asked).toBe(2)
  })
})
