import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { linkRules, parseRules } from '@weir/sigma'
import { createEngine, parseDocument } from '@weir/sigma/pack'
import type { Counterpart, Stand } from './counterpart.ts'
import { correlationsOf, correlationSet } from './pysigma-correlations.ts'
import { CORRELATION_DIFFERENCES, DIFFERENCES, type Difference } from './pysigma-differences.ts'
import { PLACEHOLDERS, type Trial, trialOf } from './pysigma-rules.ts'
import { python } from './python.ts'

/** The newest that runs on Python 3.11. */
export const PYSIGMA = '2.0.1'
const RUNS = 5_000
const SEED = 1

interface Question {
  readonly rules: readonly object[]
  readonly placeholders: Readonly<Record<string, readonly string[]>>
  readonly events: readonly { readonly record: Readonly<Record<string, unknown>> }[]
  /** Only whether the rules are taken is asked. */
  readonly parseOnly?: true
}
/** Why a rule is not taken, or whether it matches each event. */
type Answer = { readonly refused: string } | { readonly matches: readonly boolean[] }

/** How pySigma reads generated rules, and whether Weir reads them alike: refused or taken, and which events match. */
export const pysigma: Counterpart = {
  name: 'pysigma',
  async run(stand) {
    const bin = await python(stand, [`pySigma==${PYSIGMA}`])
    const ask = asker(join(bin, 'python'))
    await stand.step(`each of ${DIFFERENCES.length} known differences still is one`, () => differencesHold(ask))
    await stand.step('every other rule is read alike', () => agrees(stand, ask))
    await stand.step(`each of ${CORRELATION_DIFFERENCES.length} known differences over correlations still is one`, () =>
      correlationDifferencesHold(ask),
    )
    await stand.step('every other correlation is taken or refused alike', () => correlationsAgree(stand, ask))
  },
}

type Ask = (questions: Iterable<Question>) => AsyncIterable<Answer>

/** Puts all questions to one Python process, and answers in their order while they are asked. */
function asker(program: string): Ask {
  return async function* (questions) {
    const child = spawn(program, [fileURLToPath(new URL('pysigma.py', import.meta.url))], { stdio: ['pipe', 'pipe', 'pipe'] })
    let errors = ''
    // RE2 tells of each bad expression there.
    child.stderr.on('data', (part: Buffer) => (errors = (errors + part.toString()).slice(-2_000)))
    const asking = (async () => {
      let id = 0
      for (const question of questions) {
        if (!child.stdin.write(`${JSON.stringify({ id: id++, ...question })}\n`)) await once(child.stdin, 'drain')
      }
      child.stdin.end()
    })().catch((error: unknown) => (errors += String(error)))
    try {
      for await (const line of createInterface({ input: child.stdout })) {
        const answer = JSON.parse(line) as { refused: string } | { matches: readonly (readonly string[])[] }
        yield 'refused' in answer ? answer : { matches: answer.matches.map(titles => titles.length > 0) }
      }
      await asking
      const [code] = child.exitCode === null ? ((await once(child, 'close')) as [number | null]) : [child.exitCode]
      assert.equal(code, 0, errors)
    } finally {
      child.kill()
    }
  }
}

function ours({ rules, placeholders, events, parseOnly }: Question): Answer {
  if (parseOnly) {
    // JSON is YAML, and a correlation is refused only where the rules that it names are looked for.
    const { refused } = linkRules([parseRules(rules.map(rule => JSON.stringify(rule)).join('\n---\n'), 'trial.yml')])
    return refused[0] ? { refused: refused[0].reason } : { matches: [] }
  }
  const parsed = parseDocument(rules[0], 'trial.yml', { placeholders })
  if ('refused' in parsed) return { refused: parsed.refused.reason }
  if (!('rule' in parsed)) return { refused: 'no detection rule' }
  const engine = createEngine([parsed.rule])
  const matches = events.map(({ record }) => engine.match({ logsource: { product: 'test' }, record, ocsf: {} }).length > 0)
  return { matches }
}

const ruleOf = (detection: object): object => ({ title: 'Trial', logsource: { product: 'test' }, detection })

async function differencesHold(ask: Ask): Promise<void> {
  const questions = DIFFERENCES.map(
    (each): Question => ({
      rules: [ruleOf(each.witness.detection)],
      placeholders: each.witness.placeholders ?? {},
      events: each.kind === 'match' ? [{ record: each.record }] : [],
    }),
  )
  let at = 0
  for await (const theirs of ask(questions)) {
    const difference = DIFFERENCES[at] as Difference
    const answer = ours(questions[at] as Question)
    at++
    const found = kindOf(answer, theirs)
    assert.equal(found?.kind, difference.kind, `${difference.name}: Weir ${shown(answer)}, pySigma ${shown(theirs)}`)
    if (difference.kind !== 'match') assert.match(found.reason, difference.reason, difference.name)
  }
  assert.equal(at, DIFFERENCES.length)
}

function kindOf(answer: Answer, theirs: Answer): { readonly kind: Difference['kind']; readonly reason: string } | undefined {
  if ('refused' in answer) return 'refused' in theirs ? undefined : { kind: 'Weir refuses', reason: answer.refused }
  if ('refused' in theirs) return { kind: 'pySigma refuses', reason: theirs.refused }
  return answer.matches.some((match, i) => match !== theirs.matches[i]) ? { kind: 'match', reason: '' } : undefined
}

