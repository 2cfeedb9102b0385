import { printTable } from '../stats.ts'
import type { Ours } from './contenders.ts'
import type { Row } from './table.ts'

/** Five times lighter than OpenTelemetry's collector. */
const LIGHTER = 5

const LIGHTER_IN = [
  ['registered', 'time to register'],
  ['ready', 'time to ready'],
  ['addedInit', 'added Init'],
  ['cpuToReady', 'CPU to ready'],
  ['anonymous', 'anonymous memory'],
  ['private', 'private memory'],
] as const

/** What was aimed at, and whether this run has it. Absolute times are of this machine: a check holds ratios only. */
export function aims(rows: readonly Row[], { onNode, onRuntime, script }: Ours): void {
  const row = (name: string | undefined): Row | undefined => rows.find(each => each.name === name)
  const [node, runtime] = [row(onNode.name), row(onRuntime?.name)]
  const otel =
    rows.find(({ name }) => name.startsWith("OpenTelemetry's extension")) ??
    rows.find(({ name }) => name.startsWith('OpenTelemetry'))
  const lines: string[][] = []
  const aim = (what: string, limit: number, unit: string, value: number | undefined, atLeast = false): void => {
    if (value === undefined) return
    const met = atLeast ? value >= limit : value <= limit
    lines.push([
      what,
      `${atLeast ? '≥' : '≤'} ${limit} ${unit}`,
      `${value.toFixed(unit === 'bytes' ? 0 : 1)} ${unit}`,
      met ? 'yes' : 'no',
    ])
  }
  for (const [where, ours] of [
    ['Node', node],
    ['bundled', runtime],
  ] as const) {
    aim(`registered, ${where}`, 5, 'ms', ours?.registered)
    if (where === 'bundled') aim('ready, bundled', 15, 'ms', ours?.ready)
    aim(`anonymous memory, ${where}`, where === 'Node' ? 12 : 6, 'MB', ours?.anonymous)
    aim(`private memory, ${where}`, where === 'Node' ? 12 : 6, 'MB', ours?.private)
    const perInvocation = ours?.cpuPerThousand
    aim(`CPU per invocation, ${where}`, 0.5, 'ms', perInvocation === undefined ? undefined : perInvocation / 1_000)
    for (const [key, what] of LIGHTER_IN) {
      const [theirs, own] = [otel?.[key], ours?.[key]]
      if (theirs !== undefined && own !== undefined)
        aim(`${otel?.name} beside ours, ${what}, ${where}`, LIGHTER, '×', theirs / own, true)
    }
  }
  aim('JavaScript that is read before it is ready', 60_000, 'bytes', script.first)
  aim('JavaScript that each sandbox reads', 60_000, 'bytes', script.ordinary)
  printTable('The aims', ['what', 'aim', 'here', 'met'], lines)
}
