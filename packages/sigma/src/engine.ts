import { Candidates } from './candidates.ts'
import { Compiler, type Test } from './compile.ts'
import { compileEvidence, type Evidence } from './evidence.ts'
import type { Rule } from './rule.ts'
import type { LogSource, SigmaEvent } from './types.ts'
import { EventView, FieldTable } from './view.ts'

/** One rule that holds for one event. */
export interface Match {
  readonly rule: Rule
  /** The selections of the condition that hold, those under a `not` left out. */
  readonly selections: readonly string[]
  /** Evidence: field name to the value that matched. At most 32 fields, texts cut at 1,024 characters, objects as JSON text. */
  readonly fields: Readonly<Record<string, unknown>>
}

export interface Engine {
  /** The rules of the event's log source that hold, in the order in which they were given. */
  match(event: SigmaEvent): Match[]
  readonly rules: readonly Rule[]
}

interface Compiled {
  readonly rule: Rule
  readonly test: Test
  readonly evidence: (view: EventView) => Evidence
}

/** The rules for one log source, by which of the event's two bodies they read; undefined when none does. */
interface Route {
  readonly sigma: Candidates | undefined
  readonly ocsf: Candidates | undefined
}

/** How many log sources' routes are kept; beyond it they are worked out anew. */
const ROUTES = 1_024

/** Compiles rules into one matcher. Throws when two rules have the same id: findings name rules by it. */
export function createEngine(rules: readonly Rule[]): Engine {
  refuseDuplicates(rules)
  const tables = { sigma: new FieldTable(), ocsf: new FieldTable() }
  const compiled = rules.map((rule): Compiled => {
    const compiler = new Compiler(tables[rule.taxonomy])
    return { rule, test: compiler.condition(rule.condition), evidence: lazily(() => compileEvidence(rule.condition, compiler)) }
  })
  const views = { sigma: new EventView(tables.sigma), ocsf: new EventView(tables.ocsf) }
  const routes = new Map<string, Route>()

  let last: { readonly source: LogSource; readonly route: Route } | undefined

  function route(source: LogSource): Route {
    // The events of a batch mostly share one object.
    if (last?.source === source) return last.route
    last = { source, route: routeOf(source) }
    return last.route
  }

  function routeOf(source: LogSource): Route {
    const key = `${source.product ?? ''}\0${source.service ?? ''}\0${source.category ?? ''}`
    let found = routes.get(key)
    if (!found) {
      const of = (taxonomy: Rule['taxonomy']): Candidates | undefined => {
        const chosen = rules.flatMap((rule, at) =>
          rule.taxonomy === taxonomy && applies(rule.logsource, source) ? [{ at, condition: rule.condition }] : [],
        )
        return chosen.length > 0 ? new Candidates(chosen, tables[taxonomy]) : undefined
      }
      found = { sigma: of('sigma'), ocsf: of('ocsf') }
      if (routes.size >= ROUTES) routes.clear()
      routes.set(key, found)
    }
    return found
  }

  function match(event: SigmaEvent): Match[] {
    const { sigma, ocsf } = route(event.logsource)
    const candidates: number[] = []
    if (sigma) {
      views.sigma.reset(event.record)
      sigma.collect(views.sigma, candidates)
    }
    if (ocsf) {
      views.ocsf.reset(event.ocsf)
      ocsf.collect(views.ocsf, candidates)
    }
    candidates.sort((a, b) => a - b)
    const matches: Match[] = []
    let previous = -1
    for (const at of candidates) {
      const one = compiled[at]
      if (!one || at === previous) continue
      previous = at
      const view = views[one.rule.taxonomy]
      if (one.test(view)) matches.push({ rule: one.rule, ...one.evidence(view) })
    }
    return matches
  }

  return { match, rules }
}

/** Whether a rule for `wanted` reads events of `source`: each of product, service and category that it names is the event's. */
function applies(wanted: LogSource, source: LogSource): boolean {
  const same = (key: 'product' | 'service' | 'category'): boolean =>
    wanted[key] === undefined || wanted[key] === source[key]?.toLowerCase()
  return same('product') && same('service') && same('category')
}

function refuseDuplicates(rules: readonly Rule[]): void {
  const seen = new Map<string, Rule>()
  for (const rule of rules) {
    const other = seen.get(rule.meta.id)
    if (other) {
      throw new Error(
        `two rules have the id ${rule.meta.id}: "${other.meta.title}" in ${other.file} and "${rule.meta.title}" in ${rule.file}; remove one`,
      )
    }
    seen.set(rule.meta.id, rule)
  }
}

function lazily<In, Out>(make: () => (input: In) => Out): (input: In) => Out {
  let made: ((input: In) => Out) | undefined
  return input => (made ??= make())(input)
}