async function agrees(stand: Stand, ask: Ask): Promise<void> {
  const { runs = RUNS, seed = SEED } = stand.options
  const waiting: Trial[] = []
  function* questions(): Generator<Question> {
    for (let i = 0; i < runs; i++) {
      const trial = trialOf(seed, i)
      waiting.push(trial)
      yield { rules: [trial.rule], placeholders: PLACEHOLDERS, events: trial.events.map(record => ({ record })) }
    }
  }
  const count = { rules: 0, refused: 0, pairs: 0, matches: 0 }
  const explained = new Map<string, number>()
  const unexplained: string[] = []
  for await (const theirs of ask(questions())) {
    const trial = waiting.shift() as Trial
    const answer = ours({ rules: [trial.rule], placeholders: PLACEHOLDERS, events: trial.events.map(record => ({ record })) })
    count.rules++
    if ('refused' in answer && 'refused' in theirs) count.refused++
    if ('matches' in answer && 'matches' in theirs) {
      count.pairs += answer.matches.length
      count.matches += answer.matches.filter(Boolean).length
    }
    const found = kindOf(answer, theirs)
    if (!found) continue
    const known = DIFFERENCES.find(
      each =>
        each.kind === found.kind &&
        (each.kind === 'match' ? hasLine(trial.rule.detection, each.line) : each.reason.test(found.reason)),
    )
    if (known) explained.set(known.name, (explained.get(known.name) ?? 0) + 1)
    else
      unexplained.push(
        `--seed ${seed}, rule ${count.rules - 1}: Weir ${shown(answer)}, pySigma ${shown(theirs)}\n${JSON.stringify(trial)}`,
      )
  }
  const share = ((100 * count.matches) / count.pairs).toFixed(0)
  stand.note(
    `seed ${seed}: ${count.rules} rules, ${count.refused} refused by both; ${count.pairs} pairs with events, ${share} % matching`,
  )
  stand.note(`explained: ${[...explained].map(([name, times]) => `${name} ${times}`).join(', ')}`)
  assert.equal(count.rules, runs, 'pySigma answered for each rule')
  const shortest = unexplained.toSorted((a, b) => a.length - b.length).slice(0, 5)
  assert.equal(unexplained.length, 0, `${unexplained.length} rules are read differently, for example\n${shortest.join('\n')}`)
}

const correlationQuestion = (rules: readonly object[]): Question => ({ rules, placeholders: {}, events: [], parseOnly: true })

async function correlationDifferencesHold(ask: Ask): Promise<void> {
  const questions = CORRELATION_DIFFERENCES.map(({ witness }) => correlationQuestion(correlationSet([witness])))
  let at = 0
  for await (const theirs of ask(questions)) {
    const difference = CORRELATION_DIFFERENCES[at]
    const question = questions[at++]
    if (!difference || !question) throw new Error('more answers than questions')
    const answer = ours(question)
    const found = kindOf(answer, theirs)
    assert.equal(found?.kind, difference.kind, `${difference.name}: Weir ${shown(answer)}, pySigma ${shown(theirs)}`)
    assert.match(found.reason, difference.reason, difference.name)
  }
  assert.equal(at, questions.length)
}

async function correlationsAgree(stand: Stand, ask: Ask): Promise<void> {
  const { runs = RUNS, seed = SEED } = stand.options
  const waiting: Question[] = []
  function* questions(): Generator<Question> {
    for (let i = 0; i < runs; i++) {
      const question = correlationQuestion(correlationsOf(seed, i))
      waiting.push(question)
      yield question
    }
  }
  const count = { all: 0, taken: 0, refused: 0 }
  const explained = new Map<string, number>()
  const unexplained: string[] = []
  for await (const theirs of ask(questions())) {
    const question = waiting.shift() as Question
    const answer = ours(question)
    count.all++
    const found = kindOf(answer, theirs)
    if (!found) count['refused' in answer ? 'refused' : 'taken']++
    const known = found && CORRELATION_DIFFERENCES.find(({ kind, reason }) => kind === found.kind && reason.test(found.reason))
    if (known) explained.set(known.name, (explained.get(known.name) ?? 0) + 1)
    else if (found)
      unexplained.push(
        `--seed ${seed}, correlation ${count.all - 1}: Weir ${shown(answer)}, pySigma ${shown(theirs)}\n${JSON.stringify(question.rules.slice(3))}`,
      )
  }
  stand.note(`seed ${seed}: ${count.all} sets with correlations, ${count.taken} taken and ${count.refused} refused by both`)
  stand.note(`explained: ${[...explained].map(([name, times]) => `${name} ${times}`).join(', ')}`)
  assert.equal(count.all, runs, 'pySigma answered for each')
  const shortest = unexplained.toSorted((a, b) => a.length - b.length).slice(0, 5)
  assert.equal(unexplained.length, 0, `${unexplained.length} are read differently, for example\n${shortest.join('\n')}`)
}

const shown = (answer: Answer): string =>
  'refused' in answer ? `refuses (${answer.refused})` : `matches ${JSON.stringify(answer.matches)}`

/** Whether some line of a detection, at any depth, is like this. */
function hasLine(at: unknown, like: (modifiers: readonly string[], value: unknown) => boolean): boolean {
  if (Array.isArray(at)) return at.some(each => hasLine(each, like))
  if (typeof at !== 'object' || at === null) return false
  return Object.entries(at).some(([key, value]) => like(key.split('|').slice(1), value) || hasLine(value, like))
}
