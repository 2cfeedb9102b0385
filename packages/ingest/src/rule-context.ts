import { relative, resolve } from 'node:path'
import { loadMappings } from '@weir/detections'
import { type FieldMapping, parseMappings, type ParseOptions, type Refusal } from '@weir/sigma'
import { ConfigError } from './errors.ts'
import { readText } from './rule-files.ts'

/** What the config gives to rules beside their own text: `rules` of `weir.yaml`. */
export interface RuleInputs {
  /** Files of field mappings. */
  readonly mappings?: readonly string[]
  /** A list of values by name, or a file with one value a line. */
  readonly placeholders?: { readonly [name: string]: readonly (string | number)[] | string }
}

/** What rules are read and linked with. */
export interface RuleContext {
  readonly options: ParseOptions & { readonly placeholders: NonNullable<ParseOptions['placeholders']> }
  /** Weir's own, then those of the config. */
  readonly mappings: readonly FieldMapping[]
  /** Mapping files that are wrong. */
  readonly refused: readonly Refusal[]
}

/** Reads what `rules.mappings` and `rules.placeholders` name, relative to `cwd`. Throws `ConfigError` for a file that cannot be read. */
export async function readRuleContext(cwd: string, { mappings = [], placeholders = {} }: RuleInputs): Promise<RuleContext> {
  const own = await loadMappings()
  const parsed = await Promise.all(
    mappings.map(async (file, i) => {
      const path = resolve(cwd, file)
      return parseMappings(await textOf(path, file, `rules.mappings[${i}]`), relative(cwd, path) || path)
    }),
  )
  const lists = await Promise.all(
    Object.entries(placeholders).map(async ([name, list]) => [name, await valuesOf(cwd, name, list)] as const),
  )
  const all = [...own, ...parsed.flatMap(each => each.mappings)]
  return {
    options: { placeholders: Object.fromEntries(lists), taxonomies: all.flatMap(({ taxonomy = [] }) => taxonomy) },
    mappings: all,
    refused: parsed.flatMap(({ refused }) => refused),
  }
}

/** Empty lines and lines that begin with `#` are no values. */
async function valuesOf(cwd: string, name: string, list: readonly (string | number)[] | string): Promise<readonly string[]> {
  if (typeof list !== 'string') return list.map(String)
  const key = `rules.placeholders.${name}`
  const lines = (await textOf(resolve(cwd, list), list, key)).split(/\r?\n/).map(line => line.trim())
  const values = lines.filter(line => line !== '' && !line.startsWith('#'))
  if (values.length === 0) throw new ConfigError(`${key}: ${list} holds no value; write one a line`)
  return values
}

async function textOf(path: string, given: string, key: string): Promise<string> {
  const read = await readText(path)
  if ('reason' in read)
    throw new ConfigError(`${key}: ${given} ${read.reason}; name a file that is there and can be read, relative to weir.yaml`)
  return read.text
}
