import { ATTACK_VERSION } from './attack.ts'
import type { Coverage } from './coverage.ts'

/** The layer format, and the first Navigator that reads it and knows the tactics of ATT&CK 19. */
const LAYER_VERSION = '4.5'
const NAVIGATOR_VERSION = '5.2.0'
/** Longer comments make the Navigator's tooltips useless. */
const COMMENT = 2_000

/** https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md */
export interface NavigatorLayer {
  readonly name: string
  readonly versions: { readonly attack: string; readonly navigator: string; readonly layer: string }
  readonly domain: 'enterprise-attack'
  readonly description: string
  /** 3: by score, the highest first. */
  readonly sorting: 3
  readonly techniques: readonly LayerTechnique[]
  readonly gradient: { readonly colors: readonly string[]; readonly minValue: number; readonly maxValue: number }
}

export interface LayerTechnique {
  readonly techniqueID: string
  readonly tactic: string
  /** Number of rules; none for a technique that is there to open its sub-techniques. */
  readonly score?: number
  /** The rules' titles, one a line. */
  readonly comment?: string
  readonly showSubtechniques?: true
}

/** A layer for the ATT&CK Navigator: techniques are coloured by how many rules find them. */
export function navigatorLayer({ covered }: Coverage, name: string): NavigatorLayer {
  const open = new Set(
    covered.flatMap(({ technique, tactic }) => (technique.includes('.') ? [`${technique.slice(0, 5)} ${tactic}`] : [])),
  )
  const techniques: LayerTechnique[] = covered.map(({ technique, tactic, titles }) => ({
    techniqueID: technique,
    tactic,
    score: titles.length,
    comment: commentOf(titles),
    ...(open.delete(`${technique} ${tactic}`) ? { showSubtechniques: true as const } : {}),
  }))
  for (const parent of open) {
    const [techniqueID = '', tactic = ''] = parent.split(' ')
    techniques.push({ techniqueID, tactic, showSubtechniques: true })
  }
  return {
    name,
    versions: { attack: ATTACK_VERSION.split('.')[0] ?? ATTACK_VERSION, navigator: NAVIGATOR_VERSION, layer: LAYER_VERSION },
    domain: 'enterprise-attack',
    description: 'Number of rules a technique; the comments are their titles.',
    sorting: 3,
    techniques,
    gradient: {
      colors: ['#e8f0fe', '#1a56c4'],
      minValue: 0,
      maxValue: Math.max(1, ...covered.map(({ titles }) => titles.length)),
    },
  }
}

function commentOf(titles: readonly string[]): string {
  const all = titles.join('\n')
  if (all.length <= COMMENT) return all
  let shown = 0
  let length = 0
  while (length + (titles[shown]?.length ?? 0) + 1 <= COMMENT) length += (titles[shown++]?.length ?? 0) + 1
  return `${titles.slice(0, shown).join('\n')}\n… and ${titles.length - shown} more`
}
