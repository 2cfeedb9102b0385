import type { LintDocument } from '../document.ts'
import type { Lint } from '../lint.ts'

/** Tells of each document whose key another had before it. */
const twice = (
  key: (document: LintDocument) => string | undefined,
  path: readonly string[],
  what: (first: LintDocument) => string,
): NonNullable<Lint['all']> => {
  return (documents, tell) => {
    const seen = new Map<string, LintDocument>()
    for (const document of documents) {
      const name = document.kind === 'refused' ? undefined : key(document)
      if (name === undefined) continue
      const first = seen.get(name)
      if (first) tell(document, path, what(first))
      else seen.set(name, document)
    }
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
const where = ({ file, title }: LintDocument): string => `${title ? `"${title}" in ` : ''}${file}`

/** What only a look at several documents shows. */
export const SETS: readonly Lint[] = [
  {
    code: 'id-twice',
    severity: 'error',
    about: 'An `id` that another document has.',
    mend: 'Give the copy an id of its own.',
    all: twice(
      ({ written }) => textOf(written['id'])?.toLowerCase(),
      ['id'],
      first => `${where(first)} has this id`,
    ),
  },
  {
    code: 'name-twice',
    severity: 'error',
    about: 'A `name` that another document has: correlations and filters cannot tell them apart.',
    mend: 'Give one of them another name.',
    all: twice(
      ({ written }) => textOf(written['name']),
      ['name'],
      first => `${where(first)} has this name`,
    ),
  },
  {
    code: 'title-twice',
    severity: 'info',
    about: 'A title that another document has.',
    mend: 'Say what tells them apart.',
    all: twice(
      ({ written }) => textOf(written['title'])?.toLowerCase(),
      ['title'],
      first => `${first.file} has this title`,
    ),
  },
  {
    code: 'rule-twice',
    severity: 'warning',
    about: 'A rule with the detection of another on the same log source.',
    mend: 'Keep one, and name the other in its `related`.',
    all: twice(
      ({ kind, written }) =>
        kind === 'rule'
          ? JSON.stringify(canonical([written['logsource'], written['taxonomy'], written['detection']]))
          : undefined,
      ['detection'],
      first => `${where(first)} detects the same`,
    ),
  },
]

/** Without the order of keys and values, and without case. */
function canonical(value: unknown): unknown {
  if (typeof value === 'string') return value.toLowerCase()
  if (Array.isArray(value))
    return value
      .map(canonical)
      .map(each => JSON.stringify(each))
      .sort()
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'definition')
      .map(([key, each]) => [key, canonical(each)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}
