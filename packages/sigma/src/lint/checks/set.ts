import type { Condition, Detection } from '../../tree.ts'
import { sameAs } from '../covers.ts'
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
    all: (documents, tell) => {
      const number = numbering()
      const detects = ({ rule }: LintDocument): string | undefined =>
        rule &&
        JSON.stringify([
          rule.logsource.product,
          rule.logsource.service,
          rule.logsource.category,
          rule.dialect ?? rule.taxonomy,
          ofCondition(rule.condition, number),
        ])
      twice(detects, ['detection'], first => `${where(first)} detects the same`)(documents, tell)
    },
  },
]

/** Gives each text a number, so that what many conditions name is written once. */
function numbering(): (text: string) => number {
  const known = new Map<string, number>()
  return text => {
    const number = known.get(text) ?? known.size
    known.set(text, number)
    return number
  }
}

/** Conditions that have the same number match the same: the order of parts and values and the names of selections do not count. */
function ofCondition(condition: Condition, number: (text: string) => number, known = new Map<Detection, number>()): number {
  if (condition.kind === 'not') return number(`not ${ofCondition(condition.item, number, known)}`)
  if (condition.kind !== 'selection')
    return ofParts(
      condition.kind,
      condition.items.map(item => ofCondition(item, number, known)),
      number,
    )
  const found = known.get(condition.detection) ?? ofDetection(condition.detection, number)
  known.set(condition.detection, found)
  return found
}

function ofDetection(detection: Detection, number: (text: string) => number): number {
  if (detection.kind !== 'item')
    return ofParts(
      detection.kind,
      detection.items.map(item => ofDetection(item, number)),
      number,
    )
  const { field, all, negated, values } = detection.item
  return number(JSON.stringify([field, all, negated, [...new Set(values.map(sameAs))].sort()]))
}

function ofParts(kind: 'and' | 'or', parts: readonly number[], number: (text: string) => number): number {
  const different = [...new Set(parts)].sort((a, b) => a - b)
  const [only] = different
  return different.length === 1 && only !== undefined ? only : number(`${kind} ${different.join(' ')}`)
}
