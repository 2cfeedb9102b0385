import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { compilePack, type Engine, type EngineOptions, generateModule, openModule, type PackModule, type Rule } from '@weir/sigma'

/** A rule set as `weir rules build` leaves it: a pack as JSON, and as a module. */
export interface Built {
  readonly pack: string
  readonly module: string
  readonly packBytes: number
  readonly moduleBytes: number
  /** Milliseconds to compile rules that are read already, as JSON. */
  readonly ms: number
}

/** Compiles the rules both ways into a folder. */
export async function build(rules: readonly Rule[], folder: string, name: string): Promise<Built> {
  const ruleset = { rules, correlations: [], silent: new Set<string>() }
  const began = performance.now()
  const json = JSON.stringify(compilePack(ruleset))
  const ms = performance.now() - began
  const code = generateModule(ruleset)
  const [pack, module] = [join(folder, `${name}.json`), join(folder, `${name}.mjs`)]
  await writeFile(pack, json)
  await writeFile(module, code)
  return { pack, module, packBytes: Buffer.byteLength(json), moduleBytes: Buffer.byteLength(code), ms }
}

/** The engine of a generated module. */
export async function fromModule(file: string, options: EngineOptions = {}): Promise<Engine> {
  return openModule((await import(pathToFileURL(file).href)) as PackModule, options).engine
}
