import { ConditionError, parseCondition } from '../condition/parser.ts'
import type { Branch } from '../correlation/model.ts'
import { type Path, RuleError } from '../rule.ts'
import type { Condition, Detection } from '../tree.ts'

const BRANCHES_LIMIT = 256
/** Stands for a rule where the grammar of conditions wants a selection. */
const NO_DETECTION: Detection = { kind: 'and', items: [] }

/**
 * Reads a boolean condition over names of rules, `a and b and not c`, as the ways in which it can hold. It is the grammar of a rule's own
 * condition, so `all of recon_*` works too. Throws RuleError.
 */
export function readBranches(text: string, references: readonly string[], path: Path): readonly Branch[] {
  const tree = parse(text, references, path)
  const branches = ways(tree, true, references, path).flatMap(({ seen, unseen }): Branch[] =>
    seen.some(rule => unseen.includes(rule)) ? [] : [{ seen: sorted(seen), unseen: sorted(unseen) }],
  )
  if (branches.length === 0) throw new RuleError(path, 'condition: it contradicts itself, so it can never hold')
  if (branches.some(({ seen }) => seen.length === 0)) {
    throw new RuleError(
      path,
      'condition: it can hold though no rule is seen, and then no event tells when; join a rule that is seen with "and"',
    )
  }
  return branches
}

function parse(text: string, references: readonly string[], path: Path): Condition {
  try {
    return parseCondition(text, new Map(references.map(name => [name, NO_DETECTION])))
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error
    const reason = error.message.replace('the detection has no such name', 'it is none of this correlation\u2019s rules')
    throw new RuleError(path, `condition: ${reason.replace('unknown selection', 'unknown rule')}`, error.at)
  }
}

/** The disjunctive normal form of a condition, or of its negation. */
function ways(tree: Condition, holds: boolean, references: readonly string[], path: Path): readonly Branch[] {
  if (tree.kind === 'not') return ways(tree.item, !holds, references, path)
  if (tree.kind === 'selection') {
    const rule = references.indexOf(tree.name)
    return [holds ? { seen: [rule], unseen: [] } : { seen: [], unseen: [rule] }]
  }
  const parts = tree.items.map(item => ways(item, holds, references, path))
  if ((tree.kind === 'or') === holds) return bounded(parts.flat(), path)
  return parts.reduce((left, right) =>
    bounded(
      left.flatMap(a => right.map(b => ({ seen: [...a.seen, ...b.seen], unseen: [...a.unseen, ...b.unseen] }))),
      path,
    ),
  )
}

function bounded(branches: readonly Branch[], path: Path): readonly Branch[] {
  if (branches.length > BRANCHES_LIMIT)
    throw new RuleError(path, `condition: it can hold in more than ${BRANCHES_LIMIT} ways; split the correlation`)
  return branches
}

const sorted = (rules: readonly number[]): readonly number[] => [...new Set(rules)].sort((a, b) => a - b)
