import data from './attack.json' with { type: 'json' }

/** The release of Enterprise ATT&CK whose ids are known here. */
export const ATTACK_VERSION: string = data.version

/** Short name of a tactic, as tags write it → its id, in the order of the matrix. */
export const ATTACK_TACTICS: ReadonlyMap<string, string> = new Map(Object.entries(data.tactics))

/** Id of a technique or sub-technique → short names of the tactics that it serves. */
export const ATTACK_TECHNIQUES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(data.techniques).map(([id, tactics]) => [id, tactics.split(' ')]),
)

/** Id of a technique that was revoked → the one that took its place. */
export const ATTACK_REVOKED: ReadonlyMap<string, string> = new Map(Object.entries(data.revoked))

export const ATTACK_DEPRECATED: ReadonlySet<string> = new Set(data.deprecated)

/** `attack.t1078.004` → `T1078.004`; undefined for a tag that names no technique. */
export function techniqueOf(tag: string): string | undefined {
  const id = /^attack\.(t\d{4}(?:\.\d{3})?)$/i.exec(tag)?.[1]
  return id?.toUpperCase()
}
