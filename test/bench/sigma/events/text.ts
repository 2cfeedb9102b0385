import { generator } from '@weir/schema/measure'

export type Random = () => number
export type Row = Readonly<Record<string, unknown>>

/** An event before it is matched: where it comes from, and its native fields. */
export interface Logged {
  readonly logsource: { readonly product?: string; readonly service?: string; readonly category?: string }
  readonly record: Row
}

export const pick = <T>(random: Random, items: readonly T[]): T => {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new RangeError('nothing to pick from')
  return item
}

const digits = (random: Random, count: number): string =>
  Array.from({ length: count }, () => Math.floor(random() * 10).toString()).join('')
const hex = (random: Random, count: number): string =>
  Array.from({ length: count }, () => Math.floor(random() * 16).toString(16)).join('')

const USERS = ['amelie', 'jonas', 'priya', 'tomasz', 'wen', 'svc-backup', 'svc-deploy', 'helpdesk2'] as const
const HOSTS = ['FIN-LT-0412', 'DEV-WS-0077', 'HR-LT-0190', 'BUILD-03', 'FILES-01', 'DC-02'] as const
const WORDS = ['report', 'invoice', 'budget', 'notes', 'archive', 'setup', 'export', 'summary', 'draft', 'metrics'] as const

/** What may stand in braces in a template. */
const FILLERS: Readonly<Record<string, (random: Random) => string>> = {
  user: random => pick(random, USERS),
  host: random => pick(random, HOSTS),
  word: random => pick(random, WORDS),
  n: random => String(Math.floor(random() * 60_000) + 400),
  d4: random => digits(random, 4),
  d6: random => digits(random, 6),
  h8: random => hex(random, 8),
  h32: random => hex(random, 32),
  h64: random => hex(random, 64),
  guid: random => `${hex(random, 8)}-${hex(random, 4)}-${hex(random, 4)}-${hex(random, 4)}-${hex(random, 12)}`,
  ip: random => `10.${Math.floor(random() * 40)}.${Math.floor(random() * 255)}.${Math.floor(random() * 254) + 1}`,
  net: random => `203.0.113.${Math.floor(random() * 254) + 1}`,
}

/** Fills the braces of a template with made-up text; what no filler is known for stays. */
export const fill = (template: string, random: Random): string =>
  template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => FILLERS[name]?.(random) ?? whole)

/** Fills every text of a row. */
export const fillRow = (row: Row, random: Random): Row =>
  Object.fromEntries(Object.entries(row).map(([key, value]) => [key, typeof value === 'string' ? fill(value, random) : value]))

/** `count` events, always the same for a seed. `make` gets a source of numbers and the event's place. */
export function series(count: number, seed: number, make: (random: Random, at: number) => Logged): readonly Logged[] {
  const random = generator(seed)
  return Array.from({ length: count }, (_, at) => make(random, at))
}

export const clock = (at: number): string => new Date(1_793_520_000_000 + at * 250).toISOString()
