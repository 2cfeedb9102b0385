import { LineCounter } from 'yaml'
import { isMap } from './parse/detection.ts'
import { own, readLogSource } from './parse/metadata.ts'
import { locate, readDocuments, TEXT_LIMIT, toValue, YamlError } from './parse/yaml.ts'
import { type Path, type Refusal, RuleError } from './rule.ts'
import type { LogSource } from './types.ts'

/** How many cases one file may hold, and how many events one sequence once its repetitions are written out. */
export const CASES_LIMIT = 1_000
export const SEQUENCE_LIMIT = 10_000

type Fields = Readonly<Record<string, unknown>>

/** What stands beside a rule in `<name>.cases.yml`. A sequence is for a correlation. */
export interface Cases {
  readonly match: readonly Case[]
  readonly ignore: readonly Case[]
}
export type Case = EventCase | SequenceCase

interface Named {
  readonly name: string
  /** Which rule it is for, by id, name or title; needed where the rule file holds several. */
  readonly rule?: string
  /** Where it begins, counted from 1. */
  readonly line: number
  readonly column: number
}

/** One event that a rule must or must not match. */
export interface EventCase extends Named {
  /** As the rule sees it: the fields of its log source. */
  readonly event: Fields
  /** Where the event comes from, if not from the rule's own log source. */
  readonly logsource?: LogSource
}

/** Events, in the order in which they arrive, on which a correlation must or must not hold. */
export interface SequenceCase extends Named {
  readonly events: readonly SequenceEvent[]
  /** How many windows must be found; otherwise one or more. */
  readonly windows?: number
  /** The group of each window that must be found, in no order and no other ones. */
  readonly groups?: readonly Readonly<Record<string, string>>[]
}

export interface SequenceEvent {
  /** Event time, milliseconds after the case begins. */
  readonly at: number
  readonly event: Fields
  /** Where it comes from; otherwise it is tried as an event of each base rule's log source. */
  readonly logsource?: LogSource
  /** The base rules that it is a match of, by id or name, whatever it holds; otherwise they are tried on it. */
  readonly matches?: readonly string[]
}

/**
 * Takes the cases of one YAML (or JSON) text:
 *
 *     match:
 *       - name: a user signs in without a second factor
 *         event: { eventName: ConsoleLogin, … }
 *       - name: six failures of one user within a minute
 *         events:
 *           - { at: 0s, times: 6, every: 10s, event: { eventName: ConsoleLogin, … } }
 *         groups: [{ userIdentity.userName: alice }]
 *     ignore:
 *       - …
 *
 * A case that cannot be read is refused with its place and reason, under the case's name; the others are taken. Never throws.
 */
export function parseCases(text: string, file: string): Cases & { readonly refused: readonly Refusal[] } {
  const match: Case[] = []
  const ignore: Case[] = []
  const refused: Refusal[] = []
  const result = { match, ignore, refused }
  const lines = new LineCounter()
  const refuse = (at: number, reason: string, rule = ''): void => {
    const { line, col } = lines.linePos(at)
    refused.push({ file, line: Math.max(1, line), column: Math.max(1, col), rule, reason })
  }
  if (text.length > TEXT_LIMIT) {
    refuse(0, `longer than ${TEXT_LIMIT} characters; split the file`)
    return result
  }
  const [document, second] = readDocuments(text, lines)
  if (document instanceof YamlError) {
    refuse(document.position, document.message)
    return result
  }
  if (!document || second) {
    refuse(
      second instanceof YamlError ? second.position : (second?.range[0] ?? 0),
      'holds not one document; write match: and ignore:, each once',
    )
    return result
  }
  const offset = (path: Path): number => locate(document, { path, offset: undefined })
  const attempt = (name: string, read: () => void): void => {
    try {
      read()
    } catch (error) {
      if (!(error instanceof RuleError)) throw error
      refuse(error instanceof YamlError ? error.position : offset(error.path), error.message, name)
    }
  }
  attempt('', () => {
    const lists = readLists(toValue(document))
    for (const [key, taken] of [
      ['match', match],
      ['ignore', ignore],
    ] as const) {
      for (const [index, written] of (lists[key] ?? []).entries()) {
        const path = [key, index]
        attempt(nameOf(written), () => {
          const { line, col } = lines.linePos(offset(path))
          taken.push({ ...readCase(written, path, key === 'match'), line, column: col })
        })
      }
    }
  })
  return result
}

function readLists(value: unknown): Partial<Record<'match' | 'ignore', readonly unknown[]>> {
  if (!isMap(value)) throw new RuleError([], 'cases are a map of match: and ignore:, each a list of {name, event}')
  known(value, ['match', 'ignore'], [])
  let count = 0
  for (const [key, list] of Object.entries(value)) {
    if (list === null) continue
    if (!Array.isArray(list)) throw new RuleError([key], `${key}: expected a list of {name, event}`)
    count += list.length
  }
  if (count > CASES_LIMIT) throw new RuleError([], `more than ${CASES_LIMIT} cases; split the rule's file`)
  if (count === 0) throw new RuleError([], 'holds no case; give match: and ignore: an event each')
  return Object.fromEntries(Object.entries(value).map(([key, list]) => [key, list ?? []]))
}

