import type { Engine, Match, MatchedRule } from './match.ts'
import { evidenceOf } from './evidence.ts'
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

/** An engine over plans. Without `routing`, every rule is tried on every event. */
export function runContent(content: Content, routing: boolean, conditions?: Readonly<Record<Taxonomy, Conditions>>): Engine {
  const buffer = new TextBuffer()
  const body = (taxonomy: Taxonomy): Body =>
    new Body(taxonomy, content, new Router(content.plans[taxonomy], routing, buffer), conditions?.[taxonomy])
  const sigma = body('sigma')
  const ocsf = body('ocsf')
  return {
    match(event: SigmaEvent): Match[] {
      const found: Found[] = []
      const { logsource } = event
      const ofRecord = sigma.router.of(logsource)
      const ofOcsf = ocsf.router.of(logsource)
      if (ofRecord) sigma.match(event.record, ofRecord, found)
      // The OCSF body is mapped when it is first read, so it is read only when a rule asks for it.
      if (ofOcsf) ocsf.match(event.ocsf, ofOcsf, found)
      if (ofOcsf && found.length > 1) found.sort((a, b) => a.at - b.at)
      return found.map(({ match }) => match)
    },
    get rules() {
      return content.rules()
    },
  }
}

interface Found {
  readonly at: number
  readonly match: Match
}

/** One of an event's two bodies, and the rules that read it. */
class Body {
  readonly router: Router
  readonly #taxonomy: Taxonomy
  readonly #content: Content
  readonly #plan: Plan
  readonly #matcher: Matcher

  constructor(taxonomy: Taxonomy, content: Content, router: Router, conditions: Conditions | undefined) {
    this.router = router
    this.#taxonomy = taxonomy
    this.#content = content
    this.#plan = content.plans[taxonomy]
    this.#matcher = new Matcher(this.#plan, conditions)
  }

  /** Adds what holds, in the order of the rules, and of a rule's bindings the first that holds. */
  match(body: object, route: Route, found: Found[]): void {
    const units = this.#matcher.match(body, route)
    let previous = -1
    for (let i = 0; i < units.length; i++) {
      const unit = units[i] ?? -1
      const at = this.#plan.units[unit]?.rule ?? -1
      if (at === previous) continue
      previous = at
      const evidence = evidenceOf(this.#content.question(this.#taxonomy, unit), this.#matcher, this.#plan.fields)
      found.push({ at, match: { rule: this.#content.rule(at), ...evidence } })
    }
  }
}
