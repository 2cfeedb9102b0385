import { linkRules, parseRules } from '@weir/sigma'
import { describe, expect, it } from 'vitest'
import { chooseRules } from './chosen.ts'

const id = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`
const set = linkRules([
  parseRules(
    `title: Failed
id: ${id(1)}
name: failed
level: low
logsource: { product: test }
detection: { selection: { what: failed }, condition: selection }
---
title: Worked
id: ${id(2)}
name: worked
level: high
logsource: { product: test }
detection: { selection: { what: worked }, condition: selection }
---
title: Many failed
id: ${id(3)}
name: many
level: low
correlation: { type: event_count, rules: [failed], group-by: [user], timespan: 5m, condition: { gte: 3 } }
---
title: Failed, then worked
id: ${id(4)}
level: high
correlation: { type: temporal_ordered, rules: [many, worked], group-by: [user], timespan: 5m }
generate: true
---
title: Alone
id: ${id(5)}
level: high
logsource: { product: test }
detection: { selection: { what: alone }, condition: selection }
`,
    'set.yml',
  ),
])
const choose = (disable: readonly string[], minLevel: 'informational' | 'medium' = 'informational') => {
  const { rules, correlations, silent, notes } = chooseRules(set, { disable, minLevel })
  const titles = (of: readonly { meta: { title: string } }[]) => of.map(({ meta }) => meta.title)
  return { rules: titles(rules), correlations: titles(correlations), silent: [...silent].toSorted(), notes }
}

describe('chooseRules', () => {
  it('runs all of a set; what only feeds others is silent', () => {
    expect(set.refused).toEqual([])
    expect(choose([])).toEqual({
      rules: ['Failed', 'Worked', 'Alone'],
      correlations: ['Many failed', 'Failed, then worked'],
      silent: [id(1)],
      notes: [],
    })
  })

  it('keeps what a correlation needs below the level, and its voice down', () => {
    expect(choose([], 'medium')).toMatchObject({ rules: ['Failed', 'Worked', 'Alone'], silent: [id(1), id(3)], notes: [] })
  })

  it('keeps a disabled rule that a correlation needs, silent, and says so', () => {
    const chosen = choose([id(2)])
    expect(chosen).toMatchObject({ rules: ['Failed', 'Worked', 'Alone'], silent: [id(1), id(2)] })
    expect(chosen.notes).toEqual([
      'rules.disable: "Worked" makes no findings, but runs all the same: the correlation "Failed, then worked" needs it; disable that one too',
    ])
  })

  it('leaves out a disabled correlation with all that only it needs', () => {
    expect(choose([id(4), id(3)])).toEqual({ rules: ['Worked', 'Alone'], correlations: [], silent: [], notes: [] })
    expect(choose([id(5)]).rules).toEqual(['Failed', 'Worked'])
  })
})
