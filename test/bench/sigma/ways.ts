import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { compilePack, type Engine, type EngineOptions, generateModule, openPack, type PackModule, type Rule } from '@weir/sigma'

/** A rule set as `weir rules build` leaves it: a pack as JSON, and its conditions as a module. */
export interface Built {
  /** The pack's file; its module lies beside it, as `.mjs`. */
  readonly pack: string
  readonly packBytes: number
  readonly moduleBytes: number
  /** Milliseconds to compile rules that are read already, as JSON. */
  readonly ms: number
}

/** Compiles the rules both ways into a folder. */
export async function build(rules: readonly Rule[], folder: string, name: string): Promise<Built> {
  const ruleset = { rules, correlations: [], silent: new Set<string>() }
  const began = performance.now()
  const compiled = compilePack(ruleset, '0'.repeat(16))
  const json = JSON.stringify(compiled)
  const ms = performance.now() - began
  const code = generateModule(compiled)
  const pack = join(folder, `${name}.json`)
  await writeFile(pack, json)
  await writeFile(moduleOf(pack), code)
  return { pack, packBytes: Buffer.byteLength(json), moduleBytes: Buffer.byteLength(code), ms }
}

const moduleOf = (pack: string): string => pack.replace(/json$/, 'mjs')

/** The engine of a pack with its generated module, which lies beside it. */
export async function fromModule(pack: string, options: EngineOptions = {}): Promise<Engine> {
  const module = (await import(pathToFileURL(moduleOf(pack)).href)) as PackModule
  return openPack(JSON.parse(await readFile(pack, 'utf8')), { ...options, module }).engine
}
