import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Parsed, parseRules } from '@weir/sigma'

/** An event that a rule must or must not match, in the native fields of the rule's log source. */
export interface Case {
  readonly name: string
  readonly event: Readonly<Record<string, unknown>>
}

/** What stands beside a rule in `<name>.cases.json`. */
export interface Cases {
  readonly match: readonly Case[]
  readonly ignore: readonly Case[]
}

/** A folder of rules with their cases. */
export interface Pack extends Parsed {
  /** By rule id. A rule without a cases file is not in it. */
  readonly cases: ReadonlyMap<string, Cases>
}

/** Where Weir's own rules lie. */
export const RULES = new URL('../rules/', import.meta.url)

/**
 * Reads every `.yml` under a folder, Weir's own by default, with the cases beside each. Rules come in the order of their paths, which are
 * relative to the folder. Rules that do not load are refused, the rest is taken. Throws when the folder cannot be read or a cases file is broken.
 */
export async function loadPack(dir: URL | string = RULES): Promise<Pack> {
  const root = dir instanceof URL ? fileURLToPath(dir) : dir
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  const present = new Set(files)
  const all: Parsed[] = []
  const cases = new Map<string, Cases>()
  for (const file of files.filter(name => /\.ya?ml$/.test(name)).toSorted()) {
    const parsed = parseRules(await readFile(file, 'utf8'), relative(root, file))
    all.push(parsed)
    const beside = file.replace(/\.ya?ml$/, '.cases.json')
    const [rule] = parsed.rules
    if (rule && present.has(beside)) cases.set(rule.meta.id, readCases(await readFile(beside, 'utf8'), relative(root, beside)))
  }
  return {
    rules: all.flatMap(({ rules }) => rules),
    correlations: all.flatMap(({ correlations }) => correlations),
    filters: all.flatMap(({ filters }) => filters),
    refused: all.flatMap(({ refused }) => refused),
    cases,
  }
}

function readCases(text: string, file: string): Cases {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : 'not JSON'}`, { cause: error })
  }
  const list = (key: 'match' | 'ignore'): Case[] => {
    const found = (json as Partial<Record<typeof key, unknown>> | null)?.[key]
    if (!Array.isArray(found)) throw new Error(`${file}: ${key}: expected a list of {name, event}`)
    return found.map((each: Partial<Case> | null, index) => {
      if (typeof each?.name !== 'string' || typeof each.event !== 'object' || each.event === null) {
        throw new Error(`${file}: ${key}[${index}]: expected {name, event}`)
      }
      return { name: each.name, event: each.event }
    })
  }
  return { match: list('match'), ignore: list('ignore') }
}
