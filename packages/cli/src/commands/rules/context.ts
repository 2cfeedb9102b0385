import { resolve } from 'node:path'
import { ConfigError, readConfigFile, readRuleContext, refusalLine } from '@weir/ingest'
import type { FieldMapping, ParseOptions } from '@weir/sigma'
import type { World } from '../../command.ts'

/** What rules are read with, beside their own text. */
export interface RuleContext {
  readonly options: ParseOptions
  readonly mappings: readonly FieldMapping[]
}

/** Weir's own field mappings, and what a `weir.yaml` gives to rules. Throws `ConfigError`. */
export async function readContext(world: World, file: string | undefined): Promise<RuleContext> {
  const inputs = file === undefined ? {} : (await readConfigFile(resolve(world.cwd, file))).rules
  const { options, mappings, refused } = await readRuleContext(world.cwd, inputs)
  if (refused.length > 0) throw new ConfigError(refused.map(refusalLine).join('\n'))
  return { options, mappings }
}
