import { describe, expect, it } from 'vitest'
import { ARN, memoryState, NOON, one, run, telemetry } from '../../test/support.ts'
import type { DetectorEvent } from '../detector.ts'
import { unknownExtension } from './unknown-extension.ts'

const registered = (name: unknown, time = NOON): DetectorEvent =>
  telemetry('platform.extension', { name, state: 'Ready', events: ['INVOKE', 'SHUTDOWN'] }, { time })

describe('unknown extension', () => {
  it('tells which extension registered, for what, and where', async () => {
    const subscribed = telemetry('platform.telemetrySubscription', {
      name: 'metrics-helper',
      state: 'Subscribed',
      types: ['function'],
    })
    expect(await run(unknownExtension, { a: [registered('metrics-helper'), subscribed] })).toMatchObject([
      {
        group: `${ARN} metrics-helper`,
        window: String(Date.UTC(2026, 10, 2)),
        message: `the extension "metrics-helper" registered in ${ARN} and is on no list`,
        evidence: { extension: 'metrics-helper', registeredFor: ['INVOKE', 'SHUTDOWN'], subscribedTo: ['function'] },
      },
    ])
  })

  it.each([
    ['Weir itself', registered('weir'), []],
    ['a listed name', registered('vendor-agent'), ['vendor-agent']],
    ['a name that a glob covers', registered('vendor-agent'), ['other', 'vendor-*']],
    ['a record without a name', registered(undefined), []],
    ['another record with a name', telemetry('platform.initStart', { name: 'metrics-helper' }), []],
  ])('ignores %s', async (_, event, allowedExtensions) => {
    expect(await one(unknownExtension, event, { allowedExtensions })).toEqual([])
  })

  it.each(['Weir', 'weir2', 'vendor'])('does not take %s for a listed name', async name => {
    expect(await one(unknownExtension, registered(name), { allowedExtensions: ['vendor-*'] })).toHaveLength(1)
  })

  it('tells once a day of a function, and the same of a batch that comes again', async () => {
    const state = memoryState()
    const batches = {
      a: [registered('x')],
      b: [registered('x', NOON + 60_000)],
      c: [registered('y')],
      d: [registered('x', NOON + 86_400_000)],
    }
    const found = await run(unknownExtension, batches, { state })
    expect(found.map(({ evidence }) => evidence['extension'])).toEqual(['x', 'y', 'x'])
    expect(await run(unknownExtension, batches, { state })).toEqual(found)
  })

  it('names no more extensions of a batch than a sandbox can hold', async () => {
    const state = memoryState()
    const forged = Array.from({ length: 500 }, (_, index) => registered(`e${index}${'x'.repeat(5000)}`))
    expect(await run(unknownExtension, { a: forged }, { state })).toHaveLength(10)
    expect(state.folds()).toBe(10)
  })
})
