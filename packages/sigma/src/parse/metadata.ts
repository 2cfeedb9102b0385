import { type ParseOptions, type Path, type Rule, RuleError } from '../rule.ts'
import { LEVELS, type Level, type LogSource, type RuleMeta } from '../types.ts'

type Document = Readonly<Record<string, unknown>>

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
/** The specification's limits, in characters. */
const TITLE_LIMIT = 256
const TEXT_LIMIT = 65_535

/** Checks and takes what a person is told of the rule. Throws RuleError. */
export function readMeta(document: Document): RuleMeta {
  const title = text(document, 'title', TITLE_LIMIT)
  if (!title) throw new RuleError(['title'], 'title is missing')
  const id = text(document, 'id')
  if (id !== undefined && !UUID.test(id)) throw new RuleError(['id'], 'id must be a UUID')
  const level = text(document, 'level') ?? 'medium'
  if (!isLevel(level)) throw new RuleError(['level'], `unknown level "${level.slice(0, 40)}"; write one of ${LEVELS.join(', ')}`)
  return {
    id: id?.toLowerCase() ?? derivedId(title, JSON.stringify(document['logsource'])),
    title,
    level,
    ...defined({
      status: text(document, 'status'),
      description: text(document, 'description'),
      author: text(document, 'author'),
      license: text(document, 'license'),
      references: texts(document, 'references'),
      falsepositives: texts(document, 'falsepositives'),
      tags: texts(document, 'tags'),
    }),
  }
}

/** What other documents of a set may call this one by, beside its id. Throws RuleError. */
export const readName = (document: Document): string | undefined => text(document, 'name', TITLE_LIMIT)

/** Reads `logsource`: at least one of product, service and category; other keys, such as `definition`, are for people. Throws RuleError. */
export const readLogSource = (document: Document): LogSource => readSource(own(document, 'logsource'), ['logsource'])

/** Reads what names a log source, in whatever kind of document. Throws RuleError. */
export function readSource(source: unknown, path: Path): LogSource {
  const name = String(path.findLast(step => typeof step === 'string'))
  if (source === undefined || source === null) throw new RuleError(path, `${name} is missing`)
  if (typeof source !== 'object' || Array.isArray(source)) throw new RuleError(path, `${name} must be a map`)
  const map = source as Document
  const logsource: Record<string, string> = {}
  for (const key of ['product', 'service', 'category']) {
    const value = own(map, key)
    if (value === undefined || value === null) continue
    if (typeof value !== 'string' || value === '') throw new RuleError([...path, key], `${name}.${key} must be a text`)
    logsource[key] = value.toLowerCase()
  }
  if (Object.keys(logsource).length === 0) throw new RuleError(path, `${name} names no product, service or category`)
  return logsource
}

/** Which body of the event a document's field names belong to, and its own taxonomy when mappings translate it. Throws RuleError. */
export function readTaxonomy(document: Document, { taxonomies = [] }: ParseOptions): Pick<Rule, 'taxonomy' | 'dialect'> {
  const taxonomy = text(document, 'taxonomy') ?? 'sigma'
  if (taxonomy === 'sigma' || taxonomy === 'ocsf') return { taxonomy }
  if (taxonomies.includes(taxonomy)) return { taxonomy: 'sigma', dialect: taxonomy }
  throw new RuleError(
    ['taxonomy'],
    `unknown taxonomy "${taxonomy.slice(0, 40)}"; write sigma or ocsf, or give a field mapping for this one`,
  )
}

/**
 * Refuses what a later Sigma means otherwise: from version 3 on, `[…]` in a field's name chooses members of an array (SEP 212). All else of a
 * later version is read as 2.1.0 reads it. Throws RuleError.
 */
export function checkVersion(document: Document, fields: Iterable<string>): void {
  const version = own(document, 'sigma-version')
  if (version === undefined || version === null) return
  const major = /^\d+/.exec(typeof version === 'number' || typeof version === 'string' ? String(version) : '')?.[0]
  if (major === undefined) throw new RuleError(['sigma-version'], 'sigma-version must be a number')
  const selector = [...fields].find(field => field.includes('['))
  if (Number(major) >= 3 && selector !== undefined)
    throw new RuleError(
      ['sigma-version'],
      `under sigma-version ${major}, "${selector.slice(0, 80)}" chooses members of an array, which is not supported; Sigma 2.1.0 tries every member`,
    )
}

export const own = (map: Document, key: string): unknown => (Object.hasOwn(map, key) ? map[key] : undefined)

function text(document: Document, key: string, limit: number = TEXT_LIMIT): string | undefined {
  const value = own(document, key)
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw new RuleError([key], `${key} must be a text; put it in quotes`)
  if (value.length > limit) throw new RuleError([key], `${key} is longer than ${limit} characters`)
  return value
}

function texts(document: Document, key: string): readonly string[] | undefined {
  const value = own(document, key)
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value)) throw new RuleError([key], `${key} must be a list of texts`)
  return value.map((entry: unknown, i) => {
    if (typeof entry !== 'string') throw new RuleError([key, i], `${key} must be a list of texts; put this one in quotes`)
    return entry
  })
}

const isLevel = (level: string): level is Level => (LEVELS as readonly string[]).includes(level)

function defined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}

/**
 * A UUID (version 8, whose bits are the maker's) for a document without an id, made of what it is told apart by: of a rule the title and log
 * source. FNV-1a over four seeds; it need only be stable and spread, as two documents with one id are refused.
 */
export function derivedId(...parts: readonly (string | undefined)[]): string {
  const words = [0x811c9dc5, 0x01000193, 0x9e3779b9, 0x85ebca6b].map(seed => {
    let hash = seed
    for (const char of parts.join('\0')) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
    return (hash ^ (hash >>> 15)) >>> 0
  })
  const hex = words.map(word => word.toString(16).padStart(8, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
}
