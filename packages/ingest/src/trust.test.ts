import { describe, expect, it } from 'vitest'
import { testOrigin } from './sources/testing/records.ts'
import { memoryState } from './state/memory.ts'
import { type Claim, examineClaims } from './trust.ts'

const claim = (sequence: number, digest: string, more: Partial<Claim> = {}): Claim => ({
  id: `in#${sequence}`,
  digest,
  sandbox: 'aa'.repeat(16),
  sequence,
  functionArn: 'arn:aws:lambda:eu-west-1:111122223333:function:f',
  ...more,
})

function setUp(accounts: readonly string[] = ['*']) {
  const state = memoryState()
  return (id: string, ...claims: readonly Claim[]) => examineClaims(claims, { ...testOrigin(), accounts, id }, state, 1)
}
const said = (events: Awaited<ReturnType<typeof examineClaims>>) =>
  events.map(({ record }) => (record as { readonly detail: string }).detail)

describe('what the batches of an input claim', () => {
  it('is contradicted by what the sandbox sent before, and by one another', async () => {
    const examine = setUp()
    expect(await examine('1', claim(1, 'a'), claim(2, 'b'))).toEqual([])
    expect(said(await examine('2', claim(1, 'a'), claim(2, 'c'), claim(1, 'd')))).toEqual([
      'two different batches carry sequence 2 of one sandbox',
    ])
    expect(said(await examine('3', claim(5, 'a'), claim(5, 'b')))).toEqual([
      'two different batches carry sequence 5 of one sandbox',
    ])
    expect(await examine('4', claim(1, 'x', { sandbox: 'bb'.repeat(16) }))).toEqual([])
  })

  it('is found again on redelivery, and looked at anew where more of it opens', async () => {
    const examine = setUp()
    await examine('1', claim(2, 'b'))
    const first = await examine('2', claim(2, 'c'))
    const uids = (events: typeof first) => events.map(({ uid }) => uid)
    expect(first).toHaveLength(1)
    expect(uids(await examine('2', claim(2, 'c')))).toEqual(uids(first))
    expect(await examine('3', claim(7, 'x'))).toEqual([])
    await examine('3', claim(7, 'x'), claim(8, 'y'))
    expect(await examine('4', claim(8, 'z'))).toHaveLength(1)
  })

  it('keeps what came last, however many others the sandbox sent', async () => {
    const examine = setUp()
    await examine('1', ...Array.from({ length: 1_000 }, (_, index) => claim(index + 1_000, 'a')))
    await examine('2', claim(1, 'a'))
    expect(await examine('3', claim(1, 'b'))).toHaveLength(1)
    expect(await examine('4', claim(1_999, 'b'))).toHaveLength(1)
  })

  it('names a stranger once for each sandbox', async () => {
    const examine = setUp(['999999999999'])
    const events = await examine('1', claim(1, 'a'), claim(2, 'b'), claim(1, 'a', { sandbox: 'bb'.repeat(16) }))
    expect(said(events).join()).toMatch(/^(a batch claims a function of an account that may not write to this stream,?){2}$/)
  })
})
