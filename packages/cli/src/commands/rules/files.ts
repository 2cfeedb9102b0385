import { stat } from 'node:fs/promises'
import { basename, extname, relative, resolve, sep } from 'node:path'
import { ConfigError } from '@weir/ingest'
import { isCases, isYaml, readText, type Walked, walkTree } from '@weir/ingest/rule-files.ts'
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

/**
 * Every file under the paths, in order; nothing is left out, and links are followed. What lies in a folder and does not end in .yml or .yaml is
 * `other`. Throws `ConfigError` for a path that is not there or holds no YAML.
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
    let other = true
    for await (const found of folder ? walkTree(root) : [{ file: root, folder: false }]) {
      const { file } = found
      const within = folder ? relative(root, file) || '.' : basename(file)
      const one = folder && !found.folder && !isYaml(file) ? OTHER : await read(found)
      other &&= one.kind === 'other'
      files.push({ ...one, name: relative(cwd, file) || file, within: within.split(sep).join('/') })
      if (files.length % 100 === 0) terminal.progress(`${files.length} files`)
    }
    if (other) throw new ConfigError(`${path}: holds no .yml file`)
  }
  return files
}

type Content = Pick<TreeFile, 'kind' | 'text'>
const OTHER: Content = { kind: 'other', text: '' }

async function read({ file, reason }: Walked): Promise<Content> {
  if (reason !== undefined) return { kind: 'unreadable', text: reason }
  const content = await readText(file)
  return 'reason' in content
    ? { kind: 'unreadable', text: content.reason }
    : { kind: kindOf(file, content.text), text: content.text }
}

function kindOf(file: string, text: string): FileKind {
  if (isCases(file)) return 'cases'
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
