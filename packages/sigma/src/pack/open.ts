import type { CorrelationRule } from '../correlation/model.ts'
import { createEngine, type Engine, type EngineOptions, type MatchedRule } from '../engine.ts'
import { parseDocument } from '../parse/document.ts'
import type { Question } from '../plan/expression.ts'
import type { RuleSet } from '../ruleset.ts'
import { runContent } from '../runtime.ts'
import { type CorrelationData, firstUnit, PACK_FORMAT, PACK_VERSION, type PackData, type RuleText } from './data.ts'
import { checkInputs, checkPlan, isList, isObject, PackError } from './check.ts'
import type { PackModule } from './module.ts'

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
}

/**
 * Opens a pack that came as JSON. Nothing of it is believed: what does not hold together is refused with a PackError before any event is
 * matched, and whatever the data says, matching ends. Its name is believed: whether the bytes are those that were published is for whoever
 * fetched them to know. Throws PackError for a module of another pack, too.
 */
export function openPack(json: unknown, { routing = true, module }: OpenOptions = {}): OpenPack {
  const pack = checked(json)
  if (module) checkModule(module, pack)
  const texts: (RuleText | undefined)[] = []
  const text = (at: number): RuleText => (texts[at] ??= readRule(pack.rules[at] ?? '', at))
  let rules: readonly MatchedRule[] | undefined
  const engine = runContent(
    {
      plans: pack.plans,
      rules: () => (rules ??= pack.rules.map((_, at) => text(at).rule)),
      rule: at => text(at).rule,
      question: (taxonomy, unit) => {
        const plan = pack.plans[taxonomy]
        const rule = plan.units[unit]?.rule ?? -1
        return text(rule).questions[unit - firstUnit(plan, rule)] ?? NO_QUESTION
      },
    },
    routing,
    module?.conditions,
  )
  return { engine, hash: pack.hash, correlations: pack.correlations.map(readCorrelation), silent: new Set(pack.silent) }
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

/** Nothing is told of a match whose rule does not say what it asks. */
const NO_QUESTION: Question = { condition: { kind: 'or', items: [] }, selections: [] }

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

/** A rule's text is read when it first matches. One that is not what it should be names itself by its place. */
function readRule(text: string, at: number): RuleText {
  const json: unknown = JSON.parse(text)
  if (
    isObject(json) &&
    isObject(json['rule']) &&
    isObject(json['rule']['meta']) &&
    typeof json['rule']['meta']['id'] === 'string' &&
    isList(json['questions'], isObject)
  )
    return json as unknown as RuleText
  throw new PackError(`rules[${at}]`, 'expected a rule and its questions')
}

function readCorrelation({ file, document, inputs }: CorrelationData, at: number): CorrelationRule {
  const place = `correlations[${at}]`
  const read = parseDocument(document, typeof file === 'string' ? file : place)
  if ('refused' in read) throw new PackError(place, read.refused.reason)
  if (!('correlation' in read)) throw new PackError(place, 'expected a correlation')
  checkInputs(inputs, place, read.correlation.references.length)
  return { ...read.correlation, inputs }
}
