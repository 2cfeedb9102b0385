/** Figures of several runs: machines are noisy, so a median is quoted, and a ratio of two things measured in turn. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

export interface Stage {
  readonly name: string
  run(): unknown
}

/** Milliseconds per run of each stage, medians of `rounds`, the stages in turn within each round. */
export async function interleave(stages: readonly Stage[], rounds: number): Promise<Map<string, number>> {
  const times = new Map(stages.map(stage => [stage.name, [] as number[]]))
  for (let round = -2; round < rounds; round++) {
    for (const stage of stages) {
      const began = performance.now()
      await stage.run()
      const took = performance.now() - began
      if (round >= 0) times.get(stage.name)?.push(took) // the first two rounds warm up
    }
  }
  return new Map([...times].map(([name, values]) => [name, median(values)]))
}

export function printTable(title: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const all = [head, ...rows]
  const widths = head.map((_, i) => Math.max(...all.map(row => (row[i] ?? '').length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`
  process.stdout.write(
    `\n${title}\n\n${line(head)}\n|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|\n`,
  )
  for (const row of rows) process.stdout.write(`${line(row)}\n`)
}
