import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { RULES } from '@weir/detections'
import { parseRules, type Refusal, type Rule } from '@weir/sigma'
import { DATA } from './events/real.ts'

/** Rules by the folders that they lie in. */
export interface RuleSource {
  readonly name: string
  readonly folders: readonly string[]
}

export interface Loaded {
  readonly rules: readonly Rule[]
  readonly refused: readonly Refusal[]
}

export const OURS = fileURLToPath(RULES)

/** All active rules of SigmaHQ; undefined where they are not. */
export function sigmaHq(): RuleSource | undefined {
  if (!existsSync(`${DATA}sigma`)) return undefined
  const folders = readdirSync(`${DATA}sigma`).filter(name => name.startsWith('rules'))
  return { name: 'SigmaHQ', folders: folders.toSorted().map(name => `${DATA}sigma/${name}`) }
}

/** What a deployment for AWS runs: SigmaHQ's rules for it, where they are, and Weir's own. */
export function cloudPack(): RuleSource {
  const aws = `${DATA}sigma/rules/cloud/aws`
  return { name: 'cloud pack', folders: [...(existsSync(aws) ? [aws] : []), OURS] }
}

const texts = ({ folders }: RuleSource): readonly { readonly file: string; readonly text: string }[] =>
  folders.flatMap(folder =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(name => /\.ya?ml$/.test(name) && !/\.cases\.ya?ml$/.test(name))
      .toSorted()
      .map(name => ({ file: name, text: readFileSync(`${folder}/${name}`, 'utf8') })),
  )

/** Reads every rule of the folders: what a run without a pack pays at its start. */
export function loadRules(source: RuleSource): Loaded {
  const parsed = texts(source).map(({ file, text }) => parseRules(text, file))
  return { rules: parsed.flatMap(({ rules }) => rules), refused: parsed.flatMap(({ refused }) => refused) }
}
