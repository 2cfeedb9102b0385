import { fieldNameError } from '../field-name.ts'
import { type Plan, type Unit } from '../plan/plan.ts'
import { KEYWORDS, type Predicate } from '../plan/predicate.ts'
import { FALSE, TRUE } from '../plan/program.ts'
import { tooLarge } from '../regex.ts'
import { type Pattern, wildcards, WILDCARDS_LIMIT } from '../values.ts'

/** A pack that cannot be taken: where in it, and why. */
export class PackError extends Error {
  constructor(place: string, reason: string) {
    super(`rule pack: ${place}: ${reason}`)
    this.name = 'PackError'
  }
}

type Map = Readonly<Record<string, unknown>>
export const isObject = (value: unknown): value is Map => typeof value === 'object' && value !== null && !Array.isArray(value)
export const isList = <T>(value: unknown, is: (entry: unknown) => entry is T): value is readonly T[] =>
  Array.isArray(value) && value.every(is)

export const isText = (value: unknown): value is string => typeof value === 'string'
export const isCount = (value: unknown, end: number): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < end

/** Refuses a plan in which something names what is not there, or that could run without an end. */
export function checkPlan(json: unknown, place: string, rules: number): Plan {
  if (!isObject(json)) throw new PackError(place, 'expected a plan')
  const { fields, predicates, code, sources, units } = json
  if (!isList(fields, isFieldName)) throw new PackError(`${place}.fields`, 'expected a list of names that a field may have')
  if (!Array.isArray(predicates)) throw new PackError(`${place}.predicates`, 'expected a list')
  predicates.forEach((predicate: unknown, id) => {
    const reason = predicateError(predicate, fields.length)
    if (reason) throw new PackError(`${place}.predicates[${id}]`, reason)
  })
  const known = predicates as readonly Predicate[]
  checkCode(code, known, `${place}.code`)
  if (!isList(sources, isObject)) throw new PackError(`${place}.sources`, 'expected a list of log sources')
  for (const source of sources)
    for (const key of ['product', 'service', 'category'])
      if (source[key] !== undefined && !isText(source[key])) throw new PackError(`${place}.sources`, `${key} must be a text`)
  if (!Array.isArray(units)) throw new PackError(`${place}.units`, 'expected a list')
  let previous = 0
  units.forEach((unit: unknown, at) => {
    const found =
      isObject(unit) &&
      isCount(unit['source'], sources.length) &&
      isCount(unit['rule'], rules) &&
      isStart(unit['start'], code) &&
      unit['rule'] >= previous
    if (!found || !isList(unit['needs'], isNeed)) throw new PackError(`${place}.units[${at}]`, 'names what is not there')
    previous = unit['rule'] as number
  })
  return json as unknown as Plan & { readonly units: readonly Unit[] }

  function isNeed(id: unknown): id is number {
    return isCount(id, known.length) && !['null', 'exists', 'part'].includes(known[id]?.[0] ?? 'null')
  }
}

const isStart = (at: unknown, code: readonly number[]): at is number =>
  at === FALSE || at === TRUE || (isCount(at, code.length) && at % 3 === 2)

const isFieldName = (value: unknown): value is string => isText(value) && !fieldNameError(value)

/** Steps lead back, so that runs end, and parts do not stand in parts. */
function checkCode(json: unknown, predicates: readonly Predicate[], place: string): asserts json is readonly number[] {
  if (!Array.isArray(json) || json.length % 3 !== 2) throw new PackError(place, 'expected steps of three numbers')
  const code = json as readonly unknown[]
  const inParts = new Uint8Array(code.length)
  for (let at = 2; at < code.length; at += 3) {
    const [id, yes, no] = [code[at], code[at + 1], code[at + 2]]
    const jumps = [yes, no].every(to => to === FALSE || to === TRUE || (isCount(to, at) && to % 3 === 2))
    if (!jumps || !isCount(id, predicates.length)) throw new PackError(`${place}[${at}]`, 'leads nowhere')
    const predicate = predicates[id]
    const isPart = predicate?.[0] === 'part'
    if (isPart) {
      const start = predicate[2]
      if (!isCount(start, at) || (start > TRUE && (start % 3 !== 2 || inParts[start] === 1)))
        throw new PackError(`${place}[${at}]`, 'names a part that is not written before it')
    }
    inParts[at] = isPart || inParts[yes as number] === 1 || inParts[no as number] === 1 ? 1 : 0
  }
}

/** Keywords are opened at both ends. */
const OPENED = 2
const isPattern = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every(part => isText(part) || part === 0 || part === 1 || part === 2) &&
  wildcards(value as Pattern) <= WILDCARDS_LIMIT + OPENED
const AFFIXES: readonly unknown[] = ['equals', 'starts', 'ends', 'contains']

type Check = (predicate: readonly unknown[], fields: number) => boolean

const ofText: Check = ([, , text]) => isText(text)
const ofPattern: Check = ([, , pattern]) => isPattern(pattern)

/** What stands behind the field, by the name of the test. */
const CHECKS: Readonly<Record<Predicate[0], Check>> = {
  equals: ofText,
  starts: ofText,
  ends: ofText,
  contains: ofText,
  glob: ofPattern,
  cased: ofPattern,
  regex: ([, , source, flags]) => isText(source) && !tooLarge(source) && isText(flags) && /^i?m?s?$/.test(flags),
  cidr: ([, , words, bits]) =>
    Array.isArray(words) &&
    (words.length === 4 || words.length === 8) &&
    words.every(word => isCount(word, 0x1_0000)) &&
    isCount(bits, 129),
  compare: ([, , op, number, part]) =>
    ['eq', 'lt', 'lte', 'gt', 'gte'].includes(String(op)) &&
    isText(number) &&
    ['', 'minute', 'hour', 'day', 'week', 'month', 'year'].includes(String(part)),
  fieldref: ([, , other, how], fields) => isCount(other, fields) && AFFIXES.includes(how),
  null: () => true,
  exists: ([, , exists]) => typeof exists === 'boolean',
  part: ([, field, start]) => field === KEYWORDS && Number.isInteger(start),
}

function predicateError(json: unknown, fields: number): string | undefined {
  if (!Array.isArray(json)) return 'expected a predicate'
  const [name, field] = json as readonly unknown[]
  const check = isText(name) && Object.hasOwn(CHECKS, name) ? CHECKS[name as Predicate[0]] : undefined
  if (!check) return 'is of no kind that this version knows'
  if (field !== KEYWORDS && !isCount(field, fields)) return 'names a field that is not there'
  return check(json, fields) ? undefined : 'is not what its kind asks for'
}

/** Refuses links of a correlation that do not fit its references. */
export function checkInputs(json: unknown, place: string, references: number): void {
  const names = (value: unknown): boolean => isList(value, isFieldName)
  const isInput = (input: unknown): input is Map =>
    isObject(input) &&
    isText(input['id']) &&
    isText(input['label']) &&
    (input['kind'] === 'rule' || input['kind'] === 'correlation') &&
    names(input['groupBy']) &&
    names(input['fields']) &&
    isList(input['names'], isEventNames)
  const isEventNames = (value: unknown): value is Map =>
    isObject(value) && isObject(value['source']) && isObject(value['fields']) && Object.values(value['fields']).every(names)
  if (!isList(json, isInput) || json.length !== references)
    throw new PackError(`${place}.inputs`, 'are not one a rule that it names')
}
