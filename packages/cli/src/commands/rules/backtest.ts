import { ConfigError, oneOf, sources } from '@weir/ingest'
import type { Refusal, RuleSet } from '@weir/sigma'
import { type Command, EXIT, type World } from '../../command.ts'
import { junit, type TestCase } from '../../junit.ts'
import { openSources, type Source } from '../../read.ts'
import { paintOf } from '../../output.ts'
import { complain, counted, plain, table } from '../../terminal.ts'
import { writeFor } from '../../write.ts'
import { History } from './backtest-history.ts'
import type { Hits, Sample } from './backtest-tally.ts'
import { LOGSOURCE, logsourceOf, readEvents } from './event.ts'
import { LOADING, loadSet } from './load.ts'
import { refusedSuites, tellRefusals } from './refusals.ts'

const SAMPLES = 3
/** Rules without a hit that are named. */
const SHOWN = 20
const SAMPLE_LENGTH = 300
/** The last moment that a Date can hold. */
const LAST_TIME = 8.64e15

/** `weir rules backtest`: what rules would have found in a history. */
export const backtest: Command = {
  name: 'rules backtest',
  summary: 'Count what rules find in log files, with samples.',
  usage: ['RULES FILE...', 'RULES - < FILE'],
  options: {
    ...LOADING,
    builtin: { type: 'boolean', description: "Weir's own pack too." },
    samples: { type: 'string', value: 'N', description: `Hits shown of each rule; ${SAMPLES} unless given.` },
    'max-hits': { type: 'string', value: 'N', description: 'Fail where a rule hits more often.' },
    source: {
      type: 'string',
      multiple: true,
      value: 'NAME',
      description: `Recognize only these: ${Object.keys(sources).join(', ')}.`,
    },
    ...LOGSOURCE,
    json: { type: 'boolean', description: 'One JSON object a rule on standard output.' },
    junit: {
      type: 'string',
      value: 'FILE',
      description: 'Write a test case for each rule as JUnit XML too; it fails above --max-hits.',
    },
  },
  help: `RULES is a file or a folder of Sigma rules and correlations. FILE is anything that \`weir run\` reads. Correlations see the events in the order of
their time, whatever the order of the files, and windows that are open at the end are closed.

examples:
  weir rules backtest rules/ cloudtrail/2026/*.json.gz
  weir rules backtest rules/new.yml trail.json --max-hits 0 --junit report.xml

Exit codes: 0 done, 1 a file could not be read to its end, 2 wrong usage, 3 a rule is refused or hits more often than --max-hits,
4 done, but part of the input is unreadable, 130 interrupted: what is printed is of what was read.`,
  async run(args, world) {
    const [rules, ...files] = args.positionals
    if (rules === undefined || files.length === 0)
      throw new ConfigError('rules backtest: name the rules, then the log files, or - for standard input')
    const samples = count(args.text('samples'), '--samples') ?? SAMPLES
    const most = count(args.text('max-hits'), '--max-hits')
    const allowed = allowedSources(args.texts('source'))
    const opened = await openSources(files, world.cwd)
    const set = await loadSet(world, [rules], args, { builtin: args.flag('builtin'), option: 'RULES' })
    tellRefusals(set.refused, world)
    const began = performance.now()
    const history = new History(set, samples, logsourceOf(args.text('logsource')))
    const failures = await readAll(opened, allowed, history, world)
    await history.finish()
    world.terminal.progress('')
    const all = history.hits()
    if (args.flag('json')) for (const hits of all) world.out.write(`${JSON.stringify(jsonOf(hits))}\n`)
    else tell(all, world)
    const report = args.text('junit')
    if (report !== undefined) await writeFor('--junit', report, reportOf(all, most, set.refused), world)
    const exceeded = all.filter(({ hits }) => hits > (most ?? Number.POSITIVE_INFINITY))
    for (const { meta, hits } of exceeded)
      complain(world.terminal, `"${meta.title}" hits ${counted(hits, 'time')}, more than --max-hits ${most}`)
    tellEnd(history, set, performance.now() - began, world)
    if (failures > 0) return EXIT.failed
    if (world.signal.aborted) return EXIT.interrupted
    if (exceeded.length > 0 || set.refused.length > 0) return EXIT.found
    return history.quarantined.records > 0 ? EXIT.partial : EXIT.ok
  },
}

/** Names of sources; all of them when none is given. */
function allowedSources(names: readonly string[]): readonly string[] {
  const known = Object.keys(sources)
  for (const name of names) if (!known.includes(name)) throw new ConfigError(oneOf(name, known, 'unknown source'))
  return names.length > 0 ? names : known
}

