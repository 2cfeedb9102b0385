import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Cases, type Parsed, parseCases, parseRules, type Refusal } from '@weir/sigma'

/** Where Weir's own rules lie. */
export const RULES = new URL('../rules/', import.meta.url)

/**
 * Reads every `.yml` under a folder, Weir's own by default. Rules come in the order of their paths, which are relative to the folder. Rules
 * that do not load are refused, the rest is taken. Throws when the folder cannot be read.
 */
export async function loadPack(dir: URL | string = RULES): Promise<Parsed> {
  const root = dir instanceof URL ? fileURLToPath(dir) : dir
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = entries
    .filter(entry => entry.isFile() && /\.ya?ml$/.test(entry.name) && !/\.cases\.ya?ml$/.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
    .toSorted()
  const all: Parsed[] = []
  for (const file of files) all.push(parseRules(await readFile(file, 'utf8'), relative(root, file)))
  return {
    rules: all.flatMap(({ rules }) => rules),
    correlations: all.flatMap(({ correlations }) => correlations),
    filters: all.flatMap(({ filters }) => filters),
    refused: all.flatMap(({ refused }) => refused),
  }
}

/** What the rules of a pack must and must not match. */
export interface PackCases {
  /** By the path of the rule's file, relative to the folder. A file without cases is not in it. */
  readonly cases: ReadonlyMap<string, Cases>
  readonly refused: readonly Refusal[]
}

/** Reads the `.cases.yml` beside each of these rule files, which are relative to the folder. */
export async function loadCases(files: Iterable<string>, dir: URL | string = RULES): Promise<PackCases> {
  const root = dir instanceof URL ? fileURLToPath(dir) : dir
  const cases = new Map<string, Cases>()
  const refused: Refusal[] = []
  for (const file of new Set(files)) {
    const beside = file.replace(/(\.ya?ml)$/, '.cases$1')
    const text = await readFile(join(root, beside), 'utf8').catch(() => undefined)
    if (text === undefined) continue
    const read = parseCases(text, beside)
    cases.set(file, read)
    refused.push(...read.refused)
  }
  return { cases, refused }
}
