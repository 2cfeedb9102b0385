import type { Plan } from '../plan/plan.ts'
import type { LogSource } from '../types.ts'
import { Route } from './route.ts'
import type { TextBuffer } from './text.ts'

/** How many log sources' routes are kept; beyond it they are worked out anew. */
const ROUTES = 256

type Key = 'product' | 'service' | 'category'

/** Which units of a plan read the events of a log source. Routes are made when an event first needs them. */
export class Router {
  readonly #plan: Plan
  readonly #routing: boolean
  readonly #buffer: TextBuffer
  /** What the plan's log sources name; all that none names is the same to it. */
  readonly #named: Readonly<Record<Key, ReadonlySet<string>>>
  readonly #routes = new Map<string, Route | undefined>()
  #last: { readonly source: LogSource; readonly route: Route | undefined } | undefined

  constructor(plan: Plan, routing: boolean, buffer: TextBuffer) {
    this.#plan = plan
    this.#routing = routing
    this.#buffer = buffer
    const named = (key: Key): ReadonlySet<string> => new Set(plan.sources.flatMap(source => source[key] ?? []))
    this.#named = { product: named('product'), service: named('service'), category: named('category') }
  }

  /** Undefined when no unit reads such events. */
  of(source: LogSource): Route | undefined {
    // Events come in batches of one log source.
    const last = this.#last
    if (
      last &&
      (last.source === source ||
        (last.source.product === source.product &&
          last.source.service === source.service &&
          last.source.category === source.category))
    )
      return last.route
    const route = this.#find(source)
    this.#last = { source, route }
    return route
  }

  #find(source: LogSource): Route | undefined {
    const part = (key: Key): string => {
      const value = source[key]?.toLowerCase()
      return this.#routing && value !== undefined && this.#named[key].has(value) ? value : ''
    }
    const known = { product: part('product'), service: part('service'), category: part('category') }
    const key = `${known.product}\0${known.service}\0${known.category}`
    if (!this.#routes.has(key)) {
      if (this.#routes.size >= ROUTES) this.#routes.clear()
      this.#routes.set(key, this.#make(known))
    }
    return this.#routes.get(key)
  }

  #make(source: Readonly<Record<Key, string>>): Route | undefined {
    const applies = this.#plan.sources.map(
      wanted =>
        !this.#routing ||
        (['product', 'service', 'category'] as const).every(key => wanted[key] === undefined || wanted[key] === source[key]),
    )
    const units = [...this.#plan.units.keys()].filter(unit => applies[this.#plan.units[unit]?.source ?? -1])
    return units.length > 0 ? new Route(this.#plan, units, this.#buffer) : undefined
  }
}
