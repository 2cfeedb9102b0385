import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { loadPack, packHash } from '@weir/detections'
import { linkRules, type Parsed, parseRules, type Refusal, type RuleSet, withoutDuplicates } from '@weir/sigma'
import { ConfigError } from './errors.ts'

export interface LoadedRules extends RuleSet {
  /** The documents that were read, to be put into a pack. */
  readonly parsed: Omit<Parsed, 'refused'>
  /** Hash of every rule document, in order: findings carry it. */
  readonly pack: string
  /** Rules of Weir's own pack among `rules`. */
  readonly builtin: ReadonlySet<string>
}

/**
 * Weir's own pack and the rules under `paths`, which are relative to `cwd`: for the CLI, and for deploy, which compiles them into the ingest
 * zip. An id that is taken already is a refusal: a finding must name one rule. Throws `ConfigError` for a path that holds no rule file;
 * `option` is what the user wrote the path in.
 */
export async function loadRules(
  cwd: string,
  builtin: boolean,
  paths: readonly string[],
  option = '--rules',
): Promise<LoadedRules> {
  const read: Parsed[] = []
  const own = new Set<string>()
  if (builtin) {
    const pack = await loadPack()
    read.push(pack)
    for (const { meta } of [...pack.rules, ...pack.correlations]) own.add(meta.id)
  }
  for (const path of paths) {
    for (const file of await ruleFiles(resolve(cwd, path), `${option} ${path}`)) {
      const name = relative(cwd, file) || file
      read.push(parseRules(await readFile(file, 'utf8'), name))
    }
  }
  const parsed = withoutDuplicates(read)
  return { ...linkRules([parsed]), parsed, pack: packHash(parsed), builtin: own }
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

/** `file:line:column "rule": reason` */
export function refusalLine({ file, line, column, rule, reason }: Refusal): string {
  return `${file}:${line}:${column} ${rule ? `"${rule}": ` : ''}${reason}`
}
