import type { CorrelationMatch, Match, RuleMeta } from '@weir/sigma'
import type { Event } from '@weir/ingest'

/** How many groups of one rule are told apart; beyond it they are only said to be more. */
export const GROUPS_LIMIT = 10_000

/** One hit, as it is shown. */
export interface Sample {
  /** Epoch milliseconds, event time. */
  readonly time: number
  /** The event, or of a correlation the events that took part. */
  readonly uids: readonly string[]
  /** The file it was read from; '' of a correlation. */
  readonly file: string
  /** What it is about: function, account or source; of a correlation, its group. */
  readonly about: string
  readonly evidence: Readonly<Record<string, unknown>>
}

/** What a history holds of one rule. */
export interface Hits {
  readonly meta: RuleMeta
  readonly kind: 'rule' | 'correlation'
  readonly file: string
  readonly hits: number
  /** Epoch milliseconds; undefined without hits. */
  readonly first: number | undefined
  readonly last: number | undefined
  /** Different ones that hits are about, and whether there are more. */
  readonly groups: number
  readonly moreGroups: boolean
  /** Hits of correlations that are less than exact: an event came late, or a cap was reached. */
  readonly inexact: number
  readonly samples: readonly Sample[]
}

/** Counts a rule's hits in bounded memory. Samples are the first of different groups before further ones of the same. */
export class Tally implements Hits {
  readonly meta: RuleMeta
  readonly kind: Hits['kind']
  readonly file: string
  hits = 0
  first: number | undefined
  last: number | undefined
  moreGroups = false
  inexact = 0
  readonly #most: number
  readonly #groups = new Set<string>()
  readonly #fresh: Sample[] = []
  readonly #repeated: Sample[] = []

  constructor({ meta, file }: Pick<Hits, 'meta' | 'file'>, kind: Hits['kind'], samples: number) {
    this.meta = meta
    this.kind = kind
    this.file = file
    this.#most = samples
  }

  get groups(): number {
    return this.#groups.size
  }

  get samples(): readonly Sample[] {
    return [...this.#fresh, ...this.#repeated].slice(0, this.#most)
  }

  event(match: Match, event: Event, file: string): void {
    const { identity, time, uid, source } = event
    const about = identity.function ?? identity.account ?? source
    this.#add(time, about, () => ({ time, uids: [uid], file, about, evidence: match.fields }))
  }

  correlation({ groupBy, group, evidence, events, window, caveats }: CorrelationMatch): void {
    const time = typeof evidence['to'] === 'number' ? evidence['to'] : window.end
    const about = Object.entries(groupBy)
      .map(([field, value]) => `${field}=${value}`)
      .join(' ')
    if (caveats.length > 0) this.inexact++
    this.#add(time, group, () => ({ time, uids: events, file: '', about, evidence }))
  }

  #add(time: number, group: string, sample: () => Sample): void {
    this.hits++
    this.first = Math.min(this.first ?? time, time)
    this.last = Math.max(this.last ?? time, time)
    const known = this.#groups.has(group)
    if (!known && this.#groups.size < GROUPS_LIMIT) this.#groups.add(group)
    else if (!known) this.moreGroups = true
    const samples = known ? this.#repeated : this.#fresh
    if (samples.length < this.#most) samples.push(sample())
  }
}
