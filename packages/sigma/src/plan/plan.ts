import type { Rule } from '../rule.ts'
import type { LogSource } from '../types.ts'
import { type Question, questionOf } from './expression.ts'
import { Needs } from './need.ts'
import { type Predicate, PredicateTable } from './predicate.ts'
import { Programs } from './program.ts'

/**
 * All that is needed to find out which rules hold for one body of an event (`record` or `ocsf`), as JSON. What rules have in common is in
 * it once.
 */
export interface Plan {
  readonly fields: readonly string[]
  readonly predicates: readonly Predicate[]
  /** Every condition as jumps; see program.ts. */
  readonly code: readonly number[]
  readonly sources: readonly LogSource[]
  /** In the order of their rules. */
  readonly units: readonly Unit[]
}

/** A rule, or one binding of it, as it is tried on the events of a log source. */
export interface Unit {
  /** The rule's place among all rules. */
  readonly rule: number
  /** The log source's place in `sources`. */
  readonly source: number
  /** Where its program begins in `code`. */
  readonly start: number
  /** Predicates of which one must be true; empty when it must be tried on every event. */
  readonly needs: readonly number[]
}

/** What the rules of one taxonomy ask, and for each unit the question that its evidence is gathered from. */
export interface Planned {
  readonly plan: Plan
  readonly questions: readonly Question[]
}

/** Plans the rules of a taxonomy; each unit keeps its rule's place in `rules`. */
export function planRules(rules: readonly Rule[], taxonomy: Rule['taxonomy']): Planned {
  const table = new PredicateTable()
  const sources = new Map<string, number>()
  const written: LogSource[] = []
  const units = rules.flatMap((rule, at) =>
    rule.taxonomy === taxonomy
      ? [rule, ...(rule.also ?? [])].map(({ logsource, condition }) => ({
          rule: at,
          logsource,
          question: questionOf(condition, table),
        }))
      : [],
  )
  const questions = units.map(({ question }) => question)
  const needs = new Needs(questions, table.predicates, table.fields)
  const programs = new Programs(table)
  const place = ({ product, service, category }: LogSource): number => {
    const source = {
      ...(product !== undefined && { product }),
      ...(service !== undefined && { service }),
      ...(category !== undefined && { category }),
    }
    const key = JSON.stringify(source)
    let at = sources.get(key)
    if (at === undefined) sources.set(key, (at = written.push(source) - 1))
    return at
  }
  return {
    plan: {
      units: units.map(({ rule, logsource, question }) => ({
        rule,
        source: place(logsource),
        needs: needs.of(question) ?? [],
        start: programs.add(question),
      })),
      fields: table.fields,
      predicates: table.predicates,
      code: programs.code,
      sources: written,
    },
    questions,
  }
}
