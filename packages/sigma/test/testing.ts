// What this room's tests share.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createEngine, type Match } from '../src/engine.ts'
import { parseDocument } from '../src/parse/document.ts'
import { parseRules } from '../src/parse/yaml.ts'
import type { ParseOptions, Refusal, Rule } from '../src/rule.ts'

/** The public rules and vectors, read in place; absent outside the machine that holds them. */
export const DATA = new URL('../../../../shared/data/', import.meta.url).pathname
export const noData = !existsSync(`${DATA}sigma`)
if (noData) process.stdout.write(`skipped: the tests over public rules and logs, because ${DATA}sigma is not there\n`)

type Record = { readonly [field: string]: unknown }

/** A whole rule around a detection; `condition` defaults to the selection `sel`. */
export const documentOf = (detection: unknown, more: object = {}): object => ({
  title: 'Test',
  logsource: { product: 'test' },
  detection,
  ...more,
})

export function ruleOf(detection: unknown, options: ParseOptions = {}, more: object = {}): Rule {
  const parsed = parseDocument(documentOf(detection, more), 'test.yml', options)
  if ('refused' in parsed) throw new Error(parsed.refused.reason)
  if (!('rule' in parsed)) throw new Error('not a detection rule')
  return parsed.rule
}

/** The reason why a rule with this detection is refused; undefined when it is taken. */
export function reasonOf(detection: unknown, options: ParseOptions = {}, more: object = {}): string | undefined {
  const parsed = parseDocument(documentOf(detection, more), 'test.yml', options)
  return 'refused' in parsed ? parsed.refused.reason : undefined
}

export const matchRule = (rule: Rule, record: Record): Match | undefined =>
  createEngine([rule]).match({ logsource: { product: 'test' }, record, ocsf: {} })[0]

/** Whether a rule with one selection matches a record. */
export const matches = (selection: unknown, record: Record, options: ParseOptions = {}): boolean =>
  matchRule(ruleOf({ sel: selection, condition: 'sel' }, options), record) !== undefined

/** All rules of a folder of the public data. */
export function loadFolder(
  folder: string,
  options: ParseOptions = {},
): { readonly rules: readonly Rule[]; readonly refused: readonly Refusal[] } {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.yml'))
    .sort()
  const parsed = files.map(name => parseRules(readFileSync(`${folder}/${name}`, 'utf8'), name, options))
  return { rules: parsed.flatMap(({ rules }) => rules), refused: parsed.flatMap(({ refused }) => refused) }
}
