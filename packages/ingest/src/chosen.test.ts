import { linkRules, parseRules, type RuleMeta, runRules } from '@weir/sigma'
import { describe, expect, it } from 'vitest'
import { choose } from './chosen.ts'

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
const pack = runRules(set, '0123456789abcdef')
const chosen = (disable: readonly string[], minLevel: 'informational' | 'medium' = 'informational') => {
  const { correlations, isHeard, notes } = choose(pack, { disable, minLevel })
  const titles = (of: readonly { meta: RuleMeta }[]) => of.map(({ meta }) => meta.title)
  const heard = [...pack.engine.rules, ...correlations].filter(({ meta }) => isHeard(meta))
  return { correlations: titles(correlations), heard: titles(heard), notes }
}

describe('choose', () => {
  it('runs all of a pack; what only feeds others is not heard', () => {
    expect(set.refused).toEqual([])
    expect(chosen([])).toEqual({
      correlations: ['Many failed', 'Failed, then worked'],
      heard: ['Worked', 'Alone', 'Many failed', 'Failed, then worked'],
      notes: [],
    })
  })

  it('keeps a correlation that another needs below the level, and its voice down', () => {
    expect(chosen([], 'medium')).toEqual({
      correlations: ['Many failed', 'Failed, then worked'],
      heard: ['Worked', 'Alone', 'Failed, then worked'],
      notes: [],
    })
  })

  it('does not hear a disabled rule that a correlation needs, and says that it runs', () => {
    const { heard, notes } = chosen([id(2)])
    expect(heard).toEqual(['Alone', 'Many failed', 'Failed, then worked'])
    expect(notes).toEqual([
      'rules.disable: "Worked" makes no findings, but runs all the same: the correlation "Failed, then worked" needs it; disable that one too',
    ])
  })

  it('leaves out a disabled correlation with all that only it needs', () => {
    expect(chosen([id(4), id(3)])).toEqual({ correlations: [], heard: ['Worked', 'Alone'], notes: [] })
    expect(chosen([id(5)]).heard).toEqual(['Worked', 'Many failed', 'Failed, then worked'])
  })
})
