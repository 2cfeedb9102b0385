import { memoryState } from '@weir/ingest'
import {
  type Case,
  type CorrelationMatch,
  type CorrelationRule,
  covers,
  createCorrelator,
  createEngine,
  type Engine,
  type EventCase,
  explain,
  type LogSource,
  type Match,
  type Observation,
  type Rule,
  type RuleSet,
  type SequenceCase,
  type SequenceEvent,
  type SigmaEvent,
} from '@weir/sigma'
import { counted } from '../../terminal.ts'
import { eventFor, type Mask } from './event.ts'
import { explanationLines, textOf } from './explain-lines.ts'
import { basesOf, correlationsOf, type Document, named } from './load.ts'

/** What cases are tried with. */
export interface Bench {
  readonly set: RuleSet
  readonly engine: Engine
  readonly mask: Mask
}

export function benchOf(set: RuleSet, mask: Mask): Bench {
  return { set, engine: createEngine(set.rules), mask }
}

/** When the first event of a sequence happens: midnight, so that windows begin where one would draw them. */
const BEGIN = Date.UTC(2026, 0, 1)
/** How often windows are closed at the end of a sequence before it is called endless. */
const CLOSINGS = 10_000
const CLOSED_AT_ONCE = 1_000
/** Windows and events that a failure names. */
const SHOWN = 5

/** Runs one case through the engine as a run would. The answer is why it failed, line by line, in texts of the rule's and the case's author; undefined when it passed. */
export async function tryCase(
  found: boolean,
  one: Case,
  documents: readonly Document[],
  bench: Bench,
): Promise<readonly string[] | undefined> {
  const sequence = 'events' in one
  const kind = sequence ? 'correlation' : 'rule'
  const fitting = documents.filter(document => 'references' in document === sequence)
  const target = one.rule === undefined ? (fitting.length === 1 ? fitting[0] : undefined) : named(fitting, one.rule)
  if (!target) {
    if (one.rule !== undefined) return [`rule: the file beside it has no ${kind} with the id, name or title "${one.rule}"`]
    if (documents.length === 0) return ['no rule of the file beside it loads']
    const why = fitting.length === 0 ? `has no ${kind}` : `has ${fitting.length} ${kind}s: say which with rule:`
    return [`the file beside it ${why}`]
  }
  if ('events' in one) return 'references' in target ? trySequence(found, one, target, bench) : undefined
  return 'references' in target ? undefined : tryEvent(found, one, target, bench)
}

/** What a case does not test though it passes: an event of a log source that the rule is not for is ignored whatever it holds. */
export function idle(found: boolean, one: Case, documents: readonly Document[]): string | undefined {
  if (found || !('event' in one) || !one.logsource) return undefined
  const { logsource } = one
  const bound = documents.flatMap(rule => ('references' in rule ? [] : [rule, ...(rule.also ?? [])]))
  if (bound.length === 0 || bound.some(each => covers(each.logsource, logsource))) return undefined
  return `no rule of the file is for ${textOf(logsource)}: any event of it is ignored`
}

function tryEvent(found: boolean, one: EventCase, rule: Rule, { engine, mask }: Bench): readonly string[] | undefined {
  const event = eventFor(rule, one, mask)
  if (!event)
    return ['the rule reads OCSF, and the event is neither that (it has no class_uid) nor a record of a source that ingest knows']
  const matched = engine.match(event).some(match => match.rule.meta.id === rule.meta.id)
  if (matched === found) return undefined
  return [
    found ? `"${rule.meta.title}" must match, and does not` : `"${rule.meta.title}" must not match, and does`,
    ...explanationLines(explain(rule, event)),
  ]
}

async function trySequence(
  found: boolean,
  one: SequenceCase,
  rule: CorrelationRule,
  bench: Bench,
): Promise<readonly string[] | undefined> {
  const bases = basesOf(rule, bench.set)
  const observations: Observation[] = []
  for (const [index, each] of one.events.entries()) {
    const matches = matchesOf(each, bases, bench)
    if ('unknown' in matches) return [`matches: "${rule.meta.title}" does not look at a rule "${matches.unknown}"`]
    observations.push({ event: { ...matches.event, uid: `event ${index + 1}`, time: BEGIN + each.at }, matches: matches.all })
  }
  const windows = await windowsOf(observations, correlationsOf(rule, bench.set))
  const wrong = judge(found, one, windows)
  if (!wrong) return undefined
  return [`"${rule.meta.title}" ${wrong}`, ...windowLines(windows), ...observed(one, bases, observations, bench)]
}

/** What the windows are not that they should be. */
function judge(found: boolean, { windows, groups }: SequenceCase, all: readonly CorrelationMatch[]): string | undefined {
  if (!found) return all.length === 0 ? undefined : `must not hold, and does in ${counted(all.length, 'window')}`
  if (all.length === 0) return 'must hold, and does in no window'
  if (windows !== undefined && all.length !== windows)
    return `must hold in ${counted(windows, 'window')}, and does in ${all.length}`
  if (!groups) return undefined
  const left = [...all]
  for (const group of groups) {
    const at = left.findIndex(({ groupBy }) => sameGroup(groupBy, group))
    if (at < 0) return `must hold for ${groupText(group)}, and does not`
    left.splice(at, 1)
  }
  const [more] = left
  return more && `must hold for the given groups only, and does for ${groupText(more.groupBy)} too`
}

