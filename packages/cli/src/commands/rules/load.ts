import { resolve } from 'node:path'
import { ConfigError, readConfigFile } from '@weir/ingest'
import type { CorrelationRule, Rule, RuleSet } from '@weir/sigma'
import type { Arguments, Option, World } from '../../command.ts'
import { loadRules } from '../../rules.ts'

/** Options of every command that loads rules to try them. */
export const LOADING = {
  rules: {
    type: 'string',
    multiple: true,
    value: 'PATH',
    description: 'Load these too, for the filters and base rules in them. May be repeated.',
  },
  config: { type: 'string', value: 'FILE', description: 'Take placeholders and field mappings from this weir.yaml.' },
} as const satisfies Record<string, Option>

/** A rule or a correlation. */
export type Document = Rule | CorrelationRule

/**
 * Loads rules as a run would: with their filters, mappings and references, and with what the command's own options add. `option` is what the user
 * wrote the paths in.
 */
export async function loadSet(
  world: World,
  paths: readonly string[],
  args: Arguments,
  { builtin, option }: { readonly builtin: boolean; readonly option: string },
): Promise<RuleSet> {
  const { cwd, terminal } = world
  const config = args.text('config')
  const inputs = config === undefined ? {} : (await readConfigFile(resolve(cwd, config))).rules
  const onProgress = (read: number, of: number): void => terminal.progress(`${read} of ${of} rule files`)
  const set = await loadRules(cwd, builtin, [...paths, ...args.texts('rules')], option, { ...inputs, onProgress })
  terminal.progress('')
  return set
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

/** The rules that a correlation counts, also by way of other correlations. */
export function basesOf(rule: CorrelationRule, set: RuleSet): readonly Rule[] {
  const ids = new Set(correlationsOf(rule, set).flatMap(({ inputs }) => inputs.map(({ id }) => id)))
  return set.rules.filter(({ meta }) => ids.has(meta.id))
}

/** The correlation behind those that it names. Alone it is nobody's base, so it is told of even if it only feeds others. */
export function correlationsOf(rule: CorrelationRule, set: RuleSet): readonly CorrelationRule[] {
  const needed = new Set([rule.meta.id])
  for (const each of set.correlations.toReversed()) {
    if (needed.has(each.meta.id)) for (const { id } of each.inputs) needed.add(id)
  }
  return set.correlations.filter(({ meta }) => needed.has(meta.id))
}
