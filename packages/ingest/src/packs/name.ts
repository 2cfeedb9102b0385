import { createHash } from 'node:crypto'
import type { Parsed } from '@weir/sigma'

/**
 * Names a pack by what it holds: 16 hexadecimal digits of the SHA-256 of its documents as they were written, in their order, and of the field
 * mappings and placeholders that they are read with. So `weir run` over YAML and a function with a pack of the same rules say the same in their
 * findings, whichever version of Weir compiled it.
 */
export function packName({ rules, correlations, filters, mappings = [], placeholders = {} }: Omit<Parsed, 'refused'>): string {
  const hash = createHash('sha256')
  for (const { document } of [...rules, ...correlations, ...filters]) hash.update(`${JSON.stringify(document)}\n`)
  if (mappings.length > 0 || Object.keys(placeholders).length > 0) hash.update(JSON.stringify([mappings, placeholders]))
  return hash.digest('hex').slice(0, 16)
}
