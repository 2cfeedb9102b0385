import { relative, resolve } from 'node:path'
import { loadPack } from '@weir/detections'
import { linkRules, mappingsFor, type Parsed, parseRules, type Refusal, type RuleSet, withoutDuplicates } from '@weir/sigma'
import { packName } from './packs/name.ts'
import { readRuleContext, type RuleInputs } from './rule-context.ts'
import { findRuleFiles, identityOf, readTexts, unreadableRefusal } from './rule-files.ts'

/** Rules that can run, or be compiled into a pack. */
export interface LoadedRules extends RuleSet {
  /** The name of the pack that they are: findings carry it. */
  readonly pack: string
  /** Ids of Weir's own rules and correlations. */
  readonly builtin: ReadonlySet<string>
}

/** What a load takes beside paths: `config.rules` fits. */
export interface LoadOptions extends RuleInputs {
  /** Told now and then how many of the files are read. */
  readonly onProgress?: (read: number, of: number) => void
}

const PROGRESS_EVERY = 100

/**
 * Weir's own pack and the rules, correlations and filters under `paths`, linked with each other wherever they stand, in the field names of their
 * events: for the CLI, and for deploy, which compiles them into the ingest zip. Paths and the files that the options name are relative to `cwd`.
 * What cannot be read or loaded, and an id or name that is taken already, is a refusal. Throws `ConfigError` for a path that is not there or
 * holds no rule file; `option` is what the user wrote the path in.
 */
export async function loadRules(
  cwd: string,
  builtin: boolean,
  paths: readonly string[],
  option = '--rules',
  more: LoadOptions = {},
): Promise<LoadedRules> {
  const context = await readRuleContext(cwd, more)
  const own = builtin ? await loadPack() : undefined
  const { files, refused } = await filesOf(cwd, paths, option, more.mappings ?? [])
  const read: Parsed[] = own ? [own] : []
  let count = 0
  for await (const found of readTexts(files)) {
    const name = relative(cwd, found.file) || found.file
    if ('text' in found) read.push(parseRules(found.text, name, context.options))
    else refused.push(unreadableRefusal(name, found.reason))
    if (++count % PROGRESS_EVERY === 0) more.onProgress?.(count, files.length)
  }
  const { refused: wrong, ...documents } = withoutDuplicates(read)
  const parsed = {
    ...documents,
    mappings: mappingsFor(documents.rules, context.mappings),
    placeholders: context.options.placeholders,
  }
  return {
    ...linkRules([{ ...parsed, refused: [...context.refused, ...refused, ...wrong] }]),
    pack: packName(parsed),
    builtin: new Set(own ? [...own.rules, ...own.correlations].map(({ meta }) => meta.id) : []),
  }
}

/** The files of all paths, each once. A file of field mappings that lies among rules is none of them. */
async function filesOf(
  cwd: string,
  paths: readonly string[],
  option: string,
  mappings: readonly string[],
): Promise<{ files: readonly string[]; refused: Refusal[] }> {
  const files: string[] = []
  const refused: Refusal[] = []
  const taken = new Set(await Promise.all(mappings.map(path => identityOf(resolve(cwd, path)))))
  for (const path of paths) {
    const found = await findRuleFiles(resolve(cwd, path), `${option} ${path}`)
    refused.push(...found.unreadable.map(({ file, reason }) => unreadableRefusal(relative(cwd, file) || file, reason)))
    const identities = await Promise.all(found.files.map(identityOf))
    for (const [i, file] of found.files.entries()) {
      const identity = identities[i] ?? file
      if (!taken.has(identity)) files.push(file)
      taken.add(identity)
    }
  }
  return { files, refused }
}

/** `file:line:column "rule": reason` */
export function refusalLine({ file, line, column, rule, reason }: Refusal): string {
  return `${file}:${line}:${column} ${rule ? `"${rule}": ` : ''}${reason}`
}
