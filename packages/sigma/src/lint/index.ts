import { CONDITIONS } from './checks/condition.ts'
import { CORRELATIONS } from './checks/correlation.ts'
import { METADATA } from './checks/metadata.ts'
import { REGEXES } from './checks/regex.ts'
import { SETS } from './checks/set.ts'
import { TAGS } from './checks/tags.ts'
import { VALUES } from './checks/values.ts'
import type { Path } from '../rule.ts'
import type { LintDocument } from './document.ts'
import type { Lint, Report } from './lint.ts'

export { type LintDocument, readLintDocuments, unreadDocument } from './document.ts'
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
export const lint = (documents: readonly LintDocument[], lints: readonly Lint[] = LINTS): Report[] =>
  [...lintEach(documents, lints)].flat()

/** The reports of one document after the other, for whom may be stopped between two: a large one takes about a second. */
export function* lintEach(documents: readonly LintDocument[], lints: readonly Lint[] = LINTS): Generator<Report[]> {
  const among = new Map<LintDocument, Report[]>(documents.map(document => [document, []]))
  for (const lint of lints)
    lint.all?.(documents, (document, path, what) => among.get(document)?.push(reportOf(lint, document, path, what)))
  for (const document of documents) {
    const found = lints.flatMap(lint => {
      const reports: Report[] = []
      lint.one?.(document, (path, what, offset) => reports.push(reportOf(lint, document, path, what, offset)))
      return reports
    })
    found.push(...(among.get(document) ?? []))
    yield found.sort((a, b) => a.line - b.line || a.column - b.column)
  }
}

function reportOf({ code, severity, mend }: Lint, document: LintDocument, path: Path, message: string, offset?: number): Report {
  const { file, title, refused, place } = document
  const { line, column } = code === 'refused' && refused ? refused : place(path, offset)
  return { code, severity, file, line, column, rule: title, message, mend }
}
