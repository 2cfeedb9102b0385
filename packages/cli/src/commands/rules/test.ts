import { existsSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { ConfigError } from '@weir/ingest'
import { parseCases } from '@weir/sigma'
import { type Command, EXIT, type World } from '../../command.ts'
import { junit, type Suite, type TestCase, writeJunit } from '../../junit.ts'
import { plain } from '../../terminal.ts'
import { masker } from './event.ts'
import { LOADING, loadSet } from './load.ts'
import { tellRefusals } from './refusals.ts'
import { type Bench, benchOf, tryCase } from './test-case.ts'

/** Rules without cases that are named. */
const SHOWN = 10
const CASES = /\.cases(\.ya?ml)$/

/** `weir rules test`: runs the cases that stand beside rules. */
export const test: Command = {
  name: 'rules test',
  summary: 'Run the cases beside the rules under PATH: events that they must and must not match.',
  usage: ['PATH...'],
  options: {
    ...LOADING,
    'require-cases': { type: 'boolean', description: 'Fail where a rule has no cases.' },
    junit: { type: 'string', value: 'FILE', description: 'Write the results as JUnit XML too, for CI.' },
  },
  help: `The cases of login.yml stand beside it in login.cases.yml:

  match:
    - name: a user signs in without a second factor
      event: { eventName: ConsoleLogin, additionalEventData: { MFAUsed: "No" } }
  ignore:
    - name: a user signs in with one
      event: { eventName: ConsoleLogin, additionalEventData: { MFAUsed: "Yes" } }

An event holds the fields of the rule's log source, as the rule sees them; secrets in it are masked first, as in a run. A rule with \`taxonomy: ocsf\`
takes an OCSF event, or a record of a source that ingest knows, which is then mapped. A correlation's case has events: [{ at, event }] instead,
with \`times\` and \`every\` to repeat one, and says what it must find: \`windows: N\`, \`groups: [{ field: value }]\`. In a file with several rules
a case says which it is for: \`rule: NAME\`.

Exit code 3 when a case fails, or when a rule or a case cannot be read.`,
  async run(args, world) {
    if (args.positionals.length === 0) throw new ConfigError('rules test: name the files or folders to test')
    const paths = args.positionals.map(path => (CASES.test(path) ? ruleFileOf(path, world) : path))
    const set = await loadSet(world, paths, args, { builtin: false, option: 'PATH' })
    const bench = benchOf(set, masker(), world.terminal)
    const files = await filesUnder(paths, world)
    const suites: Suite[] = []
    const without: string[] = []
    for (const { rules, cases } of files) {
      if (world.signal.aborted) return EXIT.interrupted
      const suite = await tryFile(rules, cases, bench, world)
      if (suite.cases.length > 0) suites.push(suite)
      else if (bench.set.rules.some(({ file }) => file === rules) || bench.set.correlations.some(({ file }) => file === rules))
        without.push(rules)
      world.terminal.progress(`${suites.length + without.length} of ${files.length} files`)
    }
    world.terminal.progress('')
    const required = args.flag('require-cases')
    if (required)
      for (const file of without)
        suites.push({ name: file, cases: [{ name: 'has cases', group: file, file, failure: 'has no cases' }] })
    return report(suites, without, required, args.text('junit'), tellRefusals(set.refused, world), world)
  },
}

/** Cases that are named themselves are those of the rule beside them. */
function ruleFileOf(path: string, { cwd }: World): string {
  const rule = path.replace(CASES, '$1')
  if (!existsSync(resolve(cwd, rule))) throw new ConfigError(`${path}: there is no rule ${rule} beside it`)
  return rule
}

/** Rule files with the cases beside them, and cases beside which there is no rule; relative to `cwd`. */
async function filesUnder(
  paths: readonly string[],
  { cwd }: World,
): Promise<readonly { readonly rules: string; readonly cases?: string }[]> {
  const found = new Map<string, string | undefined>()
  for (const path of paths) {
    const root = resolve(cwd, path)
    const all = (await stat(root)).isDirectory()
      ? (await readdir(root, { recursive: true, withFileTypes: true }))
          .filter(entry => entry.isFile())
          .map(entry => join(entry.parentPath, entry.name))
      : [root, ...[root.replace(/(\.ya?ml)$/, '.cases$1')].filter(beside => beside !== root && existsSync(beside))]
    for (const file of all.filter(each => /\.ya?ml$/.test(each))) {
      const name = relative(cwd, file) || file
      if (CASES.test(name)) found.set(name.replace(CASES, '$1'), name)
      else if (!found.has(name)) found.set(name, undefined)
    }
  }
  return [...found]
    .map(([rules, cases]) => ({ rules, ...(cases === undefined ? {} : { cases }) }))
    .toSorted((a, b) => (a.rules < b.rules ? -1 : 1))
}

async function tryFile(rules: string, cases: string | undefined, bench: Bench, { cwd }: World): Promise<Suite> {
  const results: TestCase[] = []
  if (cases === undefined) return { name: rules, cases: results }
  if (!existsSync(resolve(cwd, rules))) {
    return {
      name: cases,
      cases: [{ name: 'stands beside a rule', group: cases, file: cases, failure: `there is no rule ${rules} beside it` }],
    }
  }
  const documents = [...bench.set.rules, ...bench.set.correlations].filter(({ file }) => file === rules)
  const group = documents.length === 1 && documents[0] ? documents[0].meta.title : rules
  const parsed = parseCases(await readFile(resolve(cwd, cases), 'utf8'), cases)
  for (const { line, rule, reason } of parsed.refused) {
    results.push({ name: rule || 'can be read', group, file: cases, line, failure: reason })
  }
  for (const key of ['match', 'ignore'] as const) {
    for (const one of parsed[key]) {
      const failure = await tryCase(key === 'match', one, documents, bench)
      const result = { name: `${key}: ${one.name}`, group, file: cases, line: one.line }
      results.push(failure ? { ...result, failure: failure.join('\n') } : result)
    }
  }
  return { name: rules, cases: results }
}

async function report(
  suites: readonly Suite[],
  without: readonly string[],
  required: boolean,
  file: string | undefined,
  refused: number,
  { cwd, out, terminal }: World,
): Promise<number> {
  const all = suites.flatMap(({ cases }) => cases)
  const failed = all.filter(({ failure }) => failure !== undefined)
  for (const { name, file: place = '', line, failure = '' } of failed) {
    const at = line === undefined ? place : `${place}:${line}`
    out.write(`${terminal.paint('red', 'failed')} ${plain(`${at} "${name}"`)}\n`)
    for (const text of failure.split('\n')) out.write(`       ${text}\n`)
  }
  if (!required) {
    for (const name of without.slice(0, SHOWN)) terminal.line(`${terminal.paint('yellow', 'no cases')} ${plain(name)}`)
    if (without.length > SHOWN) terminal.line(`… and ${without.length - SHOWN} files more without cases`)
  }
  terminal.line(
    `${count(all.length, 'case')} of ${count(suites.length, 'file')}: ${all.length - failed.length} passed, ${failed.length} failed; ${count(without.length, 'file')} without cases`,
  )
  if (file !== undefined) await writeJunit(resolve(cwd, file), file, junit('weir rules test', suites))
  return failed.length > 0 ? EXIT.found : refused
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`
