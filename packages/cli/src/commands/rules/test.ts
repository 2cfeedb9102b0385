import { parseCases } from '@weir/sigma'
import { ConfigError } from '@weir/ingest'
import { type Command, EXIT, type World } from '../../command.ts'
import { junit, type Suite, type TestCase } from '../../junit.ts'
import { paintOf } from '../../output.ts'
import { counted, plain } from '../../terminal.ts'
import { writeFor } from '../../write.ts'
import { masker } from './event.ts'
import { painted } from './explain-lines.ts'
import { LOADING, loadSet } from './load.ts'
import { refusedSuites, tellRefusals } from './refusals.ts'
import { type Bench, benchOf, idle, tryCase } from './test-case.ts'
import { type Beside, findCases, namedFiles } from './test-files.ts'

/** Rules without cases that are named. */
const SHOWN = 10
/** Of a line of a failure, characters. */
const LINE_LENGTH = 2_000

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
    const named = namedFiles(args.positionals, world)
    const set = await loadSet(world, named.rules, args, { builtin: false, option: 'PATH' })
    const { beside, without } = await findCases(named.files, set, world)
    const bench = benchOf(set, masker())
    const suites: Suite[] = []
    for (const each of beside) {
      if (world.signal.aborted) return EXIT.interrupted
      suites.push(await tryFile(each, bench))
      world.terminal.progress(`${suites.length} of ${counted(beside.length, 'file')}`)
    }
    world.terminal.progress('')
    const required = args.flag('require-cases')
    if (required) suites.push(...without.map(withoutCases))
    const refused = tellRefusals(set.refused, world)
    const failed = tell(suites, without, required, world)
    const file = args.text('junit')
    if (file !== undefined)
      await writeFor('--junit', file, junit('weir rules test', [...suites, ...refusedSuites(set.refused)]), world)
    return failed > 0 ? EXIT.found : refused
  },
}

const withoutCases = (file: string): Suite => ({
  name: file,
  cases: [{ name: 'has cases', group: file, file, failure: 'has no cases' }],
})

async function tryFile({ cases: { name: file, kind, text }, rules, documents }: Beside, bench: Bench): Promise<Suite> {
  const name = rules ?? file
  const failed = (what: string, failure: string): Suite => ({ name, cases: [{ name: what, group: name, file, failure }] })
  if (kind === 'unreadable') return failed('can be read', text)
  if (rules === undefined)
    return failed('stands beside a rule', `there is no rule ${plain(file.replace(/\.cases(?=\.\w+$)/i, ''))} beside it`)
  const group = documents.length === 1 && documents[0] ? documents[0].meta.title : name
  const parsed = parseCases(text, file)
  const results = parsed.refused.map(
    ({ line, rule, reason }): TestCase => ({
      name: rule || 'can be read',
      group,
      file,
      line,
      failure: plain(reason, LINE_LENGTH),
    }),
  )
  for (const key of ['match', 'ignore'] as const) {
    for (const one of parsed[key]) {
      const lines = await tryCase(key === 'match', one, documents, bench)
      const result = { name: `${key}: ${one.name}`, group, file, line: one.line }
      const note = idle(key === 'match', one, documents)
      if (lines) results.push({ ...result, failure: lines.map(line => plain(line, LINE_LENGTH)).join('\n') })
      else results.push(note === undefined ? result : { ...result, output: note })
    }
  }
  return { name, cases: results }
}

/** The answer is how many cases failed. */
function tell(suites: readonly Suite[], without: readonly string[], required: boolean, { out, terminal }: World): number {
  const paint = paintOf(out)
  const all = suites.flatMap(({ cases }) => cases)
  const failed = all.filter(({ failure }) => failure !== undefined)
  for (const { name, file = '', line, failure = '' } of failed) {
    const at = line === undefined ? file : `${file}:${line}`
    out.write(`${paint('red', 'failed')} ${plain(`${at} "${name}"`)}\n`)
    for (const text of failure.split('\n')) out.write(`       ${painted(text, paint)}\n`)
  }
  for (const { name, file = '', line = 1, output } of all)
    if (output !== undefined)
      terminal.line(`${terminal.paint('yellow', 'idle')} ${plain(`${file}:${line} "${name}": ${output}`)}`)
  if (!required) {
    for (const name of without.slice(0, SHOWN)) terminal.line(`${terminal.paint('yellow', 'no cases')} ${plain(name)}`)
    if (without.length > SHOWN) terminal.line(`… and ${counted(without.length - SHOWN, 'file')} more without cases`)
  }
  terminal.line(
    `${counted(all.length, 'case')} of ${counted(suites.length, 'file')}: ${all.length - failed.length} passed, ${failed.length} failed; ${counted(without.length, 'file')} without cases`,
  )
  return failed.length
}
