import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { ConfigError } from '@weir/ingest'
import { identityOf, isCases, isYaml } from '@weir/ingest/rule-files.ts'
import type { RuleSet } from '@weir/sigma'
import type { World } from '../../command.ts'
import { type TreeFile, treeFiles } from './files.ts'
import type { Document } from './load.ts'

/** What people named: rules to load, and the files to look through for cases. */
export interface Named {
  readonly rules: readonly string[]
  readonly files: readonly string[]
}

/** A file of cases with the rule beside it, both relative to the working directory. */
export interface Beside {
  readonly cases: TreeFile
  /** Undefined where there is no rule beside it. */
  readonly rules: string | undefined
  readonly documents: readonly Document[]
}

export interface TestFiles {
  readonly beside: readonly Beside[]
  /** Files of loaded rules without cases. */
  readonly without: readonly string[]
}

/** A rule that is named brings its cases along, and cases bring their rule. Throws `ConfigError` for cases without a rule. */
export function namedFiles(paths: readonly string[], { cwd }: Pick<World, 'cwd'>): Named {
  const all = paths.map((path): Named => {
    const info = statSync(resolve(cwd, path), { throwIfNoEntry: false })
    if (!info || info.isDirectory()) return { rules: [path], files: [path] }
    const beside = readdirSync(dirname(resolve(cwd, path)))
      .filter(name => isYaml(name) && stemOf(name) === stemOf(basename(path)))
      .map(name => join(dirname(path), name))
    const rules = beside.filter(name => !isCases(name))
    const rule = isCases(path) ? ruleOf(path, rules) : path
    if (rule === undefined) throw new ConfigError(`${path}: there is no rule ${stemOf(path)}${extname(path)} beside it`)
    const cases = beside.filter(name => isCases(name) && ruleOf(name, rules) === join(rule))
    return { rules: [rule], files: [rule, ...cases] }
  })
  return { rules: all.flatMap(({ rules }) => rules), files: [...new Set(all.flatMap(({ files }) => files))] }
}

/** The cases among the files, each with what `set` loaded of the rule beside it. A rule is the same under each of its names. */
export async function findCases(files: readonly string[], set: RuleSet, world: World): Promise<TestFiles> {
  const identify = (name: string): Promise<string> => identityOf(resolve(world.cwd, name))
  const tree = new Map((await treeFiles(world, files)).map(file => [file.name, file]))
  const loaded = new Map<string, { readonly file: string; readonly documents: Document[] }>()
  const identities = new Map<string, string>()
  for (const document of [...set.rules, ...set.correlations]) {
    const identity = identities.get(document.file) ?? (await identify(document.file))
    identities.set(document.file, identity)
    const known = loaded.get(identity)
    if (known) known.documents.push(document)
    else loaded.set(identity, { file: document.file, documents: [document] })
  }
  const byStem = Map.groupBy(
    [...tree.keys()].filter(name => isYaml(name) && !isCases(name)),
    stemOf,
  )
  const refused = new Set(set.refused.map(({ file }) => file)) // a folder, say, that has the name of a file with cases
  const beside: Beside[] = []
  const tested = new Set<string>()
  for (const cases of tree.values()) {
    if (!isCases(cases.name) || refused.has(cases.name)) continue
    const rules = ruleOf(cases.name, byStem.get(stemOf(cases.name)) ?? [])
    const identity = rules === undefined ? '' : await identify(rules)
    tested.add(identity)
    beside.push({ cases, rules, documents: loaded.get(identity)?.documents ?? [] })
  }
  const without = [...loaded].flatMap(([identity, { file }]) => (tree.has(file) && !tested.has(identity) ? [file] : []))
  return { beside, without: without.toSorted() }
}

/** `a/login` of `a/login.yml` and of `a/login.cases.yml`. */
const stemOf = (name: string): string => name.replace(/(\.cases)?\.ya?ml$/i, '')

/** Which of the rules with their stem cases are for: the one with their own ending, if there is one. */
function ruleOf(cases: string, rules: readonly string[]): string | undefined {
  const ending = extname(cases)
  return (
    rules.find(name => extname(name) === ending) ??
    rules.find(name => extname(name).toLowerCase() === ending.toLowerCase()) ??
    rules[0]
  )
}
