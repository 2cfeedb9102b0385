import { type Path, RuleError } from '../rule.ts'

const UNITS: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
])
/** A leap year: what is kept that long is a report, not a detection. */
const LONGEST = 366 * 86_400_000

/** Reads `timespan`, a number and a unit, as milliseconds. Throws RuleError. */
export function readTimespan(written: unknown): number {
  const path: Path = ['correlation', 'timespan']
  if (written === undefined || written === null)
    throw new RuleError(path, 'timespan is missing; write a number and a unit, such as 10m')
  const [, digits = '', letter = ''] = (typeof written === 'string' && /^(\d{1,9})([A-Za-z])$/.exec(written)) || []
  const unit = UNITS.get(letter)
  if (unit === undefined) {
    const hint =
      letter === 'M' || letter === 'y'
        ? 'months and years differ in length; write days'
        : 'write a number and s, m, h, d or w, such as 10m'
    throw new RuleError(path, `timespan: ${hint}`)
  }
  const timespan = Number(digits) * unit
  if (timespan < 1_000 || timespan > LONGEST) throw new RuleError(path, 'timespan: at least 1s and at most 366d')
  return timespan
}
