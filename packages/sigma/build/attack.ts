import { readFile, writeFile } from 'node:fs/promises'

// Writes src/attack/attack.json from a bundle of Enterprise ATT&CK in STIX, of which it takes ids and the short names of tactics and nothing else:
//   node packages/sigma/build/attack.ts enterprise-attack-19.2.json
// The bundles are published by MITRE in github.com/mitre-attack/attack-stix-data, folder enterprise-attack.

interface StixObject {
  readonly type: string
  readonly id: string
  readonly revoked?: boolean
  readonly x_mitre_deprecated?: boolean
  readonly x_mitre_version?: string
  readonly x_mitre_shortname?: string
  readonly relationship_type?: string
  readonly source_ref?: string
  readonly target_ref?: string
  readonly tactic_refs?: readonly string[]
  readonly external_references?: readonly { readonly source_name: string; readonly external_id?: string }[]
  readonly kill_chain_phases?: readonly { readonly kill_chain_name: string; readonly phase_name: string }[]
}

const [bundle] = process.argv.slice(2)
if (!bundle) throw new Error('name the STIX bundle of Enterprise ATT&CK')
const { objects } = JSON.parse(await readFile(bundle, 'utf8')) as { readonly objects: readonly StixObject[] }

const idOf = (object: StixObject | undefined): string =>
  object?.external_references?.find(({ source_name }) => source_name === 'mitre-attack')?.external_id ?? ''
const byId = new Map(objects.map(object => [object.id, object]))
const gone = (object: StixObject): boolean => object.revoked === true || object.x_mitre_deprecated === true
const sorted = <T>(entries: readonly (readonly [string, T])[]): Record<string, T> =>
  Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))

const patterns = objects.filter(({ type }) => type === 'attack-pattern')
const order = objects.find(({ type }) => type === 'x-mitre-matrix')?.tactic_refs ?? []
const tactics = objects.filter(object => object.type === 'x-mitre-tactic' && !gone(object))
const replaced = new Map(
  objects
    .filter(({ relationship_type }) => relationship_type === 'revoked-by')
    .map(({ source_ref = '', target_ref = '' }) => [source_ref, target_ref]),
)
/** What took the place of a pattern, and of that, if it went as well. */
function successor(id: string, most = 8): string {
  const next = replaced.get(id)
  return next === undefined || most === 0 ? idOf(byId.get(id)) : successor(next, most - 1)
}
const data = {
  version: objects.find(({ type }) => type === 'x-mitre-collection')?.x_mitre_version ?? '',
  source: 'github.com/mitre-attack/attack-stix-data, enterprise-attack',
  notice:
    '© 2026 The MITRE Corporation. This work is reproduced and distributed with the permission of The MITRE Corporation. Ids and short names of tactics only; terms of use: https://attack.mitre.org/resources/legal-and-branding/terms-of-use/',
  tactics: Object.fromEntries(
    tactics
      .toSorted((a, b) => order.indexOf(a.id) - order.indexOf(b.id))
      .map(tactic => [tactic.x_mitre_shortname ?? '', idOf(tactic)]),
  ),
  techniques: sorted(
    patterns
      .filter(pattern => !gone(pattern))
      .map(pattern => [
        idOf(pattern),
        (pattern.kill_chain_phases ?? [])
          .filter(({ kill_chain_name }) => kill_chain_name === 'mitre-attack')
          .map(({ phase_name }) => phase_name)
          .join(' '),
      ]),
  ),
  /** Revoked id → the one that took its place. */
  revoked: sorted(patterns.filter(({ revoked }) => revoked).map(pattern => [idOf(pattern), successor(pattern.id)])),
  deprecated: patterns
    .filter(pattern => pattern.x_mitre_deprecated && !pattern.revoked)
    .map(idOf)
    .toSorted(),
}
await writeFile(new URL('../src/attack/attack.json', import.meta.url), `${JSON.stringify(data, null, 2)}\n`)
