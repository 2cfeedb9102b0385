import type { Condition, Detection, Item, Value } from '../../tree.ts'
import { coveredBy, Steps } from '../covers.ts'
import type { LintDetection, LintDocument, LintItem } from '../document.ts'
import type { Lint, Tell } from '../lint.ts'
import { triedOn } from '../tried.ts'
import { namesOf, TRUTH_LIMIT, type Truth, truthOf } from '../truth.ts'

const onDetection =
  (check: (detection: LintDetection, tell: Tell, document: LintDocument) => void): NonNullable<Lint['one']> =>
  (document, tell) => {
    if (document.detection) check(document.detection, tell, document)
  }

const truths = new WeakMap<LintDetection, Truth>()
function truth(detection: LintDetection): Truth | undefined {
  const known = truths.get(detection) ?? truthOf(detection.condition, detection.selections)
  if (known) truths.set(detection, known)
  return known
}

/** Tells it of the condition, at a name in it where it holds one. */
function tellCondition({ conditions }: LintDetection, tell: Tell, what: string, name?: string): void {
  const word = name === undefined ? undefined : new RegExp(`(?<![\\w-])${name.replaceAll(/[^\w-]/g, '\\$&')}(?![\\w-])`)
  const named = word && conditions.find(({ text }) => word.test(text))
  const { path, text } = named ?? conditions[0] ?? { path: ['detection'], text: '' }
  tell(path, what, named && word ? text.search(word) : undefined)
}

/** Conditions, and what selections do in them. */
export const CONDITIONS: readonly Lint[] = [
  {
    code: 'selection-unused',
    severity: 'warning',
    about: 'A selection that the condition does not name.',
    mend: 'Name it in the condition, or remove it.',
    one: onDetection(({ condition, selections }, tell) => {
      const used = namesOf(condition)
      for (const { name, path } of selections) if (!used.has(name)) tell(path, `"${name}" is not in the condition`)
    }),
  },
  {
    code: 'filter-not-negated',
    severity: 'warning',
    about: 'A selection named `filter…` that the condition uses without `not`: it asks for what it was meant to leave out.',
    mend: 'Write `not` before it, or give it another name.',
    one: onDetection((detection, tell, { kind }) => {
      if (kind !== 'rule') return
      for (const name of positives(detection.condition))
        if (/^filter/i.test(name)) tellCondition(detection, tell, `"${name}" is not negated`, name)
    }),
  },
  {
    code: 'meta-filter-not-negated',
    severity: 'warning',
    about:
      'A filter (meta rule) without negation. It is put into its rules as `(rule) and (filter)`, so it keeps what it describes.',
    mend: 'Write `condition: not selection` to leave out what the selection describes.',
    one: onDetection((detection, tell, { kind }) => {
      if (kind === 'filter' && !negates(detection.condition))
        tellCondition(detection, tell, 'the filter keeps only what its selections describe')
    }),
  },
  {
    code: 'condition-never',
    severity: 'error',
    about: `A condition that cannot hold, such as \`a and not a\`, also where one selection implies another (up to ${TRUTH_LIMIT} selections).`,
    mend: 'Take the contradiction out.',
    one: onDetection((detection, tell) => {
      if (truth(detection)?.verdict === 'never') tellCondition(detection, tell, 'no event can match')
    }),
  },
  {
    code: 'condition-always',
    severity: 'error',
    about: 'A condition that every event meets, such as `a or not a`.',
    mend: 'Say what the rule looks for.',
    one: onDetection((detection, tell) => {
      if (truth(detection)?.verdict === 'always') tellCondition(detection, tell, 'every event of the log source matches')
    }),
  },
  {
    code: 'selection-idle',
    severity: 'warning',
    about: 'A selection that changes nothing, because the condition decides without it or another selection implies it.',
    mend: 'Remove it, or mend the one that shadows it.',
    one: onDetection((detection, tell) => {
      for (const { name, because } of truth(detection)?.idle ?? []) {
        const at = detection.selections.find(selection => selection.name === name)
        tell(at?.path ?? detection.path, `"${name}" changes nothing${because ? `, for "${because}" covers the same events` : ''}`)
      }
    }),
  },
  {
    code: 'values-exclusive',
    severity: 'warning',
    about: 'Values of one field, joined by `and`, of which no single value meets all: only an array could.',
    mend: 'Join them by `or`, or put them into one list.',
    one: onDetection(exclusive),
  },
  {
    code: 'rule-unindexed',
    severity: 'warning',
    about:
      'A rule that the index cannot look up, as none of its necessary conditions is a value or a text: it is tried on every event of its log source that has a value in the field, or on all of them.',
    mend: 'Add what such an event always has, such as its event name or id.',
    one: ({ rule, detection }, tell) => {
      if (!rule || !detection) return
      const tried = triedOn(rule)
      if (tried === undefined) return
      const { path } = detection.conditions[0] ?? detection
      const fields = tried.map(field => (field === '' ? 'any text' : `"${field}"`)).join(' or ')
      tell(path, `tried on every event of the log source${fields ? ` that has ${fields}` : ''}: nothing else can be looked up`)
    },
  },
]

/** Names that stand under an even number of `not`. */
function positives(condition: Condition, positive = true, into: Set<string> = new Set()): Set<string> {
  if (condition.kind === 'selection') {
    if (positive) into.add(condition.name)
  } else if (condition.kind === 'not') positives(condition.item, !positive, into)
  else for (const item of condition.items) positives(item, positive, into)
  return into
}

function negates(condition: Condition): boolean {
  if (condition.kind === 'not') return true
  return condition.kind === 'selection' ? negatesItem(condition.detection) : condition.items.some(negates)
}

const negatesItem = (detection: Detection): boolean =>
  detection.kind === 'item'
    ? detection.item.negated || detection.item.values.some(value => value.kind === 'exists' && !value.exists)
    : detection.items.some(negatesItem)

function exclusive({ condition, selections }: LintDetection, tell: Tell): void {
  const places = new Map(selections.flatMap(({ items }) => items.map(each => [each.item, each] as const)))
  const byField = new Map<string, LintItem[]>()
  for (const item of needed(condition)) {
    const each = places.get(item)
    if (each && each.field !== '' && !each.item.negated && !each.item.all)
      byField.set(each.field, [...(byField.get(each.field) ?? []), each])
  }
  const steps = new Steps()
  for (const [field, all] of byField) {
    const first = all.find(({ item }) => item.values.every(isExact))
    if (!first) continue
    const apart = ({ item }: LintItem): boolean =>
      item.values.every(isLoose) && !first.item.values.some(value => coveredBy(item, value, steps))
    const wrong = all.find(apart)
    if (wrong && !steps.spent)
      tell(wrong.path, `no single value of "${field}" meets this and what stands beside it; only an array could`)
  }
}

/** Values of which `covers` is certain both ways about a whole text: patterns without case. */
const isLoose = (value: Value): boolean => value.kind === 'number' || (value.kind === 'string' && !value.bytes && !value.cased)

/** One text or number, whole. */
const isExact = (value: Value): boolean =>
  isLoose(value) && (value.kind !== 'string' || value.pattern.every(part => typeof part === 'string'))

/** The items that every match must meet. */
function* needed(condition: Condition): Generator<Item> {
  if (condition.kind === 'selection') yield* neededOf(condition.detection)
  else if (condition.kind === 'and') for (const item of condition.items) yield* needed(item)
}

function* neededOf(detection: Detection): Generator<Item> {
  if (detection.kind === 'item') yield detection.item
  else if (detection.kind === 'and') for (const item of detection.items) yield* neededOf(item)
}
