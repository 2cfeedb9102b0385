import type { Expression, Question } from '../plan/expression.ts'
import type { Plan } from '../plan/plan.ts'
import { KEYWORDS } from '../plan/predicate.ts'
import { LEVELS } from '../types.ts'
import { isCount, isList, isObject, isText, PackError } from './check.ts'
import type { RuleText } from './data.ts'

/** How deep a condition or a selection may be nested: evidence is gathered by functions that call themselves. */
const DEEPEST = 256

/** Reads what a match tells of its rule; its questions are read by `readQuestion`. Throws PackError. */
export function readRule(text: string, at: number): RuleText {
  const place = `rules[${at}]`
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new PackError(place, 'is no JSON')
  }
  if (!isObject(json) || !isObject(json['rule']) || !isList(json['questions'], isObject))
    throw new PackError(place, 'expected a rule and its questions')
  const { meta, name, logsource, taxonomy, fields, file } = json['rule']
  const whole =
    isMeta(meta) &&
    isOptional(name) &&
    isObject(logsource) &&
    ['product', 'service', 'category'].every(key => isOptional(logsource[key])) &&
    (taxonomy === 'sigma' || taxonomy === 'ocsf') &&
    isList(fields, isText) &&
    isText(file)
  if (!whole) throw new PackError(place, 'lacks what a finding tells of its rule')
  return json as unknown as RuleText
}

/** Reads what one binding of a rule asks. Throws PackError when it names what the plan does not have, or has no end. */
export function readQuestion(json: unknown, plan: Plan, place: string): Question {
  const selections = isObject(json) ? json['selections'] : undefined
  const whole =
    isObject(json) &&
    isList(selections, isObject) &&
    selections.every(({ name, detection }) => isText(name) && isExpression(detection, plan, 0, DEEPEST)) &&
    isExpression(json['condition'], plan, selections.length, DEEPEST)
  if (!whole) throw new PackError(place, 'asks for what is not there')
  return json as unknown as Question
}

/** Selections stand in conditions only, so that none can ask for itself. */
function isExpression(json: unknown, plan: Plan, selections: number, depth: number): json is Expression {
  if (!isObject(json) || depth === 0) return false
  const isInner = (inner: unknown): inner is Expression => isExpression(inner, plan, selections, depth - 1)
  const isPredicate = (id: unknown): id is number => isCount(id, plan.predicates.length)
  switch (json['kind']) {
    case 'and':
    case 'or':
      return isList(json['items'], isInner)
    case 'not':
      return isInner(json['item'])
    case 'selection':
      return isCount(json['at'], selections)
    case 'item':
      return (
        (json['field'] === KEYWORDS || isCount(json['field'], plan.fields.length)) &&
        typeof json['negated'] === 'boolean' &&
        typeof json['all'] === 'boolean' &&
        isList(json['values'], ids => isList(ids, isPredicate))
      )
    default:
      return false
  }
}

const isOptional = (value: unknown): boolean => value === undefined || isText(value)

function isMeta(meta: unknown): boolean {
  return (
    isObject(meta) &&
    isText(meta['id']) &&
    isText(meta['title']) &&
    (LEVELS as readonly unknown[]).includes(meta['level']) &&
    ['status', 'description', 'author', 'license'].every(key => isOptional(meta[key])) &&
    ['references', 'falsepositives', 'tags'].every(key => meta[key] === undefined || isList(meta[key], isText))
  )
}
