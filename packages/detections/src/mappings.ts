import { readdir, readFile } from 'node:fs/promises'
import { type FieldMapping, parseMappings } from '@weir/sigma'

/** Where Weir's own field mappings lie. */
const MAPPINGS = new URL('../mappings/', import.meta.url)

/** How the log sources that public rules speak of name their fields in Weir's events. Throws when one of Weir's own files is broken. */
export async function loadMappings(): Promise<readonly FieldMapping[]> {
  const names = (await readdir(MAPPINGS)).filter(name => name.endsWith('.yml')).toSorted()
  const parsed = await Promise.all(names.map(async name => parseMappings(await readFile(new URL(name, MAPPINGS), 'utf8'), name)))
  const [refusal] = parsed.flatMap(({ refused }) => refused)
  if (refusal) throw new Error(`${refusal.file}:${refusal.line}:${refusal.column}: ${refusal.reason}`)
  return parsed.flatMap(({ mappings }) => mappings)
}
