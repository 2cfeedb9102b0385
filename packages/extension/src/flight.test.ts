import { describe, expect, it } from 'vitest'
import { createWorld, type World } from './testing/world.ts'

/** Starts it, and holds each `listen` on a port of our choice until it is let go. */
function started(env: Record<string, string>): { world: World; bound: unknown[]; letGo: () => void } {
  const world = createWorld(env)
  const listen = world.host.listen.bind(world.host)
  const { promise, resolve } = Promise.withResolvers<void>()
  const bound: unknown[] = []
  world.host.listen = async (bind, accept, port) => {
    if (port !== undefined) {
      bound.push({ bind, port })
      await promise
    }
    return listen(bind, accept, port)
  }
  world.start()
  return { world, bound, letGo: resolve }
}

describe('the port for OTLP', () => {
  it('is bound, on this machine only, before Lambda is told that the first invocation may begin', async () => {
    const { world, bound, letGo } = started({ WEIR_OTLP: '1' })
    expect(await world.until(() => bound.length > 0)).toBe(true)
    expect(bound).toEqual([{ bind: '127.0.0.1', port: 4318 }])
    await world.settle()
    expect(world.asked).toBe(0)
    letGo()
    expect(await world.until(() => world.asked > 0)).toBe(true)
  })

  it('holds nothing up where it cannot be had', async () => {
    const world = createWorld({ WEIR_OTLP: '1' })
    const listen = world.host.listen.bind(world.host)
    world.host.listen = (bind, accept, port) =>
      port === undefined ? listen(bind, accept) : Promise.reject(new Error('EADDRINUSE'))
    world.start()
    expect(await world.until(() => world.asked > 0)).toBe(true)
  })

  it('is bound for nobody who does not ask for it', async () => {
    const { world, bound } = started({})
    expect(await world.until(() => world.asked > 0)).toBe(true)
    await world.settle()
    expect(bound).toEqual([])
  })
})
