// Random correlation documents for the comparison with pySigma: sound ones, each with a mistake or two.
import { Chance } from './pysigma-rules.ts'

/** Three rules and one or two correlations of them, as parsed YAML. */
export function correlationsOf(seed: number, index: number): readonly object[] {
  const chance = new Chance(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0xc2b2ae35))
  const chained = chance.is(0.2)
  const first = correlation(chance, chained ? 0.3 : 1, [])
  return correlationSet(chained ? [first, correlation(chance, 1, ['first'])] : [first])
}

/** What stands under `correlation`, as documents beside the rules a, b and c_1; the first is called `first`. */
export const correlationSet = (correlations: readonly object[]): readonly object[] => [
  ...RULES,
  ...correlations.map((correlation, i) => ({ title: `Correlation ${i}`, ...(i === 0 ? { name: 'first' } : {}), correlation })),
]

const RULES = ['a', 'b', 'c_1'].map((name, i) => ({
  title: name,
  name,
  id: `0000000${i}-0000-4000-8000-000000000000`,
  logsource: { product: 'test' },
  detection: { sel: { f: i }, condition: 'sel' },
}))

const TYPES = [
  'event_count',
  'value_count',
  'temporal',
  'temporal_ordered',
  'value_sum',
  'value_avg',
  'value_percentile',
  'value_median',
] as const
const ODD_TYPES = ['event_sum', 'Event_Count', 'TEMPORAL', '', 5, null, 'temporal_extended'] as const
const TIMESPANS = ['10s', '5m', '1h', '30d', '2w'] as const
const ODD_TIMESPANS = ['1h30m', '0s', '-1m', '5', 5, null, '1.5h', '5 m', '1M', '1y', '5x', ''] as const
const CONDITIONS = ['a and b', 'a or (b and c_1)', 'a and not b', 'not a and b', '(a)', 'a and b and c_1'] as const
const ODD_CONDITIONS = ['a and', 'a b', '', 'a and d', 'not a', 'a AND b', 'all of them', '(a', 'a and not a'] as const
const OPERATORS = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const

/** `odds` is how likely mistakes are. */
function correlation(chance: Chance, odds: number, more: readonly string[]): Record<string, unknown> {
  const odd = (): boolean => chance.is(0.06 * odds)
  const type = chance.pick(TYPES)
  const temporal = type.startsWith('temporal')
  const written = temporal && chance.is(0.4)
  const rules =
    more.length > 0
      ? [...more, 'a']
      : chance.pick([['a'], ['a', 'b'], ['a', 'b', 'c_1'], ['b', '00000000-0000-4000-8000-000000000000']])
  const out: Record<string, unknown> = {
    type: odd() ? chance.pick<unknown>(ODD_TYPES) : type,
    rules: odd() ? chance.pick<unknown>([[], 'a', ['nobody'], null, ['a', 'a'], [5], 'nobody', {}, ['first']]) : rules,
    'group-by': odd()
      ? chance.pick<unknown>([[], null, 'user', [5], {}, [''], ['user', 'user'], 5])
      : chance.pick([['user'], ['user', 'host.name']]),
    timespan: odd() ? chance.pick<unknown>(ODD_TIMESPANS) : chance.pick(TIMESPANS),
  }
  if (written) {
    const condition = odd() ? chance.pick(ODD_CONDITIONS) : chance.pick(CONDITIONS)
    out['condition'] = condition
    if (more.length === 0) out['rules'] = chance.is(0.9) ? [...new Set(condition.match(/\b(a|b|c_1)\b/g))] : out['rules']
  } else if (!temporal || chance.is(0.5)) out['condition'] = bounds(chance, type, odd)
  if (odd()) out['condition'] = chance.pick<unknown>([null, {}, 'a', 5, [], { field: 'v' }, { gte: 1, unknown: 2 }])
  if (chance.is(0.1)) out['generate'] = odd() ? chance.pick<unknown>(['yes', 1, null]) : chance.is(0.5)
  if (chance.is(0.15)) out['aliases'] = aliases(chance, odd, out['rules'])
  if (odd()) delete out[chance.pick(Object.keys(out) as [string, ...string[]])]
  if (odd()) out[chance.pick(['timeframe', 'ordered', 'name'])] = chance.pick<unknown>([true, '5m'])
  return out
}

function bounds(chance: Chance, type: string, odd: () => boolean): Record<string, unknown> {
  const valued = type.startsWith('value')
  return {
    [chance.pick(OPERATORS)]: odd() ? chance.pick<unknown>(['5', 'many', null, -1, 1.5, true, [1]]) : 1 + chance.below(5),
    ...(odd() ? { [chance.pick(OPERATORS)]: 7 } : {}),
    ...(valued !== odd() ? { field: odd() ? chance.pick<unknown>([['v', 'w'], 5, '', null, []]) : 'v' } : {}),
    ...((type === 'value_percentile') !== odd()
      ? { percentile: odd() ? chance.pick<unknown>([0, 101, -1, '50', 'x', 99.5]) : 90 }
      : {}),
  }
}

function aliases(chance: Chance, odd: () => boolean, rules: unknown): unknown {
  if (odd())
    return chance.pick<unknown>([[], 'x', { user: 'a' }, { user: { nobody: 'f' } }, { user: {} }, { user: { a: 5 } }, {}])
  const names = Array.isArray(rules) ? (rules as readonly unknown[]) : [rules]
  return { user: Object.fromEntries(names.map(name => [String(name), 'src'])) }
}
