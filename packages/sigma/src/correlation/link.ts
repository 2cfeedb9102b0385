import { covers } from '../logsource.ts'
import { eventNames, type FieldMapping } from '../mapping.ts'
import { byReference } from '../reference.ts'
import { type Path, type Refusal, type Rule, RuleError } from '../rule.ts'
import type { CorrelationRule, EventNames, Input } from './model.ts'

/** How many correlations may stand on one another. */
export const CHAIN_LIMIT = 10

/** Correlations whose references are found, in an order in which each stands behind those it names. */
export interface LinkedCorrelations {
  readonly correlations: readonly CorrelationRule[]
  /** Ids of rules that only feed correlations (`generate: false`): their matches are no findings. */
  readonly silent: ReadonlySet<string>
  readonly refused: readonly Refusal[]
}

/** Finds the rules that correlations name, and refuses those that name none, or each other in a circle. */
export function linkCorrelations(
  rules: readonly Rule[],
  correlations: readonly CorrelationRule[],
  mappings: readonly FieldMapping[] = [],
): LinkedCorrelations {
  const linker = new Linker(rules, correlations)
  for (const correlation of correlations) linker.link(correlation)
  const linked = withCarried(linker.linked).map(each => withNames(each, rules, mappings))
  return { correlations: linked, silent: silentIds(linked), refused: linker.refused }
}

/** Ids of what only feeds correlations: none of those that name it says `generate: true`. */
export function silentIds(correlations: readonly CorrelationRule[]): ReadonlySet<string> {
  const loud = new Set<string>()
  const silent = new Set<string>()
  for (const { generate, inputs } of correlations) for (const { id } of inputs) (generate ? loud : silent).add(id)
  for (const id of loud) silent.delete(id)
  return silent
}

interface Placed {
  readonly rule: CorrelationRule
  readonly depth: number
}

class Linker {
  readonly linked: CorrelationRule[] = []
  readonly refused: Refusal[] = []
  readonly #rule: (reference: string) => Rule | undefined
  readonly #correlation: (reference: string) => CorrelationRule | undefined
  /** What each came to; undefined while it is looked at, or when it is refused. */
  readonly #done = new Map<CorrelationRule, Placed | undefined>()
  /** The correlations that led to the one that is looked at. */
  readonly #trail: CorrelationRule[] = []

  constructor(rules: readonly Rule[], correlations: readonly CorrelationRule[]) {
    this.#rule = byReference(rules)
    this.#correlation = byReference(correlations)
  }

  link(rule: CorrelationRule): Placed | undefined {
    if (this.#done.has(rule)) return this.#done.get(rule)
    this.#trail.push(rule)
    this.#done.set(rule, undefined)
    try {
      const placed = this.#place(rule)
      this.#done.set(rule, placed)
      this.linked.push(placed.rule)
      return placed
    } catch (error) {
      if (!(error instanceof RuleError)) throw error
      this.refused.push({ file: rule.file, ...rule.locate(error.path), rule: rule.meta.title, reason: error.message })
      return undefined
    } finally {
      this.#trail.pop()
    }
  }

  #place(rule: CorrelationRule): Placed {
    let depth = 1
    const inputs = rule.references.map((reference, i) => {
      const path: Path = ['correlation', 'rules', i]
      const target = this.#rule(reference)
      if (target) return inputOf(rule, reference, 'rule', target)
      const chained = this.#correlation(reference)
      if (!chained)
        throw new RuleError(path, `no rule has the id or name "${reference}", or it was refused; load it with this correlation`)
      this.#refuseCircle(chained, path)
      const placed = this.link(chained)
      if (!placed) throw new RuleError(path, `"${reference}" is a correlation that was refused itself; mend that one`)
      depth = Math.max(depth, placed.depth + 1)
      if (depth > CHAIN_LIMIT) throw new RuleError(path, `more than ${CHAIN_LIMIT} correlations stand on one another`)
      return inputOf(rule, reference, 'correlation', chained)
    })
    const twice = inputs.findIndex(({ id }, i) => inputs.findIndex(other => other.id === id) !== i)
    if (twice >= 0)
      throw new RuleError(['correlation', 'rules', twice], 'this rule stands twice, by its id and by its name; remove one')
    return { rule: { ...rule, inputs }, depth }
  }

