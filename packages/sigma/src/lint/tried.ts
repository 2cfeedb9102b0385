import { anchorsOf } from '../plan/anchor.ts'
import type { Expression } from '../plan/expression.ts'
import { planRules } from '../plan/plan.ts'
import { KEYWORDS, type Predicate } from '../plan/predicate.ts'
import type { Rule } from '../rule.ts'

/** The planner compares each field with each. */
const FIELDS = 2_000

/**
 * The fields whose presence alone has the index try a rule, '' for any text; none when it is tried on every event of its log source, and
 * undefined when something that it needs can be looked up. Which of several things is looked up depends on the other rules of a set, and so is
 * not asked; nor is it for a rule of more than `FIELDS` fields, whose planning takes long.
 */
export function triedOn(rule: Rule): readonly string[] | undefined {
  if (rule.fields.length > FIELDS) return undefined
  const { plan, questions } = planRules([rule], rule.taxonomy)
  const [question] = questions
  const predicate = (id: number): Predicate | undefined => plan.predicates[id]
  const known = new Map<string, boolean>()

  /** Whether something is looked up when `node` must be `wanted`. */
  function found(node: Expression, wanted: boolean): boolean {
    if (node.kind === 'not') return found(node.item, !wanted)
    if (node.kind === 'selection') {
      const key = `${node.at} ${wanted}`
      const detection = question?.selections[node.at]?.detection
      const answer = known.get(key) ?? (detection !== undefined && found(detection, wanted))
      known.set(key, answer)
      return answer
    }
    if (node.kind === 'item') {
      const { negated, all, values } = node
      if (negated === wanted) return false
      const test = (ids: readonly number[]): boolean => ids.every(id => isLookedUp(predicate(id)))
      return all ? values.some(test) : values.every(test)
    }
    const test = (item: Expression): boolean => found(item, wanted)
    return (node.kind === 'and') === wanted ? node.items.some(test) : node.items.every(test)
  }

  if (question && found(question.condition, true)) return undefined
  const needs = (plan.units[0]?.needs ?? []).map(predicate).filter(each => !isLookedUp(each))
  return [...new Set(needs.map(each => plan.fields[each?.[1] ?? KEYWORDS] ?? ''))]
}

/** Keywords are searched in all texts of an event at once, where neither ends nor whole texts are found. */
function isLookedUp(predicate: Predicate | undefined): boolean {
  const anchors = predicate && anchorsOf(predicate)
  const keyword = predicate?.[1] === KEYWORDS
  return anchors?.every(({ how }) => (keyword ? how === 'contains' : how !== 'present')) === true
}
