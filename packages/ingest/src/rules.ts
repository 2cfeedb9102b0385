import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { loadPack } from '@weir/detections'
import { parseRules, type Refusal, type Rule } from '@weir/sigma'
import { ConfigError } from './errors.ts'

export interface LoadedRules {
  readonly rules: readonly Rule[]
  readonly refused: readonly Refusal[]
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
  const rules = new Map<string, Rule>()
  const refused: Refusal[] = []
  const own = new Set<string>()
  if (builtin) {
    const pack = await loadPack()
    refused.push(...pack.refused)
    for (const rule of pack.rules) {
      rules.set(rule.meta.id, rule)
      own.add(rule.meta.id)
    }
  }
  for (const path of paths) {
    for (const file of await ruleFiles(resolve(cwd, path), `${option} ${path}`)) {
      const name = relative(cwd, file) || file
      const parsed = parseRules(await readFile(file, 'utf8'), name)
      refused.push(...parsed.refused)
      for (const rule of parsed.rules) {
        const taken = rules.get(rule.meta.id)
        if (taken)
          refused.push({ file: name, line: 1, column: 1, rule: rule.meta.title, reason: `its id is taken by ${taken.file}` })
        else rules.set(rule.meta.id, rule)
      }
    }
  }
  const hash = createHash('sha256')
  for (const rule of rules.values()) hash.update(JSON.stringify(rule.document))
  return { rules: [...rules.values()], refused, pack: hash.digest('hex').slice(0, 16), builtin: own }
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
