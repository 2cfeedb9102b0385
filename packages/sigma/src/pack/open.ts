import type { CorrelationRule } from '../correlation/model.ts'
import { createEngine, type Engine, type EngineOptions, type MatchedRule } from '../engine.ts'
import { parseDocument } from '../parse/document.ts'
import type { Question } from '../plan/expression.ts'
import type { RuleSet } from '../ruleset.ts'
import { type RuleFault, runContent, type Taxonomy } from '../runtime.ts'
import { type CorrelationData, firstUnit, PACK_FORMAT, PACK_VERSION, type PackData, type RuleText } from './data.ts'
import { checkInputs, checkPlan, isList, isObject, PackError } from './check.ts'
import type { PackModule } from './module.ts'
import { readQuestion, readRule } from './rule-text.ts'

/** A pack that runs. */
export interface OpenPack {
  readonly engine: Engine
  /** The pack's name, which every finding of its rules carries. */
  readonly hash: string
  readonly correlations: readonly CorrelationRule[]
  readonly silent: ReadonlySet<string>
}

export interface OpenOptions extends EngineOptions {
  /** The module that was generated of this pack: its functions take the place of the pack's conditions. */
  readonly module?: PackModule
  /** Told once of each rule that cannot be tried, or told of in full, because the pack is wrong there. Nothing is said of it unless given. */
  readonly onFault?: (fault: RuleFault) => void
}

/**
 * Opens a pack that came as JSON. Nothing of it is believed: what does not hold together is refused with a PackError before any event is
 * matched, and whatever the data says, matching ends and does not throw. What is read late (the text of a rule when it first matches, a regular
 * expression when an event first asks for it) and is wrong then takes that rule out, or its evidence, and no other; `verifyPack` finds it before.
 * The pack's name is believed: whether the bytes are those that were published is for whoever fetched them to know. Throws PackError for a module
 * of another pack, too.
 */
export function openPack(json: unknown, { routing = true, module, onFault = () => {} }: OpenOptions = {}): OpenPack {
  const pack = checked(json)
  if (module) checkModule(module, pack)
  const failed = new Set<number>()
  const fail = (fault: RuleFault): void => {
    if (failed.has(fault.rule)) return
    failed.add(fault.rule)
    onFault(fault)
  }
  const text = once((at: number): RuleText => readRule(pack.rules[at] ?? '', at))
  const questions = (taxonomy: Taxonomy): ((unit: number) => Question) =>
    once((unit: number): Question => {
      const plan = pack.plans[taxonomy]
      const rule = plan.units[unit]?.rule ?? -1
      const at = unit - firstUnit(plan, rule)
      return readQuestion(text(rule).questions[at], plan, `rules[${rule}].questions[${at}]`)
    })
  const asked = { sigma: questions('sigma'), ocsf: questions('ocsf') }
  let rules: readonly MatchedRule[] | undefined
  const engine = runContent(
    {
      plans: pack.plans,
      rules: () => (rules ??= [...pack.rules.keys()].flatMap(readable)),
      rule: at => text(at).rule,
      question: (taxonomy, unit) => asked[taxonomy](unit),
    },
    { routing, conditions: module?.conditions, onFault: fail },
  )
  return { engine, hash: pack.hash, correlations: pack.correlations.map(readCorrelation), silent: new Set(pack.silent) }

  function readable(at: number): readonly MatchedRule[] {
    try {
      return [text(at).rule]
    } catch (error) {
      fail({ rule: at, error })
      return []
    }
  }
}

/** Reads each of what is numbered at its first use, and keeps it, or how it failed. */
function once<T>(read: (at: number) => T): (at: number) => T {
  const known: (() => T)[] = []
  return at => (known[at] ??= answerOf(() => read(at)))()
}

function answerOf<T>(read: () => T): () => T {
  try {
    const value = read()
    return () => value
  } catch (error) {
    return () => {
      throw error
    }
  }
}

/** Rules that were read just now, as the pack that they would make. Throws when two rules have one id. */
export const runRules = (
  { rules, correlations, silent }: Pick<RuleSet, 'rules' | 'correlations' | 'silent'>,
  hash: string,
): OpenPack => ({ engine: createEngine(rules), hash, correlations, silent })

function checkModule({ pack: of, conditions }: PackModule, { hash, plans }: PackData): void {
  const fits = (['sigma', 'ocsf'] as const).every(taxonomy => conditions[taxonomy].length === plans[taxonomy].units.length)
  if (of !== hash || !fits) throw new PackError('module', `was generated of another pack than ${hash}; build both again`)
}

function checked(json: unknown): PackData {
  if (!isObject(json) || json['format'] !== PACK_FORMAT)
    throw new PackError('format', `this is no rule pack; build one with "weir rules build"`)
  if (json['version'] !== PACK_VERSION) {
    const version = typeof json['version'] === 'number' ? String(json['version']) : 'unknown'
    throw new PackError('version', `version ${version} is not ${PACK_VERSION}; build the pack again with this version of Weir`)
  }
  const { hash, rules, plans, correlations, silent } = json
  if (typeof hash !== 'string' || !/^[0-9a-f]{16}$/.test(hash)) throw new PackError('hash', 'expected 16 hexadecimal digits')
  if (!isList(rules, entry => typeof entry === 'string')) throw new PackError('rules', 'expected a list of texts')
  if (!isList(silent, entry => typeof entry === 'string')) throw new PackError('silent', 'expected a list of ids')
  if (!isList(correlations, isObject)) throw new PackError('correlations', 'expected a list of correlations')
  if (!isObject(plans)) throw new PackError('plans', 'expected one plan a taxonomy')
  const units = [
    ...checkPlan(plans['sigma'], 'plans.sigma', rules.length).units,
    ...checkPlan(plans['ocsf'], 'plans.ocsf', rules.length).units,
  ]
  const planned = new Set(units.map(({ rule }) => rule))
  if (planned.size !== rules.length)
    throw new PackError('rules', `${rules.length} rules stand here, and the plans hold ${planned.size}`)
  return json as unknown as PackData
}

function readCorrelation({ file, document, inputs }: CorrelationData, at: number): CorrelationRule {
  const place = `correlations[${at}]`
  const read = parseDocument(document, typeof file === 'string' ? file : place)
  if ('refused' in read) throw new PackError(place, read.refused.reason)
  if (!('correlation' in read)) throw new PackError(place, 'expected a correlation')
  checkInputs(inputs, place, read.correlation.references.length)
  return { ...read.correlation, inputs }
}
