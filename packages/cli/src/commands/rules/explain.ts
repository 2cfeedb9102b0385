import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { ConfigError, type Event, sources } from '@weir/ingest'
import {
  createEngine,
  explain as explainRule,
  type Explanation,
  type LogSource,
  type Rule,
  type RuleSet,
  type SigmaEvent,
} from '@weir/sigma'
import { isCases } from '@weir/ingest/rule-files.ts'
import { type Arguments, type Command, EXIT, type World } from '../../command.ts'
import { openSources, type Source } from '../../read.ts'
import { paintOf } from '../../output.ts'
import { counted, plain } from '../../terminal.ts'
import { isKnown, LOGSOURCE, logsourceOf, type Read, readEvents } from './event.ts'
import { explanationLines, painted } from './explain-lines.ts'
import { basesOf, type Document, LOADING, loadSet, named } from './load.ts'
import { tellRefusals } from './refusals.ts'

/** `weir rules explain`: why a rule matches an event, or does not. */
export const explain: Command = {
  name: 'rules explain',
  summary: 'Say why a rule matches an event or does not, field by field.',
  usage: ['RULE EVENT', 'RULE - < EVENT'],
  options: {
    ...LOADING,
    line: { type: 'string', value: 'N', description: 'Take the Nth event; otherwise the first that matches, or the first.' },
    ...LOGSOURCE,
    json: { type: 'boolean', description: 'One JSON object a rule on standard output.' },
  },
  help: `RULE is a rule file, or the id, name or title of a loaded rule. EVENT is a file, - for standard input, or inline JSON; a file may hold
many events, as anything that \`weir run\` reads. An event of a source that ingest does not know is taken as being of the rule's log source.

examples:
  weir rules explain rules/login.yml '{"eventName": "ConsoleLogin"}'
  weir rules explain "CloudTrail stopped or deleted" trail.json.gz --line 12`,
  async run(args, world) {
    const [given, from, ...more] = args.positionals
    if (given === undefined || from === undefined || more.length > 0)
      throw new ConfigError('rules explain: name a rule and an event; quote inline JSON')
    if (from === '')
      throw new ConfigError('rules explain: EVENT is empty; name a file, - for standard input, or give inline JSON')
    const line = lineOf(args.text('line'))
    const assumed = logsourceOf(args.text('logsource'))
    const chosen = await choose(given, args, world)
    const found = chosen.rules.length > 0 ? await find(chosen.rules, from, line, assumed, world) : []
    if (!found) return EXIT.interrupted
    for (const [index, each] of found.entries()) {
      if (index > 0 && !args.flag('json')) world.out.write('\n')
      tell(each, args, world)
    }
    if (found.some(each => each.assumed)) {
      world.terminal.line(
        'The event is of no source that ingest knows: a run has no log source for it. It was taken as one that the rule is for.',
      )
    }
    return tellRefusals(chosen.refused, world)
  },
}

/** The rules of a file, or the loaded one that is named. Of a correlation, those that it counts. */
async function choose(given: string, args: Arguments, world: World): Promise<Pick<RuleSet, 'rules' | 'refused'>> {
  const path = resolve(world.cwd, given)
  const found = statSync(path, { throwIfNoEntry: false })
  const file = found !== undefined
  if (found?.isDirectory())
    throw new ConfigError(`${given}: is a folder; name one of its files, or a rule: --rules ${given} loads them`)
  if (file && isCases(given))
    throw new ConfigError(`${given}: holds cases; \`weir rules test ${given}\` runs them, and explains the rule beside it`)
  const set = await loadSet(world, file ? [given] : [], args, { builtin: !file, option: 'RULE' })
  const all: readonly Document[] = [...set.rules, ...set.correlations]
  const one = file ? undefined : named(all, given)
  const chosen = file ? all.filter(each => resolve(world.cwd, each.file) === path) : one ? [one] : []
  const correlations = chosen.filter(each => 'references' in each)
  for (const { meta } of correlations)
    world.terminal.line(`"${plain(meta.title)}" is a correlation: the rules that it counts are explained.`)
  const wanted = new Set([...chosen, ...correlations.flatMap(each => basesOf(each, set))].map(({ meta }) => meta.id))
  const rules = set.rules.filter(({ meta }) => wanted.has(meta.id))
  if (rules.length > 0 || (file && set.refused.length > 0)) return { rules, refused: file ? set.refused : [] }
  if (file) throw new ConfigError(`${given}: holds no rule`)
  throw new ConfigError(`there is no file ${given}, and no loaded rule has that id, name or title; --rules PATH loads more`)
}

