import { resolve, sep } from 'node:path'
import { ConfigError } from '@weir/ingest'
import type { CorrelationRule, Rule, RuleSet } from '@weir/sigma'
import type { Option, World } from '../../command.ts'
import { loadRules } from '../../rules.ts'

/** Options of every command that loads rules to try them. */
export const LOADING = {
  rules: {
    type: 'string',
    multiple: true,
    value: 'PATH',
    description: 'Load these too, for the filters and base rules in them. May be repeated.',
  },
} as const satisfies Record<string, Option>

/** A rule or a correlation. */
export type Document = Rule | CorrelationRule

/** Loads rules as a run would: with their filters, mappings and references. `option` is what the user wrote the paths in. */
export function loadSet({ cwd }: World, paths: readonly string[], builtin: boolean, option: string): Promise<RuleSet> {
  // What is named twice, or beside the folder that holds it, is read once: its id is its own.
  const all = new Map(paths.map(path => [resolve(cwd, path), path]))
  const inner = (place: string): boolean => [...all.keys()].some(other => other !== place && place.startsWith(`${other}${sep}`))
  const outer = [...all].flatMap(([place, path]) => (inner(place) ? [] : [path]))
  return loadRules(cwd, builtin, outer, option)
}

/** The one that a person named by id, name or title; undefined when there is none. Throws `ConfigError` when there are several. */
export function named<T extends Document>(all: readonly T[], what: string): T | undefined {
  const wanted = what.toLowerCase()
  const one = all.find(({ meta }) => meta.id === wanted) ?? all.find(({ name }) => name === what)
  if (one) return one
  const titled = all.filter(({ meta }) => meta.title.toLowerCase() === wanted)
  if (titled.length > 1) throw new ConfigError(`${titled.length} rules have the title "${what}"; name one by its id`)
  return titled[0]
}
