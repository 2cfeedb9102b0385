import { ATTACK_REVOKED, ATTACK_TACTICS, ATTACK_TECHNIQUES, techniqueOf } from './attack.ts'

/** A rule or detector, as far as coverage asks. */
export interface Tagged {
  readonly title: string
  readonly tags?: readonly string[]
}

/** What rules find of a technique under one tactic. */
export interface Covered {
  /** `T1078.004`. */
  readonly technique: string
  /** Short name, `persistence`. */
  readonly tactic: string
  /** Titles of the rules, in the order given. */
  readonly titles: readonly string[]
}

export interface Coverage {
  /** By tactic in the order of the matrix, then by technique. */
  readonly covered: readonly Covered[]
  /** Tactic → titles of the rules that name it and no technique of it. */
  readonly tacticOnly: ReadonlyMap<string, readonly string[]>
  /** Ids that ATT&CK does not have or has deprecated, with the rules that name them. */
  readonly unknown: ReadonlyMap<string, readonly string[]>
  /** Titles of the rules without a tag of ATT&CK. */
  readonly untagged: readonly string[]
}

/**
 * What rules say they find. A technique counts under those of its tactics that the rule names too, or under all of them when it names none.
 * What was revoked counts as what took its place.
 */
export function coverageOf(rules: readonly Tagged[]): Coverage {
  const covered = new Map<string, Map<string, string[]>>([...ATTACK_TACTICS.keys()].map(tactic => [tactic, new Map()]))
  const tacticOnly = new Map<string, string[]>()
  const unknown = new Map<string, string[]>()
  const untagged: string[] = []
  const add = (map: Map<string, string[]>, key: string, title: string): void => {
    const titles = map.get(key) ?? []
    if (!titles.includes(title)) titles.push(title)
    map.set(key, titles)
  }
  for (const { title, tags = [] } of rules) {
    const named = tags.map(tag => tag.toLowerCase().replace(/^attack\./, '')).filter(name => ATTACK_TACTICS.has(name))
    const ids = tags.flatMap(tag => techniqueOf(tag) ?? [])
    if (named.length + ids.length === 0) untagged.push(title)
    const served = new Set<string>()
    for (const written of ids) {
      const id = ATTACK_REVOKED.get(written) ?? written
      const tactics = ATTACK_TECHNIQUES.get(id)
      if (!tactics) {
        add(unknown, written, title)
        continue
      }
      const own = tactics.filter(tactic => named.includes(tactic))
      for (const tactic of own.length > 0 ? own : tactics) {
        served.add(tactic)
        const techniques = covered.get(tactic)
        if (techniques) add(techniques, id, title)
      }
    }
    for (const tactic of named) if (!served.has(tactic)) add(tacticOnly, tactic, title)
  }
  return {
    covered: [...covered].flatMap(([tactic, techniques]) =>
      [...techniques]
        .map(([technique, titles]) => ({ technique, tactic, titles }))
        .toSorted((a, b) => (a.technique < b.technique ? -1 : 1)),
    ),
    tacticOnly,
    unknown,
    untagged,
  }
}

/** How many techniques and sub-techniques a tactic has. */
export function sizeOf(tactic: string): number {
  let count = 0
  for (const tactics of ATTACK_TECHNIQUES.values()) if (tactics.includes(tactic)) count++
  return count
}