/** A rule with the event on which it was tried. */
interface Found {
  readonly rule: Rule
  readonly explanation: Explanation
  readonly event: Event
  /** Which of the events it is, for people. */
  readonly place: string
  /** Nobody knows where the event comes from: the rule's own log source was taken. */
  readonly assumed: boolean
}

/** What a rule is explained on, and whether the engine says that it matches. */
interface Chosen {
  readonly event: Event
  readonly at: number
  readonly matches: boolean
}

/**
 * The Nth event, or of each rule the first that matches, or the first. Reads no further than it must; undefined when it was interrupted before that.
 * The engine looks for the event, and only that one is explained.
 */
async function find(
  rules: readonly Rule[],
  from: string,
  line: number | undefined,
  logsource: LogSource | undefined,
  world: World,
): Promise<readonly Found[] | undefined> {
  const trials = rules.map(rule => ({ rule, engine: createEngine([rule]) }))
  const chosen = new Map<Rule, Chosen>()
  let at = 0
  let wrong = ''
  reading: for await (const read of events(from, world)) {
    for (const { reason, detail } of read.quarantined) wrong ||= ` (${reason}: ${detail})`
    for (const event of read.events) {
      if (++at < (line ?? 1)) continue
      for (const { rule, engine } of trials) {
        const before = chosen.get(rule)
        if (before?.matches) continue
        const matches = engine.match(seenBy(rule, event, logsource)).length > 0
        if (!before || matches) chosen.set(rule, { event, at, matches })
      }
      if (line !== undefined || rules.every(rule => chosen.get(rule)?.matches)) break reading
    }
    if (world.signal.aborted) break
  }
  const settled = chosen.size > 0 && (line !== undefined || rules.every(rule => chosen.get(rule)?.matches))
  if (world.signal.aborted && !settled) {
    world.terminal.line(`interrupted after ${counted(at, 'event')}: whether one matches is not known`)
    return undefined
  }
  if (chosen.size === 0) {
    throw new ConfigError(
      at > 0
        ? `--line ${line}: there ${at === 1 ? 'is' : 'are'} ${counted(at, 'event')}`
        : `EVENT holds no event that can be read${wrong}`,
    )
  }
  return rules.flatMap((rule): Found[] => {
    const one = chosen.get(rule)
    if (!one) return []
    const explanation = explainRule(rule, seenBy(rule, one.event, logsource))
    const assumed = logsource === undefined && !isKnown(one.event)
    return [{ rule, explanation, event: one.event, place: placeOf(one, at, line), assumed }]
  })
}

function placeOf({ at, matches }: Chosen, of: number, line: number | undefined): string {
  if (line !== undefined) return `event ${at}`
  if (of === 1) return 'the event'
  return matches ? `event ${at}, the first that it matches` : `event ${at} of ${of}, none of which it matches`
}

/** An event of a source that nobody knows is of the given log source, or of the rule's own. */
function seenBy(rule: Rule, event: Event, logsource: LogSource | undefined): SigmaEvent {
  return {
    logsource: isKnown(event) ? event.logsource : (logsource ?? rule.logsource),
    record: event.record,
    ocsf: rule.taxonomy === 'ocsf' ? event.ocsf : {},
  }
}

async function* events(from: string, world: World): AsyncGenerator<Read> {
  const inline = /^\s*[{[]/.test(from)
  const [source] = inline ? [{ name: 'the command line', size: 0 } satisfies Source] : await openSources([from], world.cwd)
  if (source)
    yield* readEvents(source, Object.keys(sources), inline ? { ...world, stdin: Readable.from([Buffer.from(from)]) } : world)
}

function tell({ rule, explanation, event, place, assumed }: Found, args: Arguments, { out }: World): void {
  const { id, title } = rule.meta
  if (args.flag('json')) {
    const about = { rule: { id, title, file: rule.file }, event: { uid: event.uid, source: event.source, assumed } }
    out.write(`${JSON.stringify({ ...about, ...explanation })}\n`)
    return
  }
  const paint = paintOf(out)
  const verdict = explanation.matches ? paint('green', 'matches') : paint('red', 'does not match')
  out.write(`"${plain(title)}" ${verdict} ${place}\n`)
  for (const line of explanationLines(explanation)) out.write(`${painted(line, paint)}\n`)
}

function lineOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new ConfigError(`--line: expected a number from 1 on, got "${text}"`)
  return Number(text)
}
