import type { CorrelationRule } from '../correlation/model.ts'
import { type Locate, RuleError } from '../rule.ts'

/** Reads a document with `correlation`. Throws RuleError. */
export function readCorrelation(_document: Readonly<Record<string, unknown>>, _file: string, _locate: Locate): CorrelationRule {
  throw new RuleError(['correlation'], 'correlation rules are not supported yet')
}
