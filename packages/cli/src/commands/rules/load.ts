import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { loadPack } from '@weir/detections'
import { ConfigError } from '@weir/ingest'
import { type CorrelationRule, linkRules, type Parsed, parseRules, type Rule, type RuleSet } from '@weir/sigma'
import type { Option, World } from '../../command.ts'

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
export async function loadSet(world: World, paths: readonly string[], builtin: boolean, option: string): Promise<RuleSet> {
  const parsed: Parsed[] = builtin ? [await loadPack()] : []
  for (const path of paths) {
    for (const file of await ruleFiles(resolve(world.cwd, path), `${option} ${path}`)) {
      parsed.push(parseRules(await readFile(file, 'utf8'), relative(world.cwd, file) || file))
    }
  }
  return linkRules(parsed)
}

async function ruleFiles(path: string, given: string): Promise<string[]> {
  const info = await stat(path).catch(() => undefined)
  if (!info) throw new ConfigError(`${given}: there is no such file or folder`)
  if (!info.isDirectory()) return [path]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  const files = entries
    .filter(entry => entry.isFile() && /\.ya?ml$/.test(entry.name) && !/\.cases\.ya?ml$/.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
    .toSorted()
  if (files.length === 0) throw new ConfigError(`${given}: holds no .yml file`)
  return files
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
