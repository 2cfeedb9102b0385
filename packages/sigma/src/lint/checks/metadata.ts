import type { Lint, Tell } from '../lint.ts'
import type { LintDocument } from '../document.ts'

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i
const STATUSES = ['stable', 'test', 'experimental', 'deprecated', 'unsupported']
const RELATIONS = ['derived', 'obsolete', 'merged', 'renamed', 'similar', 'correlation']
/** Longer titles are cut in the lists of SIEMs; the specification's limit is 256. */
const TITLE = 120
/** Log sources that Sigma names by category alone. */
const WITHOUT_PRODUCT = new Set(['antivirus', 'application', 'database', 'dns', 'firewall', 'proxy', 'vpn', 'webserver'])

const missing = (key: string, severity: Lint['severity'], about: string, mend: string): Lint => ({
  code: `missing-${key}`,
  severity,
  about,
  mend,
  one({ kind, written }, tell) {
    if (kind === 'refused') return
    // A filter makes no finding of its own.
    if (kind === 'filter' && key !== 'id' && key !== 'description') return
    const value = written[key]
    if (value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0))
      tell(['title'], `${key} is missing`)
  },
})

/** What a person is told of a rule. */
export const METADATA: readonly Lint[] = [
  missing(
    'id',
    'warning',
    'No `id`. Weir makes one of title and log source, so that a better title makes another rule of it; of a filter, one of all that it says.',
    'Write a random UUID (version 4) once and keep it.',
  ),
  missing('level', 'warning', 'No `level`; it is taken for medium.', 'Write informational, low, medium, high or critical.'),
  missing('status', 'info', 'No `status`.', 'Write experimental until it has run for some time, then test, then stable.'),
  missing('description', 'info', 'No `description`.', 'Say what the rule finds, and what whoever gets the finding does next.'),
  missing('author', 'info', 'No `author`.', 'Name who answers questions about it.'),
  missing('date', 'info', 'No `date`.', 'Write the day it was made, YYYY-MM-DD.'),
  missing('falsepositives', 'info', 'No `falsepositives`.', 'List what else looks like this, or write Unlikely.'),
  missing('references', 'info', 'No `references`.', 'Link what it is made from.'),
  {
    code: 'critical-unexplained',
    severity: 'warning',
    about: 'Level critical, with false positives missing or Unknown: a rule that wakes people must know them.',
    mend: 'List what else looks like this, or lower the level.',
    one({ kind, written }, tell) {
      if (kind === 'refused' || kind === 'filter' || written['level'] !== 'critical') return
      const known = Array.isArray(written['falsepositives']) ? written['falsepositives'] : []
      if (known.every(each => String(each).toLowerCase() === 'unknown'))
        tell(['level'], 'a critical rule that names no false positives')
    },
  },
  {
    code: 'id-version',
    severity: 'info',
    about: 'An `id` that is a UUID of another version than 4, which the specification recommends.',
    mend: 'A published id stays as it is; for a new rule, take a random UUID.',
    one({ kind, written }, tell) {
      const { id } = written
      if (kind !== 'refused' && typeof id === 'string' && !UUID_V4.test(id)) tell(['id'], `"${id}" is not a UUID of version 4`)
    },
  },
  {
    code: 'status-unknown',
    severity: 'warning',
    about: 'A `status` that Sigma does not have.',
    mend: `Write ${STATUSES.join(', ')}.`,
    one({ kind, written }, tell) {
      const { status } = written
      if (kind !== 'refused' && typeof status === 'string' && !STATUSES.includes(status))
        tell(['status'], `"${status.slice(0, 40)}" is no status`)
    },
  },
  {
    code: 'date-malformed',
    severity: 'warning',
    about: 'A `date` or `modified` that is not YYYY-MM-DD or no day, or a rule modified before it was made.',
    mend: 'Write YYYY-MM-DD.',
    one(document, tell) {
      if (document.kind !== 'refused') dates(document, tell)
    },
  },
  {
    code: 'title-long',
    severity: 'info',
    about: `A title of more than ${TITLE} characters: lists cut it.`,
    mend: 'Say it shorter; the description has the room.',
    one({ kind, written }, tell) {
      const { title } = written
      if (kind !== 'refused' && typeof title === 'string' && title.length > TITLE)
        tell(['title'], `the title has ${title.length} characters`)
    },
  },
  {
    code: 'related-malformed',
    severity: 'warning',
    about: '`related` that does not say which rule and how.',
    mend: `Each entry is a map of id and type: ${RELATIONS.join(', ')}.`,
    one({ kind, written }, tell) {
      const { related } = written
      if (kind === 'refused' || related === undefined || related === null) return
      if (!Array.isArray(related)) return tell(['related'], 'related is not a list')
      for (const [i, entry] of related.entries()) {
        const { id, type } = (typeof entry === 'object' && entry !== null ? entry : {}) as { id?: unknown; type?: unknown }
        if (typeof id !== 'string' || typeof type !== 'string' || !RELATIONS.includes(type))
          tell(['related', i], 'an entry without an id or with an unknown type')
      }
    },
  },
  {
    code: 'logsource-broad',
    severity: 'info',
    about:
      'A log source without product, whose category is not one that Sigma names alone: it is tried on events of every product.',
    mend: 'Name the product.',
    one({ kind, written }, tell) {
      const source = written['logsource']
      if (kind !== 'rule' || typeof source !== 'object' || source === null) return
      const { product, category, service } = source as Readonly<Record<string, unknown>>
      if (!product && !WITHOUT_PRODUCT.has(String(category ?? service).toLowerCase()))
        tell(['logsource'], `no product beside ${String(category ?? service)}`)
    },
  },
]

function dates({ written }: LintDocument, tell: Tell): void {
  const made = day(written['date'])
  const modified = day(written['modified'])
  for (const [key, at] of [
    ['date', made],
    ['modified', modified],
  ] as const) {
    if (at === undefined) tell([key], `${key} "${String(written[key]).slice(0, 40)}" is not a day as YYYY-MM-DD`)
  }
  if (made && modified && modified < made) tell(['modified'], 'modified before it was made')
}

/** Milliseconds of a day; undefined when it is none, 0 when nothing is written. */
function day(value: unknown): number | undefined {
  if (value === undefined || value === null) return 0
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return undefined
  const at = new Date(`${value}T00:00:00Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(value) ? at.getTime() : undefined
}
