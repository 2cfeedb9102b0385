import { describe, expect, it } from 'vitest'
import { ACCOUNT, ARN, memoryState, NOON, run, trail } from '../../test/support.ts'
import type { DetectorEvent } from '../detector.ts'
import { weirLayerRemoved } from './weir-layer-removed.ts'

const WEIR = `arn:aws:lambda:eu-west-1:${ACCOUNT}:layer:weir-extension:4`
const TOOLS = `arn:aws:lambda:eu-west-1:${ACCOUNT}:layer:tools:1`
let clock = NOON
const change = (
  layers: unknown,
  more = {},
  { call = 'UpdateFunctionConfiguration20150331v2', name = 'orders', time = (clock += 1000) } = {},
): DetectorEvent => trail(`lambda:${call}`, { functionName: name, layers }, more, time)

describe('removal of the Weir layer', () => {
  it('tells which call left a function without it', async () => {
    const on = change([WEIR, TOOLS])
    const off = change([TOOLS])
    expect(await run(weirLayerRemoved, { a: [on], b: [off] })).toEqual([
      {
        group: `${ACCOUNT} eu-west-1 orders`,
        window: off.uid,
        message: "orders no longer carries Weir's layer",
        events: [off],
        evidence: { function: 'orders', layers: [TOOLS], account: ACCOUNT },
      },
    ])
  })

  it('sees it inside one batch, in an empty list, under the ARN, and again after it was put back', async () => {
    const batch = [change([WEIR]), change([], {}, { name: ARN }), change([WEIR], {}, { name: `${ARN}:7` }), change([TOOLS])]
    expect(await run(weirLayerRemoved, { a: batch })).toHaveLength(2)
  })

  it('learns of the layer from the answer to a change that did not touch it', async () => {
    const touched = change(undefined, { responseElements: { functionArn: ARN, layers: [{ arn: WEIR, codeSize: 1 }] } })
    expect(await run(weirLayerRemoved, { a: [touched], b: [change([])] })).toHaveLength(1)
  })

  it.each([
    ['a function that never had it', { a: [change([TOOLS])], b: [change([])] }],
    ['a new version of it', { a: [change([WEIR])], b: [change([WEIR.replace(':4', ':5')])] }],
    ['a change that says nothing of layers', { a: [change([WEIR])], b: [change(undefined)] }],
    ['a change that failed', { a: [change([WEIR])], b: [change([], { errorCode: 'ResourceConflictException' })] }],
    ['another function', { a: [change([WEIR])], b: [change([], {}, { name: 'billing' })] }],
    ['the same name in another account', { a: [change([WEIR])], b: [change([], { recipientAccountId: '444455556666' })] }],
    ['a function made anew', { a: [change([WEIR])], b: [change([], {}, { call: 'CreateFunction20150331' })] }],
    ['another call', { a: [change([WEIR])], b: [change([], {}, { call: 'UpdateFunctionCode20150331v2' })] }],
    ['a late event', { a: [change([WEIR])], b: [change([], {}, { time: NOON - 1 })] }],
  ])('ignores %s', async (_, batches) => {
    expect(await run(weirLayerRemoved, batches)).toEqual([])
  })

  it('answers a batch that comes again as it did the first time', async () => {
    const state = memoryState()
    const batches = { a: [change([WEIR])], b: [change([])] }
    const found = await run(weirLayerRemoved, batches, { state })
    expect(found).toHaveLength(1)
    expect(await run(weirLayerRemoved, batches, { state })).toEqual(found)
  })
})
