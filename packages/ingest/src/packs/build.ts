import { createHash } from 'node:crypto'
import { compilePack, generateModule } from '@weir/sigma'
import type { LoadedRules } from '../rules.ts'

/** Rules compiled ahead of time. */
export interface BuiltPack {
  /** What findings carry: of the rules as they were written. */
  readonly name: string
  /** The pack, as JSON: data. */
  readonly json: string
  /** SHA-256 of that JSON, 64 hexadecimal digits: what its file is called. */
  readonly sha256: string
  /** An ES module of its conditions: code, for where code is trusted. */
  readonly module: string
}

/** Compiles rules that were loaded. The same rules give the same bytes. */
export function buildPack(rules: LoadedRules): BuiltPack {
  const pack = compilePack(rules, rules.pack)
  const json = JSON.stringify(pack)
  return { name: pack.hash, json, sha256: createHash('sha256').update(json).digest('hex'), module: generateModule(pack) }
}
