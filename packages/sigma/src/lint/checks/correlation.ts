import { isMap } from '../../parse/detection.ts'
import type { Lint, Tell } from '../lint.ts'

type Fields = Readonly<Record<string, unknown>>

const onCorrelation =
  (check: (correlation: Fields, tell: Tell, written: Fields) => void): NonNullable<Lint['one']> =>
  ({ kind, written }, tell) => {
    const correlation = written['correlation']
    if (kind === 'correlation' && isMap(correlation))
      check(correlation, (path, what) => tell(['correlation', ...path], what), written)
  }

const listOf = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]).map(String)

/** Milliseconds. State is kept for each group as long as a window is; a week is what a DynamoDB table of counts stays small for. */
const LONG = 7 * 86_400_000

/** Correlations. What they name that is not there is refused before this. */
export const CORRELATIONS: readonly Lint[] = [
  {
    code: 'correlation-alone',
    severity: 'warning',
    about: 'A temporal correlation of one rule: it holds whenever the rule does.',
    mend: 'Name the other rules, or count with event_count.',
    one: onCorrelation(({ type, rules }, tell) => {
      if (String(type).startsWith('temporal') && new Set(listOf(rules)).size === 1)
        tell(['rules'], 'one rule is always in time with itself')
    }),
  },
  {
    code: 'correlation-trivial',
    severity: 'warning',
    about: 'A count that one event reaches, beside the findings of its rules or without group-by: it says what they say.',
    mend: 'Raise the threshold; to make one finding of many, name group-by and leave out generate.',
    one: onCorrelation((correlation, tell, written) => {
      const { type, condition } = correlation
      if (!/^(?:event|value)_count$/.test(String(type)) || !isMap(condition)) return
      // In place of its rules, and by group, it makes one finding of what repeats.
      const beside = correlation['generate'] === true || written['generate'] === true
      if (!beside && listOf(correlation['group-by']).length > 0) return
      const { gte, gt, eq, lt, lte } = condition
      if (lt !== undefined || lte !== undefined) return
      if ((typeof gte === 'number' && gte <= 1) || (typeof gt === 'number' && gt < 1) || eq === 1)
        tell(['condition'], 'one event is enough')
    }),
  },
  {
    code: 'correlation-long',
    severity: 'info',
    about: 'A timespan of more than a week: what is counted is kept as long, for each group.',
    mend: 'Take the shortest time in which the attack still shows.',
    one({ correlation }, tell) {
      if (correlation && correlation.timespan > LONG) tell(['correlation', 'timespan'], 'this is more than a week')
    },
  },
  {
    code: 'correlation-ungrouped',
    severity: 'info',
    about: 'A correlation without group-by: events of everyone are counted together.',
    mend: 'Group by who does it, such as the user or the address; switch this off where all of them are meant.',
    one: onCorrelation((correlation, tell) => {
      if (listOf(correlation['group-by']).length === 0) tell([], 'no group-by')
    }),
  },
  {
    code: 'correlation-own-group',
    severity: 'warning',
    about: 'A value_count of a field by which it groups: each group has one value.',
    mend: 'Count another field, or group by another.',
    one: onCorrelation((correlation, tell) => {
      const { type, condition } = correlation
      const counted = isMap(condition) ? listOf(condition['field']) : []
      if (type === 'value_count' && counted.length > 0 && counted.every(field => listOf(correlation['group-by']).includes(field)))
        tell(['condition'], `"${counted.join(', ')}" is in group-by`)
    }),
  },
  {
    code: 'alias-unused',
    severity: 'warning',
    about: 'An alias that neither group-by nor the condition names, or that is for a rule which the correlation does not name.',
    mend: 'Group by it, or remove it.',
    one: onCorrelation((correlation, tell) => {
      const { aliases, condition, rules } = correlation
      if (!isMap(aliases)) return
      const used = new Set([...listOf(correlation['group-by']), ...(isMap(condition) ? listOf(condition['field']) : [])])
      const named = new Set(listOf(rules))
      for (const [alias, fields] of Object.entries(aliases)) {
        if (!used.has(alias)) tell(['aliases', alias], `"${alias}" is not used`)
        for (const rule of isMap(fields) ? Object.keys(fields) : [])
          if (!named.has(rule)) tell(['aliases', alias, rule], `"${rule}" is not among the correlation's rules`)
      }
    }),
  },
]
