import type { LogSource, RuleMeta, RuleSet } from '@weir/sigma'
import { LEVELS } from '@weir/sigma'
import { mappings, type Named } from './coverage.ts'

/** A rule, a correlation or a typed detector, as far as the table shows it. */
export interface Listed {
  readonly meta: RuleMeta
  readonly logsource: LogSource
  /** Relative to the package: where a rule's file lies. Absent for a typed detector. */
  readonly file?: string
  readonly correlation?: boolean
}

/** What of a rule set makes findings: rules that only feed correlations are left out. A correlation reads what its first rule reads. */
export function listed({ rules, correlations, silent }: Pick<RuleSet, 'rules' | 'correlations' | 'silent'>): Listed[] {
  const logsources = new Map(rules.map(({ meta, logsource }) => [meta.id, logsource]))
  const all: Listed[] = [...rules]
  for (const { meta, file, inputs } of correlations) {
    const logsource = logsources.get(inputs[0]?.id ?? '') ?? {}
    logsources.set(meta.id, logsource)
    all.push({ meta, file, logsource, correlation: true })
  }
  return all.filter(({ meta }) => !silent.has(meta.id))
}

export const TABLE_START = '<!-- detections: written by build/readme.ts -->'
export const TABLE_END = '<!-- end of detections -->'

/** The README's table: the most severe first, then by title. */
export function detectionTable(detections: readonly Listed[]): string {
  const rank = (each: Listed): number => LEVELS.indexOf(each.meta.level)
  const rows = detections
    .toSorted((a, b) => rank(b) - rank(a) || (a.meta.title < b.meta.title ? -1 : 1))
    .map(({ meta, logsource, file, correlation }) => {
      const { attacks, owasp, nist, hipaa } = mappings(meta.tags ?? [])
      const techniques = attacks.map(({ sub_technique, technique, tactic }) => sub_technique ?? technique ?? tactic)
      return [
        file ? `[${meta.title}](rules/${file})${correlation ? ' *(correlation)*' : ''}` : `${meta.title} *(detector)*`,
        meta.level,
        Object.values(logsource).join(' / '),
        ids(techniques.filter(each => each !== undefined)),
        ids(owasp),
        ids(nist),
        ids(hipaa).replaceAll('164.312', ''),
      ]
    })
  const head = ['detection', 'level', 'source', 'ATT&CK', 'OWASP', 'NIST 800-53', 'HIPAA 164.312']
  return [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

/** Puts the table between its marks. Throws when they are not there. */
export function withTable(readme: string, table: string): string {
  const start = readme.indexOf(TABLE_START)
  const end = readme.indexOf(TABLE_END)
  if (start < 0 || end < start) throw new Error(`README.md: the marks of the table are missing: ${TABLE_START} and ${TABLE_END}`)
  return `${readme.slice(0, start + TABLE_START.length)}\n${table}\n${readme.slice(end)}`
}

const ids = (entries: readonly Named[]): string => [...new Set(entries.map(({ uid }) => uid))].join(' ')
