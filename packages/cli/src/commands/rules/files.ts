import type { Dirent } from 'node:fs'
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, extname, join, relative, resolve, sep } from 'node:path'
import { ConfigError } from '@weir/ingest'
import type { World } from '../../command.ts'

/** What a file of a rule tree is taken for; `unreadable` is one that should be read and cannot be. */
export type FileKind = 'rules' | 'cases' | 'mappings' | 'other' | 'unreadable'

export interface TreeFile {
  readonly kind: FileKind
  /** Relative to the working directory: what messages say. */
  readonly name: string
  /** Relative to the PATH that holds it, with `/`: the same wherever the tree lies. */
  readonly within: string
  /** '' for what is no YAML; the reason for what cannot be read. */
  readonly text: string
}

/** A larger file is no text that people write rules in, bytes. */
const FILE_BYTES = 3 << 20

/**
 * Every file under the paths, in order; nothing is left out, and links are followed. What does not end in .yml or .yaml is `other`. Throws
 * `ConfigError` for a path that is not there.
 */
export async function treeFiles(
  { cwd, terminal }: Pick<World, 'cwd' | 'terminal'>,
  paths: readonly string[],
): Promise<TreeFile[]> {
  const files: TreeFile[] = []
  for (const path of paths) {
    const root = resolve(cwd, path)
    const info = await stat(root).catch(() => undefined)
    if (!info) throw new ConfigError(`${path}: there is no such file or folder`)
    const folder = info.isDirectory()
    for await (const file of folder ? under(root, new Set()) : [root]) {
      const within = folder ? relative(root, file) : basename(file)
      files.push({ ...(await read(file)), name: relative(cwd, file) || file, within: within.split(sep).join('/') })
      if (files.length % 100 === 0) terminal.progress(`${files.length} files`)
    }
  }
  return files
}

/** A folder that was read already, as in a circle of links, is given as a file that cannot be read. */
async function* under(folder: string, seen: Set<string>): AsyncGenerator<string> {
  const real = await realpath(folder)
  if (seen.has(real)) {
    yield folder
    return
  }
  seen.add(real)
  const entries: Dirent[] = await readdir(folder, { withFileTypes: true })
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name)
    const kind = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry
    if (kind?.isDirectory()) yield* under(path, seen)
    else yield path
  }
}

async function read(file: string): Promise<Pick<TreeFile, 'kind' | 'text'>> {
  const unreadable = (text: string): Pick<TreeFile, 'kind' | 'text'> => ({ kind: 'unreadable', text })
  const info = await stat(file).catch(() => undefined)
  if (info?.isDirectory()) return unreadable('this folder was read already, under another name; remove the link to it')
  if (!/\.ya?ml$/i.test(file)) return { kind: 'other', text: '' }
  if (!info?.isFile()) return unreadable(info ? 'is no regular file' : 'is a link to nothing')
  if (info.size > FILE_BYTES) return unreadable(`has ${info.size} bytes, more than the ${FILE_BYTES} that are read; split it`)
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file))
    return { kind: kindOf(file, text), text }
  } catch (error) {
    return unreadable(error instanceof TypeError ? 'is not text in UTF-8; save it as UTF-8' : 'cannot be read')
  }
}

function kindOf(file: string, text: string): FileKind {
  if (/\.cases\.ya?ml$/i.test(file)) return 'cases'
  // A rule is a map; a list at the top is a list of field mappings.
  const first = /^(?!\s*(?:#.*|---\s*|%.*)?$).*$/m.exec(text)?.[0] ?? ''
  return /^-\s/.test(first) ? 'mappings' : 'rules'
}

/** How many files of each ending, the most frequent first: `25 .md, 1 Makefile`. */
export function endings(files: readonly TreeFile[]): string {
  const counts = new Map<string, number>()
  for (const { name } of files) {
    const ending = extname(name) || basename(name)
    counts.set(ending, (counts.get(ending) ?? 0) + 1)
  }
  return [...counts]
    .toSorted((a, b) => b[1] - a[1])
    .map(([ending, count]) => `${count} ${ending}`)
    .join(', ')
}
