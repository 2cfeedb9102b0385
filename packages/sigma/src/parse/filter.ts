import type { Filter } from '../filter.ts'
import { type Locate, type ParseOptions, RuleError } from '../rule.ts'

/** Reads a document with `filter`. Throws RuleError. */
export function readFilter(
  _document: Readonly<Record<string, unknown>>,
  _file: string,
  _options: ParseOptions,
  _locate: Locate,
): Filter {
  throw new RuleError(['filter'], 'filters are not supported yet')
}