function readCase(
  written: unknown,
  path: Path,
  found: boolean,
): Omit<EventCase, 'line' | 'column'> | Omit<SequenceCase, 'line' | 'column'> {
  if (!isMap(written)) throw new RuleError(path, 'expected {name, event}')
  const sequence = Object.hasOwn(written, 'events')
  const expectations = found && sequence ? ['windows', 'groups'] : []
  known(written, ['name', 'rule', ...(sequence ? ['events'] : ['event', 'logsource']), ...expectations], path)
  const name = text(written, 'name', path)
  if (name === undefined || name.trim() === '') throw new RuleError(path, 'name is missing; say what the events are')
  const rule = text(written, 'rule', path)
  const head = { name, ...(rule === undefined ? {} : { rule }) }
  if (!sequence) return { ...head, event: readEvent(written, path), ...logsourceOf(written, path) }
  const windows = count(written, 'windows', path)
  const groups = own(written, 'groups')
  return {
    ...head,
    events: readSequence(written['events'], [...path, 'events']),
    ...(windows === undefined ? {} : { windows }),
    ...(groups === undefined ? {} : { groups: readGroups(groups, [...path, 'groups']) }),
  }
}

function readEvent(written: Fields, path: Path): Fields {
  const event = own(written, 'event')
  if (event === undefined) throw new RuleError(path, 'event is missing')
  if (!isMap(event)) throw new RuleError([...path, 'event'], 'event: expected a map of fields')
  return event
}

function readSequence(written: unknown, path: Path): readonly SequenceEvent[] {
  if (!Array.isArray(written) || written.length === 0) throw new RuleError(path, 'events: expected a list of {at, event}')
  const events: SequenceEvent[] = []
  for (const [index, one] of written.entries()) {
    const place = [...path, index]
    if (!isMap(one)) throw new RuleError(place, 'expected {at, event}')
    known(one, ['at', 'times', 'every', 'event', 'logsource', 'matches'], place)
    const at = duration(one, 'at', place)
    if (at === undefined) throw new RuleError(place, 'at is missing; say when, from the first event on: 0s, 90s, 5m, 2h')
    const times = count(one, 'times', place) ?? 1
    const every = duration(one, 'every', place) ?? 0
    if (events.length + times > SEQUENCE_LIMIT) throw new RuleError(place, `more than ${SEQUENCE_LIMIT} events in one case`)
    const event = { event: readEvent(one, place), ...logsourceOf(one, place), ...matchesOf(one, place) }
    for (let n = 0; n < times; n++) events.push({ at: at + n * every, ...event })
  }
  return events
}

function matchesOf(written: Fields, path: Path): Pick<SequenceEvent, 'matches'> {
  const matches = own(written, 'matches')
  if (matches === undefined) return {}
  const list: unknown[] = Array.isArray(matches) ? matches : [matches]
  if (!list.every(each => typeof each === 'string'))
    throw new RuleError([...path, 'matches'], 'matches: expected the id or name of a rule, or a list of them')
  return { matches: list }
}

function readGroups(written: unknown, path: Path): readonly Readonly<Record<string, string>>[] {
  if (!Array.isArray(written) || written.length === 0)
    throw new RuleError(path, 'groups: expected a list of the group of each window, as [{ field: value }]')
  return written.map((group: unknown, index) => {
    if (!isMap(group)) throw new RuleError([...path, index], 'expected the group-by fields with their values')
    return Object.fromEntries(
      Object.entries(group).map(([field, value]) => {
        if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return [field, String(value)]
        throw new RuleError(
          [...path, index, field],
          `groups: expected a text, a number, true or false under ${JSON.stringify(field.slice(0, 80))}`,
        )
      }),
    )
  })
}

function logsourceOf(written: Fields, path: Path): { readonly logsource?: LogSource } {
  if (!Object.hasOwn(written, 'logsource')) return {}
  try {
    return { logsource: readLogSource(written) }
  } catch (error) {
    throw error instanceof RuleError ? new RuleError([...path, ...error.path], error.message) : error
  }
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** `90s`, `1h30m`, as milliseconds; a bare 0 needs no unit. */
function duration(written: Fields, key: string, path: Path): number | undefined {
  const value = own(written, key)
  if (value === undefined) return undefined
  if (value === 0) return 0
  if (typeof value === 'string' && /^(\d{1,9}(ms|[smhdw]))+$/.test(value)) {
    return [...value.matchAll(/(\d+)(ms|[smhdw])/g)].reduce((sum, [, n, unit]) => sum + Number(n) * (UNITS[unit ?? ''] ?? 0), 0)
  }
  throw new RuleError([...path, key], `${key}: expected a time with its unit, such as 10s, 5m, 1h30m or 2d`)
}

function count(written: Fields, key: string, path: Path): number | undefined {
  const value = own(written, key)
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  throw new RuleError([...path, key], `${key}: expected a whole number from 1 on`)
}

function text(written: Fields, key: string, path: Path): string | undefined {
  const value = own(written, key)
  if (value === undefined || typeof value === 'string') return value
  throw new RuleError([...path, key], `${key}: expected a text; put it in quotes`)
}

/** A key that nobody reads is a test that does not test what its author thinks. */
function known(map: Fields, keys: readonly string[], path: Path): void {
  const other = Object.keys(map).find(key => !keys.includes(key))
  if (other !== undefined)
    throw new RuleError([...path, other], `unknown key ${JSON.stringify(other.slice(0, 80))}; known here: ${keys.join(', ')}`)
}

function nameOf(written: unknown): string {
  const name = isMap(written) ? own(written, 'name') : undefined
  return typeof name === 'string' ? name.slice(0, 256) : ''
}
