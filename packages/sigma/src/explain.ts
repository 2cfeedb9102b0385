import { asKeyword, listed, shown, type Tried, tryValue } from './explain/value.ts'
import { type Held, leaves, lookup, whyMissing } from './explain/field.ts'
import { covers } from './logsource.ts'
import type { Rule } from './rule.ts'
import type { Condition, Detection, Item } from './tree.ts'
import type { LogSource, SigmaEvent } from './types.ts'

/** Why a rule matches an event, or does not. */
export interface Explanation {
  /** What the engine says. */
  readonly matches: boolean
  /** The rule on its own log source, and on each further one that it is bound to. */
  readonly bindings: readonly BindingResult[]
}

export interface BindingResult {
  readonly wanted: LogSource
  readonly has: LogSource
  /** Whether the event is of the wanted log source; the condition is told of either way. */
  readonly applies: boolean
  readonly condition: ConditionResult
}

export type ConditionResult =
  | { readonly kind: 'and' | 'or'; readonly holds: boolean; readonly items: readonly ConditionResult[] }
  | { readonly kind: 'not'; readonly holds: boolean; readonly item: ConditionResult }
  | { readonly kind: 'selection'; readonly holds: boolean; readonly name: string; readonly detection: DetectionResult }

export type DetectionResult =
  | { readonly kind: 'and' | 'or'; readonly holds: boolean; readonly items: readonly DetectionResult[] }
  | ItemResult

/** One line of a selection: a field, what is asked of it, and what it holds. */
export interface ItemResult {
  readonly kind: 'item'
  readonly holds: boolean
  /** Undefined for keywords, which are searched in the whole event. */
  readonly field: string | undefined
  /** What is asked, in words: `starts with "Delete" or "Stop"`. */
  readonly test: string
  /** Why it holds or does not: `text differs: got "CreateFunction"`. Values in it are cut. */
  readonly reason: string
}

/** How many of a field's values are told. */
const SHOWN_VALUES = 4

/**
 * Tries a rule on an event and tells of every part of it. It goes through the rule's tree by itself, slowly and whole, where the engine stops as soon
 * as it knows; the two always agree.
 */
export function explain(rule: Rule, event: SigmaEvent): Explanation {
  const root = rule.taxonomy === 'ocsf' ? event.ocsf : event.record
  const bindings = [rule, ...(rule.also ?? [])].map(
    ({ logsource, condition }): BindingResult => ({
      wanted: logsource,
      has: event.logsource,
      applies: covers(logsource, event.logsource),
      condition: ofCondition(condition, root),
    }),
  )
  return { matches: bindings.some(({ applies, condition }) => applies && condition.holds), bindings }
}

function ofCondition(condition: Condition, root: unknown): ConditionResult {
  const { kind } = condition
  if (kind === 'not') {
    const item = ofCondition(condition.item, root)
    return { kind, holds: !item.holds, item }
  }
  if (kind === 'selection') {
    const detection = ofDetection(condition.detection, root)
    return { kind, holds: detection.holds, name: condition.name, detection }
  }
  const items = condition.items.map(item => ofCondition(item, root))
  return { kind, holds: linked(kind, items), items }
}

function ofDetection(detection: Detection, root: unknown): DetectionResult {
  const { kind } = detection
  if (kind === 'item') return ofItem(detection.item, root)
  const items = detection.items.map(item => ofDetection(item, root))
  return { kind, holds: linked(kind, items), items }
}

const linked = (kind: 'and' | 'or', items: readonly { readonly holds: boolean }[]): boolean =>
  kind === 'and' ? items.every(({ holds }) => holds) : items.some(({ holds }) => holds)

function ofItem({ field, values, all, negated }: Item, root: unknown): ItemResult {
  const held = field === undefined ? wholeEvent(root) : lookup(root, field)
  const wanted = field === undefined ? values.map(asKeyword) : values
  const tried = wanted.map(value => tryValue(value, held, other => lookup(root, other)))
  const found = linked(all ? 'and' : 'or', tried)
  const holds = found !== negated
  const words = inWords(tried, all ? 'and' : 'or')
  return {
    kind: 'item',
    holds,
    field,
    test: negated ? `not: ${words}` : words,
    reason: found ? whyFound(tried, all, field, root) : whyNot(tried, all, field, held, root),
  }
}

function wholeEvent(root: unknown): Held {
  const values = leaves(root).map(({ value }) => value)
  return { found: values.length > 0, hasNull: false, values }
}

/** `equals "a" or "b"`, or where they ask different things, `equals "a" or contains "b"`. */
function inWords(tried: readonly Tried[], word: 'or' | 'and'): string {
  const [first] = tried
  const same = tried.every(({ verb }) => verb === first?.verb)
  const words = listed(
    tried.map(({ verb, operand }) => (same ? operand : `${verb} ${operand}`.trim())),
    word,
  )
  return same ? `${first?.verb ?? ''} ${words}`.trim() : words
}

function whyFound(tried: readonly Tried[], all: boolean, field: string | undefined, root: unknown): string {
  const held = tried.find(({ holds }) => holds)
  if (!held) return ''
  if (all && tried.length > 1) return 'each is found'
  if (held.by === undefined) return field !== undefined && !lookup(root, field).found ? 'it is missing' : ''
  const which = tried.length > 1 ? ` ${held.verb} ${held.operand}` : ''
  const place = field === undefined ? leaves(root).find(({ value }) => value === held.by)?.name : undefined
  return `${place === undefined ? '' : `${place}: `}${shown(held.by)}${which}`
}

function whyNot(tried: readonly Tried[], all: boolean, field: string | undefined, held: Held, root: unknown): string {
  if (field === undefined) {
    const missed = tried.filter(({ holds }) => !holds).map(({ operand }) => operand)
    return `nothing in the event ${all ? `contains ${listed(missed, 'or')}` : 'does'}`
  }
  if (!held.found) return whyMissing(root, field)
  if (held.values.length === 0) return held.hasNull ? 'it is null' : 'it is an empty list'
  const got = held.values.slice(0, SHOWN_VALUES).map(shown).join(', ')
  const rest = held.values.length - SHOWN_VALUES
  const missed = tried.filter(({ holds }) => !holds)
  const which =
    all && missed.length < tried.length
      ? ` lacks ${listed(
          missed.map(({ operand }) => operand),
          'and',
        )}`
      : ''
  const hint = missed.find(one => one.hint)?.hint
  return `got ${got}${rest > 0 ? ` and ${rest} more` : ''}${which}${hint ? `; ${hint}` : ''}`
}
