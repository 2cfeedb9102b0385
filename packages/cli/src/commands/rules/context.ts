import { resolve } from 'node:path'
import { readConfigFile } from '@weir/ingest'
import type { FieldMapping, ParseOptions } from '@weir/sigma'
import type { World } from '../../command.ts'

/** What rules are read with, beside their own text. */
export interface RuleContext {
  readonly options: ParseOptions
  readonly mappings: readonly FieldMapping[]
}

/** What a `weir.yaml` gives to rules; nothing without one. Throws `ConfigError`. */
export async function readContext(world: World, file: string | undefined): Promise<RuleContext> {
  if (file === undefined) return { options: {}, mappings: [] }
  await readConfigFile(resolve(world.cwd, file))
  return { options: {}, mappings: [] }
}
