import type { Added } from '../extension.ts'
import { median, printTable } from '../stats.ts'
import type { Size } from './contenders.ts'
import type { Weight } from './weigh.ts'

export interface Row extends Partial<Weight>, Added, Partial<Size> {
  readonly name: string
}

interface Column {
  readonly key: Exclude<keyof Row, 'name'>
  readonly title: string
  readonly digits: number
  readonly unit?: number
}

const MB = 2 ** 20
const START: readonly Column[] = [
  { key: 'registered', title: 'registered ms', digits: 1 },
  { key: 'subscribed', title: 'subscribed ms', digits: 1 },
  { key: 'ready', title: 'ready ms', digits: 1 },
  { key: 'cpuToReady', title: 'CPU to ready ms', digits: 1 },
  { key: 'anonymous', title: 'anonymous MB', digits: 1 },
  { key: 'private', title: 'private MB', digits: 1 },
  { key: 'rss', title: 'RSS MB', digits: 1 },
  { key: 'bytes', title: 'size MB', digits: 2, unit: MB },
  { key: 'zipped', title: 'zipped MB', digits: 2, unit: MB },
]
const WORK: readonly Column[] = [
  { key: 'cpuPerThousand', title: 'CPU ms per 1,000', digits: 0 },
  { key: 'anonymousAfter', title: 'anonymous MB after 1,000', digits: 1 },
]
const ADDED: readonly Column[] = [
  { key: 'addedInit', title: 'Init + ms', digits: 1 },
  { key: 'addedFirst', title: 'first 20, + ms', digits: 1 },
  { key: 'addedLater', title: 'later, + ms', digits: 1 },
  { key: 'addedClassic', title: "AWS's emulator, + ms", digits: 1 },
  { key: 'addedManaged', title: 'its managed instances, + ms', digits: 1 },
]

/** The median of each figure over those runs that have it. */
export function mediansOf<T extends object>(runs: readonly T[]): { readonly [K in keyof T]?: number } {
  const keys = new Set(runs.flatMap(run => Object.keys(run) as (keyof T)[]))
  const entries = [...keys].map(key => {
    const values = runs.map(run => run[key]).filter(value => typeof value === 'number')
    return [key, values.length > 0 ? median(values) : undefined] as const
  })
  return Object.fromEntries(entries) as { readonly [K in keyof T]?: number }
}

/** What the README has, as it has it. */
export function printFigures(rows: readonly Row[], starts: number, runs: number): void {
  const print = (title: string, columns: readonly Column[], shown = rows) =>
    printTable(
      title,
      ['process', ...columns.map(column => column.title)],
      shown.map(row => [
        row.name,
        ...columns.map(({ key, digits, unit = 1 }) => {
          const value = row[key]
          return value === undefined ? '–' : (value / unit).toFixed(digits)
        }),
      ]),
    )
  print(`Extension: medians of ${starts} starts`, START)
  const extensions = rows.filter(({ registered }) => registered !== undefined)
  print(
    `Extension: medians of ${runs} times 1,000 invocations with 8 JSON lines each, one right after the other`,
    WORK,
    extensions,
  )
  print(
    `Extension: what it adds to a function that prints 8 lines and waits for 10 ms, medians of ${runs} sandboxes`,
    ADDED,
    extensions,
  )
  const [ours, ...others] = rows
  if (!ours) return
  const columns = [...START, ...WORK]
  printTable(
    'The others, as multiples of the first',
    ['process', ...columns.map(({ title }) => title.replace(/ (ms|MB)/, ''))],
    others.map(row => [
      row.name,
      ...columns.map(({ key }) => {
        const [value, of] = [row[key], ours[key]]
        return value === undefined || of === undefined ? '–' : `${(value / of).toFixed(2)}×`
      }),
    ]),
  )
}
