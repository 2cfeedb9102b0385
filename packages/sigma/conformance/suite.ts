import { readFileSync } from 'node:fs'

/** The data file: README.md says what each key means, and `sigma-conformance.schema.json` checks it. */
export interface Suite {
  readonly specification: string
  readonly cases: readonly Case[]
}

export interface Case {
  /** Section and name, for ever the same. */
  readonly id: string
  readonly about: string
  /** `required`: the text of the specification says so. `decided`: it is silent, and this is one of several ways. */
  readonly basis: 'required' | 'decided'
  readonly source: string
  readonly alternatives?: readonly string[]
  /** YAML, one or several documents. */
  readonly rules: string
  readonly placeholders?: Readonly<Record<string, readonly string[]>>
  readonly events?: readonly CaseEvent[]
  /** The rules are refused when they are loaded. */
  readonly refused?: true
  /** What correlations find, in no order. */
  readonly findings?: readonly Finding[]
}

export interface CaseEvent {
  readonly record: Readonly<Record<string, unknown>>
  readonly logsource?: Readonly<Record<string, string>>
  /** RFC 3339, in UTC. */
  readonly time?: string
  /** Titles of the rules that match it and tell so; absent where the case is about findings alone. */
  readonly matches?: readonly string[]
}

export interface Finding {
  /** The title of the correlation. */
  readonly rule: string
  /** Group-by field, by the name that stands under group-by, to its value as a text. */
  readonly group: Readonly<Record<string, string>>
}

/** What an engine is asked: one line of JSON. It holds nothing of what is expected. */
export interface Question {
  readonly id: string
  readonly rules: string
  readonly placeholders: Readonly<Record<string, readonly string[]>>
  readonly events: readonly {
    readonly record: Readonly<Record<string, unknown>>
    readonly logsource: Readonly<Record<string, string>>
    readonly time: string
  }[]
}

/** What an engine says: one line of JSON, with the id of the question. */
export type Answer =
  | { readonly refused: string }
  | { readonly unsupported: string }
  | { readonly matches: readonly (readonly string[])[]; readonly findings?: readonly Finding[] }

export type Verdict = 'pass' | 'fail' | 'unsupported'

export const SUITE: Suite = JSON.parse(readFileSync(new URL('sigma-conformance.json', import.meta.url), 'utf8')) as Suite

export const sectionOf = ({ id }: Case): string => id.slice(0, id.lastIndexOf('/'))

/** Events without a log source are of the product `test`, and without a time of one moment. */
export const questionOf = ({ id, rules, placeholders = {}, events = [] }: Case): Question => ({
  id,
  rules,
  placeholders,
  events: events.map(({ record, logsource = { product: 'test' }, time = '2026-01-01T00:00:00.000Z' }) => ({
    record,
    logsource,
    time,
  })),
})

/** What an answer is worth, and what is wrong with it. */
export function judge(each: Case, answer: Answer): { readonly verdict: Verdict; readonly why?: string } {
  if ('unsupported' in answer) return { verdict: 'unsupported', why: answer.unsupported }
  if ('refused' in answer) return each.refused ? { verdict: 'pass' } : { verdict: 'fail', why: `refused: ${answer.refused}` }
  if (each.refused) return { verdict: 'fail', why: 'taken, and should be refused' }
  if (each.findings) {
    const [found, wanted] = [answer.findings ?? [], each.findings].map(asSet)
    if (found !== wanted) return { verdict: 'fail', why: `found ${found}, and should find ${wanted}` }
  }
  for (const [i, { record, matches }] of (each.events ?? []).entries()) {
    if (matches === undefined) continue
    const [said, wanted] = [answer.matches[i] ?? ['(no answer)'], matches].map(titles => JSON.stringify(titles.toSorted()))
    if (said !== wanted)
      return { verdict: 'fail', why: `${JSON.stringify(record).slice(0, 200)} matches ${said}, and should match ${wanted}` }
  }
  return { verdict: 'pass' }
}

/** Findings as one text: an engine may tell one of them several times, and its keys stand in no order. */
const asSet = (findings: readonly Finding[]): string => {
  const texts = findings.map(
    ({ rule, group }) => `${rule} ${JSON.stringify(Object.entries(group).toSorted(([a], [b]) => (a < b ? -1 : 1)))}`,
  )
  return [...new Set(texts)].toSorted().join(', ') || 'nothing'
}
