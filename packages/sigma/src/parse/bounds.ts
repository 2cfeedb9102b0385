import type { Bound, CorrelationRule, CorrelationType, Operator } from '../correlation/model.ts'
import { fieldNameError } from '../field-name.ts'
import { type Path, RuleError } from '../rule.ts'
import { own } from './metadata.ts'

type Map = Readonly<Record<string, unknown>>

/** The largest number of events, values or rules that a condition may ask for: a group's state holds not much more. */
export const COUNT_LIMIT = 2_000
const FIELDS_LIMIT = 8
const OPERATORS: readonly Operator[] = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq']
const COUNTS: ReadonlySet<CorrelationType> = new Set(['event_count', 'value_count', 'temporal', 'temporal_ordered'])
const PATH: Path = ['correlation', 'condition']

/** Reads the comparisons of a condition: one, or two that make a range. Throws RuleError. */
export function readBounds(condition: Map, type: CorrelationType): readonly Bound[] {
  const bounds: Bound[] = []
  for (const [key, value] of Object.entries(condition)) {
    if (key === 'field' || key === 'percentile') continue
    const op = OPERATORS.find(each => each === key)
    if (!op)
      throw new RuleError(
        [...PATH, key],
        `unknown key "${key.slice(0, 40)}"; write one of ${OPERATORS.join(', ')}, field, percentile`,
      )
    bounds.push({ op, value: readNumber(value, type, [...PATH, key]) })
  }
  if (bounds.length === 0) throw new RuleError(PATH, `condition compares with nothing; write one of ${OPERATORS.join(', ')}`)
  const lower = bounds.find(({ op }) => op === 'gt' || op === 'gte')
  const upper = bounds.find(({ op }) => op === 'lt' || op === 'lte')
  if (bounds.length > 2 || (bounds.length === 2 && !(lower && upper)))
    throw new RuleError(
      PATH,
      'condition takes one comparison, or a range of two: gt or gte, and lt or lte; chain correlations for more',
    )
  return bounds
}

function readNumber(value: unknown, type: CorrelationType, path: Path): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new RuleError(path, 'expected a number, without quotes')
  if (!COUNTS.has(type)) return value
  if (!Number.isInteger(value) || value < 0) throw new RuleError(path, `${type} is compared with whole numbers from 0 on`)
  if (value > COUNT_LIMIT) {
    throw new RuleError(
      path,
      `counts are exact up to ${COUNT_LIMIT}; count in steps: a correlation over a shorter timespan, and one that counts its findings`,
    )
  }
  return value
}

/** Reads `field`. Throws RuleError. */
export function readFields(condition: Map, type: CorrelationType): readonly string[] {
  const written = own(condition, 'field')
  const path: Path = [...PATH, 'field']
  if (!type.startsWith('value_')) {
    if (written !== undefined) throw new RuleError(path, `${type} reads no field; to count a field's values write value_count`)
    return []
  }
  const list: readonly unknown[] = Array.isArray(written) ? written : [written]
  if (written === undefined || written === null || list.length === 0)
    throw new RuleError(PATH, `field is missing: what ${type} reads`)
  if (list.length > (type === 'value_count' ? FIELDS_LIMIT : 1))
    throw new RuleError(path, type === 'value_count' ? `more than ${FIELDS_LIMIT} fields` : `${type} reads one field`)
  return list.map((field, i) => {
    if (typeof field !== 'string' || field === '' || field.length > 256)
      throw new RuleError(Array.isArray(written) ? [...path, i] : path, 'expected the name of a field, at most 256 characters')
    const error = fieldNameError(field)
    if (error) throw new RuleError(Array.isArray(written) ? [...path, i] : path, error)
    return field
  })
}

/** Reads `percentile`; the median is the 50th. Throws RuleError. */
export function readPercentile(condition: Map, type: CorrelationType): number | undefined {
  const written = own(condition, 'percentile')
  const path: Path = [...PATH, 'percentile']
  if (type === 'value_percentile') {
    if (written === undefined || written === null)
      throw new RuleError(PATH, 'percentile is missing: which one is compared, such as "percentile: 95"')
    if (typeof written !== 'number' || !(written >= 0 && written <= 100))
      throw new RuleError(path, 'percentile is a number from 0 to 100')
    return written
  }
  if (written !== undefined) throw new RuleError(path, `${type} takes no percentile; write value_percentile`)
  return type === 'value_median' ? 50 : undefined
}

/** Refuses bounds that no figure can keep. Throws RuleError. */
export function refuseImpossible({ type, bounds, references }: Pick<CorrelationRule, 'type' | 'bounds' | 'references'>): void {
  const ceiling = type === 'temporal' || type === 'temporal_ordered' ? references.length : Number.POSITIVE_INFINITY
  // A window begins with an event, so what is counted is there at least once.
  let low = COUNTS.has(type) ? 1 : Number.NEGATIVE_INFINITY
  let high = ceiling
  const step = COUNTS.has(type) ? 1 : 0
  for (const { op, value } of bounds) {
    if (op === 'gte' || op === 'eq') low = Math.max(low, value)
    if (op === 'gt') low = Math.max(low, value + step)
    if (op === 'lte' || op === 'eq') high = Math.min(high, value)
    if (op === 'lt') high = Math.min(high, value - step)
  }
  const strict = step === 0 && low === high && bounds.some(({ op }) => op === 'gt' || op === 'lt')
  if (low <= high && !strict) return
  const absent = COUNTS.has(type) && high < 1
  throw new RuleError(
    PATH,
    absent
      ? 'condition never holds: a window begins with an event. For what does not happen, write a temporal correlation with "a and not b"'
      : ceiling < low
        ? `condition never holds: there are only ${ceiling} rules`
        : 'condition never holds: no number keeps both bounds',
  )
}
