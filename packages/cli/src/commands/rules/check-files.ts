import { linkRules, parseCases, type Parsed, parseMappings, parseRules, type Refusal } from '@weir/sigma'
import type { RuleContext } from './context.ts'
import type { Placed } from './expect.ts'
import type { TreeFile } from './files.ts'

/** How many documents of each kind. */
export interface Counts {
  readonly rules: number
  readonly correlations: number
  readonly filters: number
  readonly cases: number
  readonly mappings: number
}
export const NONE: Counts = { rules: 0, correlations: 0, filters: 0, cases: 0, mappings: 0 }

/** What became of each file and document of a tree. */
export interface Checked {
  readonly files: readonly (TreeFile & Counts)[]
  readonly refused: readonly Placed[]
  readonly loaded: Counts
  /** Status of a rule, as written → how many. */
  readonly statuses: ReadonlyMap<string, number>
}

/** Loads what the files hold, all of it linked with each other. */
export function checkFiles(files: readonly TreeFile[], { options, mappings }: RuleContext): Checked {
  const taken = files.map(file => ({ ...file, ...take(file, options) }))
  const parsed = taken.flatMap(file => file.parsed ?? [])
  const set = linkRules(parsed, mappings)
  const within = new Map(files.map(file => [file.name, file.within]))
  const refused = [...set.refused, ...taken.flatMap(file => file.refused)]
  const filters = parsed.flatMap(each => each.filters)
  const sum = (key: keyof Counts): number => taken.reduce((total, { counts }) => total + (counts[key] ?? 0), 0)
  return {
    files: taken.map(({ kind, name, within: place, text, counts }) => ({ kind, name, within: place, text, ...NONE, ...counts })),
    refused: refused.map(refusal => ({ ...refusal, within: within.get(refusal.file) ?? refusal.file })),
    loaded: {
      rules: set.rules.length,
      correlations: set.correlations.length,
      filters: filters.filter(({ file, title }) => !set.refused.some(each => each.file === file && each.rule === title)).length,
      cases: sum('cases'),
      mappings: sum('mappings'),
    },
    statuses: statusesOf([...set.rules, ...set.correlations]),
  }
}

/** What one file holds by itself. */
interface Taken {
  readonly counts: Partial<Counts>
  readonly refused: readonly Refusal[]
  /** To be linked with that of other files, which tells of its refusals too. */
  readonly parsed?: Parsed
}

function take({ kind, text, name }: TreeFile, options: RuleContext['options']): Taken {
  switch (kind) {
    case 'cases': {
      const { match, ignore, refused } = parseCases(text, name)
      return { counts: { cases: match.length + ignore.length }, refused }
    }
    case 'mappings': {
      const { mappings, refused } = parseMappings(text, name)
      return { counts: { mappings: mappings.length }, refused }
    }
    case 'rules': {
      const parsed = parseRules(text, name, options)
      const { rules, correlations, filters } = parsed
      const counts = { rules: rules.length, correlations: correlations.length, filters: filters.length }
      return { counts, refused: [], parsed }
    }
    case 'unreadable':
      return { counts: {}, refused: [{ file: name, line: 1, column: 1, rule: '', reason: text }] }
    case 'other':
      return { counts: {}, refused: [] }
  }
}

function statusesOf(documents: readonly { readonly meta: { readonly status?: string } }[]): ReadonlyMap<string, number> {
  const statuses = new Map<string, number>()
  for (const { meta } of documents) statuses.set(meta.status ?? 'none', (statuses.get(meta.status ?? 'none') ?? 0) + 1)
  return statuses
}
