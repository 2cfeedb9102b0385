import { describe, expect, it, vi } from 'vitest'
import { createSight, type Sight } from './sight.ts'

/** What a sight tells; `during` runs while a line is written. */
function watching(during: (sight: Sight) => void = () => {}) {
  const told: Record<string, unknown>[] = []
  const sight: Sight = createSight(
    {
      write(line) {
        told.push({ ...line })
        during(sight)
      },
    },
    () => 7,
  )
  return { sight, told }
}

describe('what the guard tells', () => {
  it('is told once for a key, or once for a key and who does it', () => {
    const { sight, told } = watching()
    for (let each = 0; each < 3; each++) {
      sight.once('outbound', 'a:1', { host: 'a', port: 1 })
      sight.oncePerCaller('process', 'true', { command: 'true' })
    }
    sight.once('outbound', 'b:1', { host: 'b', port: 1 })
    expect(told).toMatchObject([{ t: 7, kind: 'outbound', host: 'a' }, { kind: 'process' }, { host: 'b' }])
  })

  it('is not what its own work does', () => {
    const { sight, told } = watching(inner => {
      inner.once('read', 'inner', {})
      inner.oncePerCaller('read', 'inner', {})
    })
    sight.once('outbound', 'a:1', {})
    sight.oncePerCaller('process', 'true', {})
    expect(told.map(({ kind }) => kind)).toEqual(['outbound', 'process'])
  })

  it('is not what Node does by itself: code that nobody of the function asked for, and a connection that was told when it was asked for', () => {
    const { sight, told } = watching()
    const { stackTraceLimit } = Error
    // Nobody is on a stack without frames.
    const alone = (task: () => void) => {
      const spy = vi.spyOn(Error, 'captureStackTrace').mockImplementation(holder => void Object.assign(holder, { stack: [] }))
      task()
      spy.mockRestore()
    }
    alone(() => sight.oncePerCaller('code', 'vm.Script', {}))
    sight.oncePerCaller('credentials', 'a:1', {})
    alone(() => sight.oncePerCaller('credentials', 'a:1', {}))
    alone(() => sight.oncePerCaller('credentials', 'b:1', {}))
    expect(told.map(({ kind }) => kind)).toEqual(['credentials', 'credentials'])
    expect(Error.stackTraceLimit).toBe(stackTraceLimit)
  })
})
