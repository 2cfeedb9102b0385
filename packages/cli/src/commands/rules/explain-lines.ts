import type { ConditionResult, DetectionResult, Explanation, LogSource } from '@weir/sigma'
import { plain, type Terminal } from '../../terminal.ts'

/** How many parts of one `and` or `or` are shown; those that hold come first. */
const MOST = 40
const LINE_LENGTH = 700

/** An explanation for people: the condition as a tree, each part with its mark and, at the leaves, why. */
export function explanationLines({ bindings }: Explanation, terminal: Terminal): string[] {
  // A rule that is bound to several log sources is told of on the event's own; where none is, on each.
  const applying = bindings.filter(({ applies }) => applies)
  return (applying.length > 0 ? applying : bindings).flatMap(({ wanted, has, applies, condition }) => {
    const source = applies ? textOf(has) : `the rule is for ${textOf(wanted)}, the event is of ${textOf(has)}`
    return [...lineOf(applies, `log source: ${source}`, 0, terminal), ...partLines(condition, 0, terminal)]
  })
}

/** `aws/cloudtrail` */
export function textOf(source: LogSource): string {
  const { product, service, category } = source
  return [product, service, category].filter(Boolean).join('/') || 'no log source'
}

const LABELS = { and: 'all of these', or: 'any of these', not: 'not' } as const

function partLines(part: ConditionResult | DetectionResult, depth: number, terminal: Terminal): string[] {
  const { kind, holds } = part
  const line = (text: string): string[] => lineOf(holds, text, depth, terminal)
  switch (kind) {
    case 'item':
      return line(`${part.field ?? 'anywhere'} ${part.test}${part.reason === '' ? '' : `: ${part.reason}`}`)
    case 'selection': {
      const { name, detection } = part
      if (detection.kind === 'item') return [...line(name), ...partLines(detection, depth + 1, terminal)]
      // A map's lines are its selection's own; of a list's maps any will do.
      return [...line(detection.kind === 'and' ? name : `${name}, ${LABELS.or}`), ...children(detection.items, depth, terminal)]
    }
    case 'not':
      return [...line(LABELS.not), ...partLines(part.item, depth + 1, terminal)]
    default:
      return [...line(LABELS[kind]), ...children(part.items, depth, terminal)]
  }
}

function children(items: readonly (ConditionResult | DetectionResult)[], depth: number, terminal: Terminal): string[] {
  const shown = items.length <= MOST ? items : items.toSorted((a, b) => Number(b.holds) - Number(a.holds)).slice(0, MOST)
  const lines = shown.flatMap(item => partLines(item, depth + 1, terminal))
  return shown.length === items.length ? lines : [...lines, `${'  '.repeat(depth + 1)}… and ${items.length - shown.length} more`]
}

function lineOf(holds: boolean, text: string, depth: number, terminal: Terminal): string[] {
  const mark = holds ? terminal.paint('green', '✓') : terminal.paint('red', '✗')
  return [`${'  '.repeat(depth)}${mark} ${plain(text, LINE_LENGTH)}`]
}
