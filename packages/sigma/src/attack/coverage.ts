import { ATTACK_REVOKED, ATTACK_TACTICS, ATTACK_TECHNIQUES, techniqueOf } from './attack.ts'

/** A rule or detector, as far as coverage asks. */
export interface Tagged {
  /** What tells it from another of the same title; its title otherwise. */
  readonly id?: string
  readonly title: string
  readonly tags?: readonly string[]
}

/** What rules find of a technique under one tactic. */
export interface Covered {
  /** `T1078.004`. */
  readonly technique: string
  /** Short name, `persistence`. */
  readonly tactic: string
  /** Titles of the rules, in the order given: one for each rule, also where two have the same. */
  readonly titles: readonly string[]
}

export interface Coverage {
  /** By tactic in the order of the matrix, then by technique. */
  readonly covered: readonly Covered[]
  /** Tactic → titles of the rules that name it and no technique of it. */
  readonly tacticOnly: ReadonlyMap<string, readonly string[]>
  /** Tactic → how many rules name it or a technique that is counted under it. */
  readonly rules: ReadonlyMap<string, number>
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
  const covered = new Map<string, Map<string, Counted>>([...ATTACK_TACTICS.keys()].map(tactic => [tactic, new Map()]))
  const [tacticOnly, unknown, byTactic] = [new Map<string, Counted>(), new Map<string, Counted>(), new Map<string, Counted>()]
  const untagged: Counted = new Map()
  for (const { title, id = title, tags = [] } of rules) {
    const add = (map: Map<string, Counted>, key: string): void => void getOr(map, key).set(id, title)
    const named = tags.map(tag => tag.toLowerCase().replace(/^attack\./, '')).filter(name => ATTACK_TACTICS.has(name))
    const ids = tags.flatMap(tag => techniqueOf(tag) ?? [])
    if (named.length + ids.length === 0) untagged.set(id, title)
    const served = new Set<string>()
    for (const written of ids) {
      const technique = ATTACK_REVOKED.get(written) ?? written
      const tactics = ATTACK_TECHNIQUES.get(technique)
      if (!tactics) {
        add(unknown, written)
        continue
      }
      const own = tactics.filter(tactic => named.includes(tactic))
      for (const tactic of own.length > 0 ? own : tactics) {
        served.add(tactic)
        const techniques = covered.get(tactic)
        if (techniques) add(techniques, technique)
      }
    }
    for (const tactic of named) if (!served.has(tactic)) add(tacticOnly, tactic)
    for (const tactic of [...named, ...served]) add(byTactic, tactic)
  }
  return {
    covered: [...covered].flatMap(([tactic, techniques]) =>
      [...techniques]
        .map(([technique, counted]) => ({ technique, tactic, titles: [...counted.values()] }))
        .toSorted((a, b) => (a.technique < b.technique ? -1 : 1)),
    ),
    tacticOnly: titlesOf(tacticOnly),
    rules: new Map([...byTactic].map(([tactic, counted]) => [tactic, counted.size])),
    unknown: titlesOf(unknown),
    untagged: [...untagged.values()],
  }
}

/** Id of a rule → its title. */
type Counted = Map<string, string>

function getOr(map: Map<string, Counted>, key: string): Counted {
  const counted = map.get(key) ?? new Map<string, string>()
  map.set(key, counted)
  return counted
}

const titlesOf = (map: ReadonlyMap<string, Counted>): ReadonlyMap<string, readonly string[]> =>
  new Map([...map].map(([key, counted]) => [key, [...counted.values()]]))

/** How many techniques and sub-techniques a tactic has. */
export function sizeOf(tactic: string): number {
  let count = 0
  for (const tactics of ATTACK_TECHNIQUES.values()) if (tactics.includes(tactic)) count++
  return count
}
