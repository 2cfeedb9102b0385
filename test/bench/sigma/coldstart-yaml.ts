import { loadRules } from '@weir/ingest/rules.ts'
import { type OpenPack, runRules } from '@weir/sigma'

/** Rules as `weir run` reads them. */
export async function readYaml(folders: readonly string[]): Promise<OpenPack> {
  const rules = await loadRules('.', false, folders)
  return runRules(rules, rules.pack)
}