  #refuseCircle(target: CorrelationRule, path: Path): void {
    const from = this.#trail.indexOf(target)
    if (from < 0) return
    const circle = [...this.#trail.slice(from), target].map(({ meta }) => `"${meta.title}"`).join(' \u2192 ')
    throw new RuleError(path, `correlations name each other in a circle: ${circle}`)
  }
}

function inputOf(rule: CorrelationRule, reference: string, kind: Input['kind'], { meta, name }: Rule | CorrelationRule): Input {
  const resolve = (field: string): string => {
    const called = resolved(rule, reference, field)
    if (called !== undefined) return called
    throw new RuleError(
      ['correlation', 'aliases', field],
      `alias "${field}" does not say what it is in "${reference}"; add a line for it`,
    )
  }
  const groupBy = rule.groupBy.map(resolve)
  const fields = rule.fields.map(resolve)
  return { id: meta.id, kind, label: name ?? meta.title, groupBy, fields, carries: [], names: [] }
}

/** What a field is called in a rule's events: itself, unless it is an alias; undefined where the alias does not say. */
function resolved({ aliases }: CorrelationRule, reference: string, field: string): string | undefined {
  const alias = Object.hasOwn(aliases, field) ? aliases[field] : undefined
  if (!alias) return field
  return Object.hasOwn(alias, reference) ? alias[reference] : undefined
}

/**
 * A correlation groups by its own fields, whatever those that it names group by. So these keep of their events what it asks for, and so down to
 * the rules. It follows from the links alone, so a pack need not hold it.
 */
export function withCarried(linked: readonly CorrelationRule[]): readonly CorrelationRule[] {
  const asked = new Map<string, Set<string>>(linked.map(({ meta }) => [meta.id, new Set()]))
  const out: CorrelationRule[] = []
  for (const rule of linked.toReversed()) {
    const carries = [...(asked.get(rule.meta.id) ?? [])].filter(field => !rule.groupBy.includes(field)).sort()
    const inputs = rule.inputs.map((input, i): Input => {
      const own = carries.map(field => resolved(rule, rule.references[i] ?? '', field) ?? field)
      for (const field of [...input.groupBy, ...input.fields, ...own]) asked.get(input.id)?.add(field)
      return { ...input, carries: own }
    })
    out.push({ ...rule, inputs, carries })
  }
  return out.reverse()
}

function withNames(rule: CorrelationRule, rules: readonly Rule[], mappings: readonly FieldMapping[]): CorrelationRule {
  if (mappings.length === 0) return rule
  const byId = new Map(rules.map(each => [each.meta.id, each]))
  return {
    ...rule,
    inputs: rule.inputs.map(input => {
      const target = byId.get(input.id)
      return target
        ? { ...input, names: namesOf(target, mappings, [...input.groupBy, ...input.fields, ...input.carries]) }
        : input
    }),
  }
}

/** What the fields are called in events of each log source that mappings speak of, the narrowest log source first. */
function namesOf(rule: Rule, mappings: readonly FieldMapping[], fields: readonly string[]): readonly EventNames[] {
  const sources = new Map(
    mappings
      .filter(({ rules }) => covers(rules, rule.logsource))
      .map(({ events = rule.logsource }) => [JSON.stringify(events), events] as const),
  )
  return [...sources.values()]
    .map((source): EventNames => {
      const names = eventNames(rule, mappings, source)
      return { source, fields: Object.fromEntries(fields.map(field => [field, names(field)])) }
    })
    .sort((a, b) => Object.keys(b.source).length - Object.keys(a.source).length)
}
