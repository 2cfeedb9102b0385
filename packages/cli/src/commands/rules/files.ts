import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, extname, join, relative, resolve, sep } from 'node:path'
import { ConfigError } from '@weir/ingest'
import type { World } from '../../command.ts'

/** What a file of a rule tree is taken for: rule files are read as rules, the others for what they are. */
export type FileKind = 'rules' | 'cases' | 'mappings' | 'other'

export interface TreeFile {
  readonly kind: FileKind
  /** Relative to the working directory: what messages say. */
  readonly name: string
  /** Relative to the PATH that holds it, with `/`: the same wherever the tree lies. */
  readonly within: string
  /** '' for what is no YAML. */
  readonly text: string
}

/**
 * Every file under the paths, in order; nothing is left out. What does not end in .yml or .yaml is `other`. Throws `ConfigError` for a path
 * that is not there.
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
    const found = info.isDirectory() ? await under(root) : [root]
    for (const file of found) {
      const yaml = /\.ya?ml$/.test(file)
      const text = yaml ? await readFile(file, 'utf8') : ''
      const within = info.isDirectory() ? relative(root, file) : basename(file)
      files.push({
        kind: yaml ? kindOf(file, text) : 'other',
        name: relative(cwd, file) || file,
        within: within.split(sep).join('/'),
        text,
      })
      if (files.length % 100 === 0) terminal.progress(`${files.length} files`)
    }
  }
  return files
}

async function under(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => !entry.isDirectory())
    .map(entry => join(entry.parentPath, entry.name))
    .toSorted()
}

function kindOf(file: string, text: string): FileKind {
  if (/\.cases\.ya?ml$/.test(file)) return 'cases'
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
