import type { ConditionResult, DetectionResult, Explanation, LogSource } from '@weir/sigma'
import { type Paint, plain } from '../../terminal.ts'

/** How many parts of one `and` or `or` are shown; those that hold come first. */
const MOST = 40
const LINE_LENGTH = 700

/** An explanation for people: the condition as a tree, each part with its mark and, at the leaves, why. `painted` colours the marks. */
export function explanationLines({ bindings }: Explanation): string[] {
  // A rule that is bound to several log sources is told of on the event's own; where none is, on each.
  const applying = bindings.filter(({ applies }) => applies)
  return (applying.length > 0 ? applying : bindings).flatMap(({ wanted, has, applies, condition }) => {
    const source = applies ? textOf(has) : `the rule is for ${textOf(wanted)}, the event is of ${textOf(has)}`
    return [...lineOf(applies, `log source: ${source}`, 0), ...partLines(condition, 0)]
  })
}

/** `aws/cloudtrail` */
export function textOf(source: LogSource): string {
  const { product, service, category } = source
  return [product, service, category].filter(Boolean).join('/') || 'no log source'
}

const LABELS = { and: 'all of these', or: 'any of these', not: 'not' } as const

function partLines(part: ConditionResult | DetectionResult, depth: number): string[] {
  const { kind, holds } = part
  const line = (text: string): string[] => lineOf(holds, text, depth)
  switch (kind) {
    case 'item':
      return line(`${part.field ?? 'anywhere'} ${part.test}${part.reason === '' ? '' : `: ${part.reason}`}`)
    case 'selection': {
      const { name, detection } = part
      if (detection.kind === 'item') return [...line(name), ...partLines(detection, depth + 1)]
      // A map's lines are its selection's own; of a list's maps any will do.
      return [...line(detection.kind === 'and' ? name : `${name}, ${LABELS.or}`), ...children(detection.items, depth)]
    }
    case 'not':
      return [...line(LABELS.not), ...partLines(part.item, depth + 1)]
    default:
      return [...line(LABELS[kind]), ...children(part.items, depth)]
  }
}

function children(items: readonly (ConditionResult | DetectionResult)[], depth: number): string[] {
  const shown = items.length <= MOST ? items : items.toSorted((a, b) => Number(b.holds) - Number(a.holds)).slice(0, MOST)
  const lines = shown.flatMap(item => partLines(item, depth + 1))
  return shown.length === items.length ? lines : [...lines, `${'  '.repeat(depth + 1)}… and ${items.length - shown.length} more`]
}

function lineOf(holds: boolean, text: string, depth: number): string[] {
  return [`${'  '.repeat(depth)}${holds ? '✓' : '✗'} ${plain(text, LINE_LENGTH)}`]
}

/** A line with its mark in colour. */
export function painted(line: string, paint: Paint): string {
  return line.replace(/^(\s*)([✓✗])/u, (_, indent: string, mark: string) => indent + paint(mark === '✓' ? 'green' : 'red', mark))
}
