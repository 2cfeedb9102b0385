import type { Engine, Match, MatchedRule } from './match.ts'
import { Gatherer } from './evidence.ts'
import { Router } from './index/router.ts'
import type { Route } from './index/route.ts'
import { TextBuffer } from './index/text.ts'
import { type Conditions, Matcher } from './matcher.ts'
import type { Question } from './plan/expression.ts'
import type { Plan } from './plan/plan.ts'
import type { SigmaEvent } from './types.ts'

/** What an engine runs on, however it was come by: made from rules, or read from a pack. */
export interface Content {
  readonly plans: Readonly<Record<Taxonomy, Plan>>
  /** All rules; asked for only when someone reads `Engine.rules`. */
  rules(): readonly MatchedRule[]
  /** One rule by its place, and what a unit of it asks; asked for after a match only. */
  rule(at: number): MatchedRule
  question(taxonomy: Taxonomy, unit: number): Question
}

export type Taxonomy = MatchedRule['taxonomy']

/** A rule that cannot be tried, or told of in full: its place among all rules, and why. */
export interface RuleFault {
  readonly rule: number
  readonly error: unknown
}

export interface RunOptions {
  /** `false`: every rule is tried on every event. */
  readonly routing: boolean
  readonly conditions?: Readonly<Record<Taxonomy, Conditions>> | undefined
  /** Told of a rule that fails, each time, while the others go on. Without it, `match` throws what goes wrong. */
  readonly onFault?: (fault: RuleFault) => void
}

/** An engine over plans. */
export function runContent(content: Content, { routing, conditions, onFault }: RunOptions): Engine {
  const buffer = new TextBuffer()
  const body = (taxonomy: Taxonomy): Body =>
    new Body(taxonomy, content, new Router(content.plans[taxonomy], routing, buffer), conditions?.[taxonomy], onFault)
  const sigma = body('sigma')
  const ocsf = body('ocsf')
  return {
    match(event: SigmaEvent): Match[] {
      const { logsource } = event
      const ofRecord = sigma.router.of(logsource)
      const ofOcsf = ocsf.router.of(logsource)
      const matches = ofRecord ? sigma.match(event.record, ofRecord) : []
      // The OCSF body is mapped when it is first read, so it is read only when a rule asks for it.
      if (!ofOcsf) return matches
      const others = ocsf.match(event.ocsf, ofOcsf)
      if (others.length === 0) return matches
      const place = new Map<Match, number>()
      if (ofRecord) matches.forEach((match, i) => place.set(match, sigma.places[i] ?? 0))
      others.forEach((match, i) => place.set(match, ocsf.places[i] ?? 0))
      return [...matches, ...others].sort((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0))
    },
    get rules() {
      return content.rules()
    },
  }
}

/** One of an event's two bodies, and the rules that read it. */
class Body {
  readonly router: Router
  readonly #taxonomy: Taxonomy
  readonly #content: Content
  readonly #plan: Plan
  readonly #matcher: Matcher
  readonly #evidence: Gatherer
  readonly #onFault: RunOptions['onFault']
  /** Where the rules of the last matches stand among all rules. */
  readonly places: number[] = []

  constructor(
    taxonomy: Taxonomy,
    content: Content,
    router: Router,
    conditions: Conditions | undefined,
    onFault: RunOptions['onFault'],
  ) {
    this.router = router
    this.#onFault = onFault
    this.#taxonomy = taxonomy
    this.#content = content
    this.#plan = content.plans[taxonomy]
    this.#matcher = new Matcher(
      this.#plan,
      conditions,
      onFault && ((unit, error) => onFault({ rule: this.#plan.units[unit]?.rule ?? -1, error })),
    )
    this.#evidence = new Gatherer(this.#matcher, this.#plan.fields)
  }

  /** What holds, in the order of the rules, and of a rule's bindings the first that holds. */
  match(body: object, route: Route): Match[] {
    const units = this.#matcher.match(body, route)
    const matches: Match[] = []
    let previous = -1
    for (let i = 0; i < units.length; i++) {
      const unit = units[i] ?? -1
      const at = this.#plan.units[unit]?.rule ?? -1
      if (at === previous) continue
      previous = at
      const match = this.#told(at, unit)
      if (!match) continue
      this.places[matches.length] = at
      matches.push(match)
    }
    return matches
  }

  /** Without the evidence where that fails; nothing where there is no rule to name. */
  #told(at: number, unit: number): Match | undefined {
    let rule: MatchedRule | undefined
    try {
      rule = this.#content.rule(at)
      const { selections, fields } = this.#evidence.of(this.#content.question(this.#taxonomy, unit))
      return { rule, selections, fields }
    } catch (error) {
      if (!this.#onFault) throw error
      this.#onFault({ rule: at, error })
      return rule && { rule, selections: [], fields: {} }
    }
  }
}
