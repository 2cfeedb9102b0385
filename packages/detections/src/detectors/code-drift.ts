import type { Detector, DetectorEvent } from '../detector.ts'
import { bodyOf, objectAt, textAt } from '../fields.ts'
import { OURS } from '../ours.ts'
import { foldMemory } from '../windows.ts'

/** Distinct trees of one version that are remembered; more of them tell no more. */
const REMEMBERED = 8
const DIGEST_LENGTH = 64

/**
 * Tells when sandboxes of one published version run different code, each other tree once. A published version never changes; `$LATEST` does with
 * every deployment and is left out. Reads `weir.code`: the trees of the function and of its layers.
 */
export const codeDrift: Detector = {
  meta: {
    ...OURS,
    id: '7dde41ec-83e6-4dac-b5ec-fdc9d4fc5444',
    title: 'Sandboxes of one function version run different code',
    level: 'high',
    description:
      'Two sandboxes of one published version found different files in /var/task or in their layers. Lambda does not change a published version, so ' +
      'that one of them was tampered with, or its telemetry is made up.\nNext: compare the CodeSha256 of the version (`get-function`) with that of ' +
      'your build, and publish it anew. The evidence holds both digests and the sandboxes; treat what the odd ones did as untrusted.',
    falsepositives: ['A container image whose files are written at its start.'],
    references: ['https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html'],
    tags: [
      'attack.persistence',
      'attack.t1525',
      'attack.initial-access',
      'attack.t1195.002',
      'owasp-serverless.sls9',
      'nist-800-53.cm-3',
      'nist-800-53.si-7',
      'nist-800-53.sr-3',
      'hipaa.164.312.c.1',
    ],
  },
  logsource: { product: 'weir', service: 'telemetry' },
  async detect(events, context) {
    const versions = Map.groupBy(
      events.filter(event => versionOf(event) !== undefined),
      event => versionOf(event) ?? '',
    )
    const detections = []
    for (const [version, seen] of versions) {
      const trees = [...new Set(seen.map(treeOf))].filter(tree => tree !== undefined)
      const { first, fresh } = await foldMemory<readonly string[], { first: string; fresh: readonly string[] }>(
        codeDrift.meta.id,
        version,
        context,
        [],
        known => {
          const all = [...new Set([...known, ...trees])].slice(0, REMEMBERED)
          const added = all.slice(Math.max(known.length, 1))
          return { state: all, answer: { first: all[0] ?? '', fresh: added } }
        },
      )
      for (const tree of fresh) {
        const those = seen.filter(event => treeOf(event) === tree)
        detections.push({
          group: version,
          window: tree,
          message: `${version} runs other code in ${new Set(those.map(({ identity }) => identity.sandbox)).size} sandboxes than it did before`,
          events: those,
          evidence: { before: first, now: tree, sandboxes: those.map(({ identity }) => identity.sandbox).slice(0, REMEMBERED) },
        })
      }
    }
    return detections
  },
}

/** Function and version, where the version is a published one. */
function versionOf({ record, identity }: DetectorEvent): string | undefined {
  const version = textAt(record, 'functionVersion') ?? ''
  if (record['signal'] !== 'weir.code' || identity.function === undefined || !/^\d{1,10}$/.test(version)) return undefined
  return `${identity.function}:${version}`
}

/** Digests of the function's files and of its layers'. */
function treeOf({ record }: DetectorEvent): string | undefined {
  const body = bodyOf(record)
  const task = textAt(body, 'digest')
  if (task === undefined) return undefined
  const layers = textAt(objectAt(body, 'layers'), 'digest') ?? 'none'
  return `${task.slice(0, DIGEST_LENGTH)} ${layers.slice(0, DIGEST_LENGTH)}`
}
