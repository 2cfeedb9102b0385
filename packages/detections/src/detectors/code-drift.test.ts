import { describe, expect, it } from 'vitest'
import { ARN, memoryState, run, telemetry } from '../../test/support.ts'
import type { DetectorEvent } from '../detector.ts'
import { codeDrift } from './code-drift.ts'

function code(
  digest: unknown,
  { version = '7', layers = 'l', sandbox = 's1', arn = ARN, signal = 'weir.code' } = {},
): DetectorEvent {
  const event = telemetry(signal, { digest, layers: { digest: layers } })
  return {
    ...event,
    record: { ...event.record, functionVersion: version },
    identity: { ...event.identity, function: arn, sandbox },
  }
}

describe('code drift', () => {
  it('tells of another tree of a version, once, with both digests', async () => {
    const state = memoryState()
    const batches = {
      a: [code('x')],
      b: [code('x', { sandbox: 's2' })],
      c: [code('y', { sandbox: 's3' })],
      d: [code('y')],
      e: [code('x')],
    }
    const found = await run(codeDrift, batches, { state })
    expect(found).toMatchObject([
      {
        group: `${ARN}:7`,
        window: 'y l',
        message: `${ARN}:7 runs other code in 1 sandboxes than it did before`,
        evidence: { before: 'x l', now: 'y l', sandboxes: ['s3'] },
      },
    ])
    expect(await run(codeDrift, batches, { state })).toEqual(found)
  })

  it('tells of other layers, and of two trees in one batch', async () => {
    expect(await run(codeDrift, { a: [code('x')], b: [code('x', { layers: 'other' })] })).toHaveLength(1)
    expect(await run(codeDrift, { a: [code('x'), code('y')] })).toHaveLength(1)
  })

  it.each([
    ['versions of one function', [code('x'), code('y', { version: '8' })]],
    ['$LATEST, which changes', [code('x', { version: '$LATEST' }), code('y', { version: '$LATEST' })]],
    ['functions', [code('x'), code('y', { arn: `${ARN}-2` })]],
    ['other signals', [code('x'), code('y', { signal: 'weir.inventory' })]],
    ['a digest and nothing', [code('x'), code(7)]],
  ])('does not compare %s', async (_, events) => {
    expect(await run(codeDrift, { a: events })).toEqual([])
  })

  it('remembers eight trees of a version, however long', async () => {
    const state = memoryState()
    const events = [...Array(500)].map((_, each) => code(`${each}${'x'.repeat(5_000)}`))
    expect(await run(codeDrift, { a: events }, { state })).toHaveLength(7)
    expect(state.size()).toBeLessThan(2_000)
  })
})
