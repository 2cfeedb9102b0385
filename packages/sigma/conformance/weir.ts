import { createCorrelator, type CorrelationMatch } from '../src/pack.ts'
import { createEngine, linkRules, parseRules } from '../src/index.ts'
import { plainState } from '../test/state.ts'
import type { Answer, Finding, Question } from './suite.ts'

const MINUTE = 60_000
/** Longer than the lateness bound: by then every window is over. */
const HOUR = 60 * MINUTE

/** Weir's answer. Events are played at the pace of their times, so none is late unless the case says so by its order. */
export async function answerOfWeir({ rules: text, placeholders, events }: Question): Promise<Answer> {
  const { rules, correlations, silent, refused } = linkRules([parseRules(text, 'case.yml', { placeholders })])
  if (refused.length > 0) return { refused: refused.map(({ line, column, reason }) => `${line}:${column} ${reason}`).join('; ') }
  const engine = createEngine(rules)
  const correlator = createCorrelator(correlations)
  const state = plainState()
  const matches: string[][] = []
  const found: CorrelationMatch[] = []
  let now = 0
  for (const [i, { record, logsource, time }] of events.entries()) {
    const event = { record, logsource, ocsf: {}, uid: String(i), time: Date.parse(time) }
    const matched = engine.match(event)
    matches.push(matched.filter(({ rule }) => !silent.has(rule.meta.id)).map(({ rule }) => rule.meta.title))
    now = Math.max(now, event.time)
    found.push(...(await correlator.observe([{ event, matches: matched }], { batch: String(i), now, state })))
  }
  const end = now + Math.max(0, ...correlations.map(({ timespan }) => timespan)) + HOUR
  if (correlations.length > 0) for (; now < end; now += MINUTE) found.push(...(await correlator.close({ now, state }, 1_000)))
  return { matches, findings: found.filter(({ rule }) => !silent.has(rule.meta.id)).map(asFinding) }
}

const asFinding = ({ rule, groupBy }: CorrelationMatch): Finding => ({ rule: rule.meta.title, group: groupBy })
