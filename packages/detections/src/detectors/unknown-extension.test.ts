import { describe, expect, it } from 'vitest'
import { ARN, memoryState, NOON, one, run, telemetry } from '../../test/support.ts'
import type { DetectorEvent } from '../detector.ts'
import { unknownExtension } from './unknown-extension.ts'

const registered = (name: unknown, time = NOON): DetectorEvent =>
  telemetry('platform.extension', { name, state: 'Ready', events: ['INVOKE', 'SHUTDOWN'] }, { time })

const looked = (unlisted: readonly string[]): DetectorEvent =>
  telemetry('weir.extensions', {
    registered: [{ name: 'helper' }],
    files: [
      { name: 'helper', bytes: 30, sha256: 'ab12' },
      { name: 'other', bytes: 30, sha256: 'cd34' },
    ],
    unlisted,
  })

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
        message: `the extension "metrics-helper" is in ${ARN}, and detections.allowedExtensions does not name it`,
        evidence: {
          extension: 'metrics-helper',
          refusedBy: ['detections.allowedExtensions'],
          registeredFor: ['INVOKE', 'SHUTDOWN'],
          subscribedTo: ['function'],
        },
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

  it('tells as one what the platform, the function’s own list and both lists say of one extension', async () => {
    const platform = registered('helper')
    const found = await run(unknownExtension, { a: [platform, looked(['helper', 'weir'])], b: [looked(['helper'])] })
    expect(found).toMatchObject([
      {
        group: `${ARN} helper`,
        message: `the extension "helper" is in ${ARN}, and detections.allowedExtensions and WEIR_ALLOWED_EXTENSIONS do not name it`,
        evidence: {
          refusedBy: ['detections.allowedExtensions', 'WEIR_ALLOWED_EXTENSIONS'],
          registeredFor: ['INVOKE', 'SHUTDOWN'],
          sha256: ['ab12'],
        },
      },
    ])
    expect(found[0]?.events).toHaveLength(2)
  })

  it('lets a function narrow the list, and not widen it', async () => {
    const options = { allowedExtensions: ['helper', 'vendor-*'] }
    expect(await one(unknownExtension, looked(['helper']), options)).toMatchObject([
      { evidence: { extension: 'helper', refusedBy: ['WEIR_ALLOWED_EXTENSIONS'] } },
    ])
    const batch = { a: [registered('agent'), looked([])] }
    expect(await run(unknownExtension, batch, { options })).toMatchObject([
      { evidence: { extension: 'agent', refusedBy: ['detections.allowedExtensions'] } },
    ])
  })

  it('tells each extension of one look by itself', async () => {
    expect((await one(unknownExtension, looked(['a', 'b', 'a']))).map(({ group }) => group)).toEqual([`${ARN} a`, `${ARN} b`])
  })

  it.each<[string, unknown]>([
    ['no list', { registered: [{ name: 'helper' }], files: [] }],
    ['an empty list', { unlisted: [] }],
    ['only Weir on it', { unlisted: ['weir', ''] }],
    ['something else on it', { unlisted: [7, null, {}] }],
    ['no object', 'helper'],
  ])('finds nothing in a look with %s', async (_, record) => {
    expect(await one(unknownExtension, telemetry('weir.extensions', record))).toEqual([])
  })

  it('stands files that are none', async () => {
    const odd = telemetry('weir.extensions', { unlisted: ['x'], files: [null, 7, 'x', { name: 'x', sha256: {} }, { name: 'y' }] })
    expect(await one(unknownExtension, odd)).toMatchObject([{ evidence: { sha256: [] } }])
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