function sameGroup(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const fields = Object.keys(one)
  return fields.length === Object.keys(other).length && fields.every(field => one[field] === other[field])
}

type Matched = { readonly event: SigmaEvent; readonly all: readonly Match[] } | { readonly unknown: string }

/** The base rules that an event matches: those that the case names, or those that do. */
function matchesOf(given: SequenceEvent, bases: readonly Rule[], { engine, mask }: Bench): Matched {
  const [first] = bases
  const logsource = given.logsource ?? first?.logsource ?? {}
  if (given.matches) {
    const rules = given.matches.map(name => named(bases, name))
    const unknown = given.matches.find((_, index) => rules[index] === undefined)
    if (unknown !== undefined) return { unknown }
    const known = rules.filter(rule => rule !== undefined)
    const event = known[0] && eventFor(known[0], given, mask)
    const all = known.map(rule => ({ rule, selections: [], fields: {} }))
    return { event: event ?? { logsource, record: given.event, ocsf: given.event }, all }
  }
  // The event is of one log source: the first that any of the rules holds for.
  for (const source of given.logsource ? [given.logsource] : sourcesOf(bases)) {
    const rule = bases.find(each => each.logsource === source) ?? first
    const event = rule && eventFor(rule, { ...given, logsource: source }, mask)
    const all = event ? engine.match(event).filter(match => bases.some(({ meta }) => meta.id === match.rule.meta.id)) : []
    if (event && all.length > 0) return { event, all }
  }
  return { event: { logsource, record: given.event, ocsf: {} }, all: [] }
}

/** The log sources of rules, each once. */
function sourcesOf(rules: readonly Rule[]): readonly LogSource[] {
  return rules.reduce<readonly LogSource[]>(
    (known, { logsource }) =>
      known.some(each => covers(each, logsource) && covers(logsource, each)) ? known : [...known, logsource],
    [],
  )
}

/** Lets the events arrive one by one, and every window come to its end. */
async function windowsOf(
  observations: readonly Observation[],
  correlations: readonly CorrelationRule[],
): Promise<readonly CorrelationMatch[]> {
  const state = memoryState()
  const correlator = createCorrelator(correlations)
  const found: CorrelationMatch[] = []
  let now = BEGIN
  for (const [index, observation] of observations.entries()) {
    now = Math.max(now, observation.event.time)
    if (observation.matches.length > 0)
      found.push(...(await correlator.observe([observation], { batch: `${index}`, now, state })))
  }
  for (let n = 0; n < CLOSINGS; n++) {
    const [next] = await state.due(Number.MAX_SAFE_INTEGER, 1)
    if (!next) break
    now = Math.max(now, next.wakeAt)
    found.push(...(await correlator.close({ now, state }, CLOSED_AT_ONCE)))
  }
  const target = correlations.at(-1)?.meta.id
  return found.filter(({ rule }) => rule.meta.id === target)
}

function windowLines(windows: readonly CorrelationMatch[]): string[] {
  const lines = windows.slice(0, SHOWN).map(({ groupBy, window, events }) => {
    const span = `${offset(window.start)} to ${offset(window.end)}`
    return `window ${span}, ${groupText(groupBy)}, ${counted(events.length, 'event')}`
  })
  return windows.length > SHOWN ? [...lines, `… and ${windows.length - SHOWN} windows more`] : lines
}

/** How many events each base rule matched, and why the first that matched none does not. */
function observed(one: SequenceCase, bases: readonly Rule[], observations: readonly Observation[], { mask }: Bench): string[] {
  const lines = bases.map(rule => {
    const matched = observations.filter(({ matches }) => matches.some(match => match.rule.meta.id === rule.meta.id)).length
    return `"${rule.meta.title}" matches ${matched} of ${counted(observations.length, 'event')}`
  })
  const missed = observations.findIndex(({ matches }) => matches.length === 0)
  const given = one.events[missed]
  if (!given) return lines
  const why = bases.slice(0, SHOWN).flatMap(rule => {
    const event = eventFor(rule, given, mask)
    return event
      ? [`event ${missed + 1} and "${rule.meta.title}":`, ...explanationLines(explain(rule, event)).map(line => `  ${line}`)]
      : []
  })
  return [...lines, ...why]
}

const groupText = (group: Readonly<Record<string, string>>): string => {
  const fields = Object.entries(group).map(([field, value]) => `${field} ${JSON.stringify(value)}`)
  return fields.length > 0 ? fields.join(', ') : 'all events together'
}

/** `90s` after the case began. */
function offset(time: number): string {
  return `${(time - BEGIN) / 1_000}s`
}