async function readAll(files: readonly Source[], allowed: readonly string[], history: History, world: World): Promise<number> {
  let failures = 0
  for (const file of files) {
    if (world.signal.aborted) break
    try {
      for await (const read of readEvents(file, allowed, world)) {
        await history.take(read, file.name)
        const part =
          file.size > 0
            ? `${Math.min(100, Math.floor((read.bytesRead / file.size) * 100))} %`
            : `${(read.bytesRead / 1e6).toFixed(1)} MB`
        world.terminal.progress(
          `${plain(file.name)}: ${part}, ${counted(history.events, 'event')}, ${counted(history.found, 'hit')}`,
        )
      }
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      failures++
      complain(world.terminal, error.message) // what the other files hold is worth as much
    }
  }
  return failures
}

/** Most severe first, of one level the most hits. */
function tell(all: readonly Hits[], { out }: World): void {
  const paint = paintOf(out)
  const hit = all.filter(({ hits }) => hits > 0)
  const rows = hit.map(({ meta, hits, groups, moreGroups, first = 0, last = 0 }) => [
    meta.level,
    counted(hits, 'hit'),
    `${groups}${moreGroups ? '+' : ''} ${groups === 1 ? 'group' : 'groups'}`,
    `${timeOf(first)} – ${timeOf(last)}`,
    plain(meta.title),
  ])
  for (const [index, line] of table(rows).entries()) {
    out.write(`${line}\n`)
    for (const sample of hit[index]?.samples ?? []) out.write(`  ${paint('gray', sampleLine(sample))}\n`)
    const inexact = hit[index]?.inexact ?? 0
    if (inexact > 0) out.write(`  ${inexact} of them inexact: events came late, or were too many to keep\n`)
  }
  const never = all.filter(({ hits }) => hits === 0)
  if (never.length > 0) out.write(`${counted(never.length, 'rule')} of ${all.length} never hit\n`)
  for (const { meta, file } of never.slice(0, SHOWN)) out.write(`  ${plain(`${meta.title} (${file})`)}\n`)
  if (never.length > SHOWN) out.write(`  … and ${never.length - SHOWN} more; --json lists each\n`)
}

function tellEnd(history: History, { rules, correlations }: RuleSet, ms: number, { terminal }: World): void {
  for (const line of history.quarantined.lines()) terminal.line(line)
  if (history.homeless > 0) {
    const what = history.homeless === 1 ? '1 event is' : `${history.homeless} events are`
    terminal.line(`${what} of no source that ingest knows: no rule with a log source was tried; --logsource says what they are`)
  }
  const rate = Math.round(history.events / Math.max(ms / 1_000, 0.001))
  terminal.line(
    `${counted(history.events, 'event')}, ${counted(rules.length + correlations.length, 'rule')}, ${counted(history.found, 'hit')} in ${(ms / 1_000).toFixed(1)} s: ${rate} events/s`,
  )
}

function sampleLine({ time, about, file, evidence }: Sample): string {
  const fields = Object.entries(evidence).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return plain([timeOf(time), about, file, ...fields].filter(Boolean).join(' '), SAMPLE_LENGTH)
}

function jsonOf({ meta, kind, file, hits, first, last, groups, moreGroups, inexact, samples }: Hits): object {
  const { id, title, level } = meta
  const times = first === undefined || last === undefined ? {} : { first: timeOf(first), last: timeOf(last) }
  const shown = samples.map(sample => ({ ...sample, time: timeOf(sample.time) }))
  return {
    kind,
    id,
    title,
    level,
    file,
    hits,
    ...times,
    groups,
    ...(moreGroups ? { moreGroups } : {}),
    ...(inexact > 0 ? { inexact } : {}),
    samples: shown,
  }
}

function reportOf(all: readonly Hits[], most: number | undefined, refused: readonly Refusal[]): string {
  const cases = all.map(({ meta, file, hits, samples }): TestCase => {
    const [text, shown] = [counted(hits, 'hit'), samples.map(sampleLine)]
    const exceeded = most !== undefined && hits > most
    return {
      name: meta.title,
      group: meta.id,
      file,
      ...(exceeded ? { failure: [`${text}, more than ${most}`, ...shown].join('\n') } : { output: [text, ...shown].join('\n') }),
    }
  })
  return junit('weir rules backtest', [{ name: 'backtest', cases }, ...refusedSuites(refused)])
}

function count(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw new ConfigError(`${option}: expected a whole number, got "${text}"`)
  return Number(text)
}

/** Without the milliseconds where there are none. */
function timeOf(time: number): string {
  return Math.abs(time) <= LAST_TIME ? new Date(time).toISOString().replace('.000Z', 'Z') : String(time)
}
