import { type Dirent, type Stats, constants } from 'node:fs'
import { open, readdir, realpath, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Refusal } from '@weir/sigma'
import { ConfigError } from './errors.ts'

/** The largest file that is read, bytes: the longest text that the parser takes, were each of its characters three bytes long. */
export const FILE_BYTES = 3 << 20
/** How many files are read at once. */
const AT_ONCE = 32

/** Why a file or folder of a tree cannot be read. */
export interface Unreadable {
  readonly file: string
  readonly reason: string
}

export interface FoundFiles {
  /** In the order of their paths. */
  readonly files: readonly string[]
  readonly unreadable: readonly Unreadable[]
}

/** A file of a tree, or a folder that cannot be read. */
export interface Walked {
  readonly file: string
  readonly folder: boolean
  /** Why it cannot be read. */
  readonly reason?: string
}

/**
 * Every file under a folder, whatever its name, in the order of their paths; with a reason where it cannot be read. Links are followed. A folder
 * that cannot be listed, or that is read already, as in a circle of links, is given as one that cannot be read.
 */
export async function* walkTree(folder: string, seen: Set<string> = new Set()): AsyncGenerator<Walked> {
  let entries: Dirent[]
  try {
    const real = await realpath(folder)
    if (seen.has(real)) {
      yield { file: folder, folder: true, reason: 'this folder was read already, under another name; remove the link to it' }
      return
    }
    seen.add(real)
    entries = await readdir(folder, { withFileTypes: true })
  } catch (error) {
    yield { file: folder, folder: true, reason: `this folder cannot be read (${codeOf(error)})` }
    return
  }
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = join(folder, entry.name)
    const kind = entry.isSymbolicLink() ? await stat(file).catch(() => undefined) : entry
    if (kind?.isDirectory()) yield* walkTree(file, seen)
    else if (kind?.isFile()) yield { file, folder: false }
    else yield { file, folder: false, reason: kind ? 'is no regular file' : 'is a link to nothing' }
  }
}

/**
 * The rule files of a path: itself, or every `.yml` and `.yaml` under it but cases, as `walkTree` finds them. Throws `ConfigError`, which names
 * `given`, for a path that is not there or holds no rule file.
 */
export async function findRuleFiles(path: string, given: string): Promise<FoundFiles> {
  const info = await stat(path).catch(() => undefined)
  if (!info) throw new ConfigError(`${given}: there is no such file or folder`)
  if (!info.isDirectory()) return { files: [path], unreadable: [] }
  const files: string[] = []
  const unreadable: Unreadable[] = []
  for await (const { file, folder, reason } of walkTree(path)) {
    if (!folder && !isRuleFile(file)) continue
    if (reason === undefined) files.push(file)
    else unreadable.push({ file, reason })
  }
  if (files.length === 0 && unreadable.length === 0) throw new ConfigError(`${given}: holds no .yml file`)
  return { files, unreadable }
}

const isRuleFile = (name: string): boolean => isYaml(name) && !isCases(name)

/** Whether a file is YAML by its name. */
export const isYaml = (name: string): boolean => /\.ya?ml$/i.test(name)

/** Whether a file holds the cases of the rule beside it, by its name: `<name>.cases.yml`. */
export const isCases = (name: string): boolean => /\.cases\.ya?ml$/i.test(name)

/** Reads files, several at once, and gives each text or the reason why there is none, in the order of the files. */
export async function* readTexts(
  files: readonly string[],
): AsyncGenerator<{ readonly file: string } & ({ readonly text: string } | { readonly reason: string })> {
  for (let from = 0; from < files.length; from += AT_ONCE) {
    const part = files.slice(from, from + AT_ONCE)
    const read = await Promise.all(part.map(file => readText(file)))
    for (const [i, result] of read.entries()) yield { file: part[i] ?? '', ...result }
  }
}

/** Reads a text file in UTF-8 that a person wrote. */
export async function readText(file: string): Promise<{ readonly text: string } | { readonly reason: string }> {
  try {
    // Without O_NONBLOCK, a pipe with no writer would be waited for.
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const info: Stats = await handle.stat()
      if (info.isDirectory()) return { reason: 'is a folder' }
      if (info.size > FILE_BYTES) return { reason: `has ${info.size} bytes, more than the ${FILE_BYTES} that are read; split it` }
      const bytes = await handle.readFile()
      return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof TypeError) return { reason: 'is not text in UTF-8; save it as UTF-8' }
    return { reason: `cannot be read (${codeOf(error)})` }
  }
}

export const unreadableRefusal = (file: string, reason: string): Refusal => ({ file, line: 1, column: 1, rule: '', reason })

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error'

/** The same path however it is written, links followed; as it is written where nothing is there. */
export const identityOf = (path: string): Promise<string> => realpath(path).catch(() => resolve(path))
