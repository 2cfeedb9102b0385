import { compileRegex } from '../regex.ts'
import { PackError } from './check.ts'
import { firstUnit, type PackData } from './data.ts'
import { openPack } from './open.ts'
import { readQuestion, readRule } from './rule-text.ts'

/**
 * Checks all of a pack before it is published: what opening it checks, and what is otherwise only read when a rule matches or an event first
 * asks for it, which is each rule's text and each regular expression. Throws PackError with the place.
 */
export function verifyPack(json: unknown): void {
  openPack(json)
  const { plans, rules } = json as PackData
  for (const taxonomy of ['sigma', 'ocsf'] as const) {
    plans[taxonomy].predicates.forEach((predicate, id) => {
      if (predicate[0] !== 'regex') return
      const [, , source, flags] = predicate
      const made = compileRegex(source, { i: flags.includes('i'), m: flags.includes('m'), s: flags.includes('s') })
      if (typeof made !== 'function')
        throw new PackError(`plans.${taxonomy}.predicates[${id}]`, `the regular expression ${made.error}`)
    })
  }
  rules.forEach((text, at) => {
    const { rule, questions } = readRule(text, at)
    const plan = plans[rule.taxonomy]
    const from = firstUnit(plan, at)
    let asked = 0
    for (; plan.units[from + asked]?.rule === at; asked++)
      readQuestion(questions[asked], plan, `rules[${at}].questions[${asked}]`)
    if (asked === 0 || asked !== questions.length)
      throw new PackError(
        `rules[${at}].questions`,
        `${questions.length} stand here, and the plan tries the rule in ${asked} ways`,
      )
  })
}
