import type { OcsfEvent } from '@weir/schema/ocsf'
import { plain, type Terminal } from './terminal.ts'

const STYLE = { Critical: ['bold', 'red'], High: 'red', Medium: 'yellow', Low: 'cyan', Informational: 'gray' } as const
type SeverityName = keyof typeof STYLE

/** What a person needs of a finding, taken from its OCSF body. */
export interface FindingView {
  readonly severity: SeverityName
  readonly title: string
  /** Function name, resource or account. */
  readonly about: string
  /** ATT&CK technique ids. */
  readonly techniques: readonly string[]
  readonly message: string
  readonly rule: string
  readonly evidence: string
}

interface FindingBody {
  readonly severity?: string
  readonly message?: string
  readonly finding_info?: {
    readonly title?: string
    readonly analytic?: { readonly uid?: string; readonly type_id?: number }
    readonly attacks?: readonly {
      readonly technique?: { readonly uid?: string }
      readonly sub_technique?: { readonly uid?: string }
    }[]
  }
  readonly resources?: readonly { readonly name?: string; readonly uid?: string; readonly type?: string }[]
  readonly cloud?: { readonly account?: { readonly uid?: string } }
  readonly evidences?: readonly { readonly data?: Readonly<Record<string, unknown>> }[]
}

export function viewFinding(finding: OcsfEvent): FindingView {
  const body = finding as unknown as FindingBody
  const severity = body.severity && body.severity in STYLE ? (body.severity as SeverityName) : 'Informational'
  const { group, selections: __, ...evidence } = body.evidences?.[0]?.data ?? {}
  return {
    severity,
    title: body.finding_info?.title ?? '',
    about: aboutOf(body, group),
    techniques: [...new Set((body.finding_info?.attacks ?? []).flatMap(a => a.sub_technique?.uid ?? a.technique?.uid ?? []))],
    message: body.message ?? '',
    rule: body.finding_info?.analytic?.uid ?? '',
    evidence: evidenceLine(evidence),
  }
}

/** The function where there is one; else what a detector grouped its events by, because one of its events stands for none of the others. */
function aboutOf({ resources, cloud, finding_info }: FindingBody, group: unknown): string {
  const resource = resources?.[0]
  const grouped = finding_info?.analytic?.type_id === BEHAVIORAL && resource?.type !== 'AWS::Lambda::Function'
  if (grouped && typeof group === 'string' && group) return nameIn(group)
  return resource?.name ?? resource?.uid ?? cloud?.account?.uid ?? ''
}

const BEHAVIORAL = 2 // OCSF analytic.type_id

/** The name in the last ARN or word of a detector's group: `arn:aws:iam::111122223333:role/Developer` → `Developer`. */
function nameIn(group: string): string {
  const last = group.split(' ').at(-1) ?? group
  return /^arn:[^:]*:[^:]*:[^:]*:[^:]*:(?:[a-z-]+[:/])?(.+)$/.exec(last)?.[1] ?? last
}

/** Two lines: severity, title, function, technique; then the evidence. */
export function findingLines(finding: OcsfEvent, terminal: Terminal, repeats = 0): string[] {
  const view = viewFinding(finding)
  const label = terminal.paint(STYLE[view.severity] as 'red', view.severity.toUpperCase().padEnd(13))
  const times = repeats > 0 ? terminal.paint('gray', ` (and ${repeats} more like it)`) : ''
  const head = [plain(view.title), plain(view.about), view.techniques.join(' ')].filter(Boolean).join(' · ')
  const lines = [`${label} ${head}${times}`]
  if (view.evidence)
    lines.push(`              ${terminal.paint('gray', plain(view.evidence, Math.max(60, terminal.columns - 16)))}`)
  return lines
}

/** `key=value` pairs, nested ones as JSON, in the order the detection gave them. */
function evidenceLine(evidence: Readonly<Record<string, unknown>>): string {
  const { fields, ...rest } = evidence
  const all = { ...rest, ...(fields && typeof fields === 'object' ? (fields as Record<string, unknown>) : {}) }
  return Object.entries(all)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
}

/** Things that one rule is shown about. */
const PER_RULE = 3

/** Repeats of one rule about one thing are one line, so that a noisy rule cannot hide the rest. */
export class FindingGroups {
  readonly #groups = new Map<string, { readonly first: OcsfEvent; count: number }>()

  add(finding: OcsfEvent): void {
    const { rule, about } = viewFinding(finding)
    const group = this.#groups.get(`${rule}\0${about}`)
    if (group) group.count++
    else this.#groups.set(`${rule}\0${about}`, { first: finding, count: 1 })
  }

  get total(): number {
    return [...this.#groups.values()].reduce((sum, group) => sum + group.count, 0)
  }

  /** Severity, then first seen; of one rule the first few, so that one that matches everything leaves room for the others. */
  lines(terminal: Terminal): string[] {
    const sorted = [...this.#groups.values()].toSorted((a, b) => b.first.severity_id - a.first.severity_id)
    return [...Map.groupBy(sorted, ({ first }) => viewFinding(first).rule).values()].flatMap(groups => {
      const rest = groups.slice(PER_RULE)
      const [shown] = groups
      const lines = groups.slice(0, PER_RULE).flatMap(({ first, count }) => findingLines(first, terminal, count - 1))
      if (rest.length === 0 || !shown) return lines
      const more = rest.reduce((sum, { count }) => sum + count, 0)
      const text = `… and ${count(more, 'more finding')} of "${plain(viewFinding(shown.first).title)}" about ${count(rest.length, 'other')}; --all shows each`
      return [...lines, `              ${terminal.paint('gray', text)}`]
    })
  }
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`
