import type { Files, Stat } from '../host/host.ts'

/** A file's text or bytes, a link, or something that cannot be read. */
export type Entry = string | Uint8Array | { readonly link: string }

/** Files in memory for tests, by path; folders are where files are. `space` is that of every path. Counts what is asked. */
export function memoryFiles(
  tree: Record<string, Entry>,
  space = { bytes: 1_000, used: 0 },
): Files & { readonly asked: { read: number; names: number; stat: number }; space: Files['space'] } {
  const asked = { read: 0, names: 0, stat: 0 }
  const bytesOf = (path: string): Buffer | undefined => {
    const entry = tree[path]
    return typeof entry === 'string' || entry instanceof Uint8Array ? Buffer.from(entry) : undefined
  }
  const namesIn = (folder: string): string[] => {
    const base = folder.endsWith('/') ? folder : `${folder}/`
    const names = new Set<string>()
    for (const path in tree) if (path.startsWith(base)) names.add(path.slice(base.length).split('/', 1)[0] ?? '')
    return [...names].sort()
  }
  return {
    asked,
    read(path, max, from = 0) {
      asked.read++
      return bytesOf(path)?.subarray(from, from + max)
    },
    names(folder) {
      asked.names++
      return namesIn(folder)
    },
    target(link) {
      const entry = tree[link]
      return typeof entry === 'object' && 'link' in entry ? entry.link : ''
    },
    stat(path): Stat | undefined {
      asked.stat++
      const bytes = bytesOf(path)
      if (bytes) return { kind: 'file', bytes: bytes.length, modified: Date.UTC(2026, 0, 1) }
      if (Object.hasOwn(tree, path)) return { kind: 'other', bytes: 0, modified: 0 }
      return namesIn(path).length > 0 ? { kind: 'folder', bytes: 0, modified: 0 } : undefined
    },
    space: () => space,
    folder: () => false,
    create: () => undefined,
    remove: () => false,
  }
}
