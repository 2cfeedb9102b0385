import { CONDITIONS } from './checks/condition.ts'
import { CORRELATIONS } from './checks/correlation.ts'
import { METADATA } from './checks/metadata.ts'
import { REGEXES } from './checks/regex.ts'
import { SETS } from './checks/set.ts'
import { TAGS } from './checks/tags.ts'
import { VALUES } from './checks/values.ts'
import type { LintDocument } from './document.ts'
import type { Lint, Report } from './lint.ts'

export { type LintDocument, readLintDocuments } from './document.ts'
export { indexed } from './indexed.ts'
export { type Lint, type Report, SEVERITIES, type Severity } from './lint.ts'

const REFUSED: Lint = {
  code: 'refused',
  severity: 'error',
  about: 'A document that cannot be loaded; `weir rules check` says the same.',
  mend: 'The message says what is wrong.',
  one({ refused }, tell) {
    if (refused) tell([], refused.reason)
  },
}

/** Every lint, by what it looks at. */
export const LINTS: readonly Lint[] = [
  REFUSED,
  ...CONDITIONS,
  ...VALUES,
  ...REGEXES,
  ...METADATA,
  ...TAGS,
  ...CORRELATIONS,
  ...SETS,
]

/**
 * Looks documents over. Reports come by document in the order given, and by place within one. A document that is refused has that report
 * and no other.
 */
export function lint(documents: readonly LintDocument[], lints: readonly Lint[] = LINTS): Report[] {
  const found = new Map<LintDocument, Report[]>(documents.map(document => [document, []]))
  for (const { code, severity, mend, one, all } of lints) {
    const report = (document: LintDocument, path: readonly (string | number)[], message: string, offset?: number): void => {
      const { file, title, refused, place } = document
      const { line, column } = code === 'refused' && refused ? refused : place(path, offset)
      found.get(document)?.push({ code, severity, file, line, column, rule: title, message, mend })
    }
    if (one) for (const document of documents) one(document, (path, what, offset) => report(document, path, what, offset))
    all?.(documents, report)
  }
  return [...found.values()].flatMap(reports => reports.sort((a, b) => a.line - b.line || a.column - b.column))
}
