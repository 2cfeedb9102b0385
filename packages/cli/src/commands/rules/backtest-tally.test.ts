import type { Event } from '@weir/ingest'
import type { Match, RuleMeta } from '@weir/sigma'
import { describe, expect, it } from 'vitest'
import { GROUPS_LIMIT, Tally } from './backtest-tally.ts'

const meta: RuleMeta = { id: 'id', title: 'A rule', level: 'low' }
const hit = (tally: Tally, account: string, time = 0): void =>
  tally.event({ fields: {} } as Match, { uid: `${time}`, time, source: 's', identity: { account } } as unknown as Event, 'f')

describe('Tally', () => {
  it('tells groups apart up to a limit, and then only that there are more', () => {
    const tally = new Tally({ meta, file: 'a.yml' }, 'rule', 3)
    for (let n = 0; n < GROUPS_LIMIT; n++) hit(tally, `account ${n}`)
    hit(tally, 'account 0')
    expect([tally.groups, tally.moreGroups, tally.hits]).toEqual([GROUPS_LIMIT, false, GROUPS_LIMIT + 1])
    hit(tally, 'one more')
    hit(tally, 'another')
    expect([tally.groups, tally.moreGroups, tally.hits]).toEqual([GROUPS_LIMIT, true, GROUPS_LIMIT + 3])
  })

  it('shows different groups before repetitions, and keeps no more than it shows', () => {
    const tally = new Tally({ meta, file: 'a.yml' }, 'rule', 3)
    for (const [time, account] of ['a', 'a', 'a', 'b', 'a'].entries()) hit(tally, account, time)
    expect(tally.samples.map(({ about, time }) => [about, time])).toEqual([
      ['a', 0],
      ['b', 3],
      ['a', 1],
    ])
    expect([tally.first, tally.last]).toEqual([0, 4])
  })
})
