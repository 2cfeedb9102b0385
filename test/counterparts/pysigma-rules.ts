// Random rules and events for the comparison with pySigma: all from one seed, directed by the grammar, and built so that about half of the
// pairs match: each item is made together with a value that should fit it.

/** A rule as parsed YAML, and events to try it on. */
export interface Trial {
  readonly rule: { readonly title: string; readonly logsource: object; readonly detection: Readonly<Record<string, unknown>> }
  readonly events: readonly Readonly<Record<string, unknown>>[]
}

/** Placeholder lists that every rule may use. */
export const PLACEHOLDERS: Readonly<Record<string, readonly string[]>> = {
  admins: ['root', 'adm-*', 'a\\*b'],
  one: ['evil'],
}

/** A generator of numbers from a seed (mulberry32), and what is built on it. */
export class Chance {
  #state: number
  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 to 1, without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  /** Whether something of this probability happens. */
  is = (probability: number): boolean => this.next() < probability
  below = (limit: number): number => Math.floor(this.next() * limit)
  pick = <T>(from: readonly [T, ...T[]]): T => from[this.below(from.length)] ?? from[0]
  list = <T>(least: number, most: number, make: () => T): T[] =>
    Array.from({ length: least + this.below(most - least + 1) }, () => make())
}

const FIELDS = ['a', 'b', 'c', 'n.x', 'n.y.z', 'd.e', 'A'] as const
const PIECES = [
  'cmd', 'Evil', 'foo', 'BAR', '.exe', 'adm-x', 'root', ' ', ' -p ', ' /c ', '-enc', '\\', '\\\\', '*', '?', '%', '%one%', '|',
  'é', 'ÀÉ', 'ß', 'Σ', 'ς', '😀', 'İ', '\n', '.', '+', '$', '(', '"', '–', '5', '42', '0', "'", '127.0.0.1', 'null', 'true', '\t',
] as const // biome-ignore format: one table
const SCALARS = [
  0,
  1,
  5,
  42,
  -3,
  1.5,
  9_007_199_254_740_991,
  true,
  false,
  '',
  '5',
  '05',
  'true',
  'True',
  'null',
  '1e3',
  ' 7 ',
  '0x10',
] as const
const ADDRESSES = ['10.1.2.3', '192.168.0.1', '::1', 'fe80::1', '::ffff:10.0.0.1', '10.0.0.01', '2001:db8::5', '1.2.3'] as const
const NETWORKS = [
  '10.0.0.0/8',
  '192.168.0.0/16',
  '0.0.0.0/0',
  '::1/128',
  'fe80::/10',
  '2001:db8::/32',
  '10.0.0.1',
  '::/0',
] as const
const BAD_NETWORKS = [
  '10.0.0.1/8',
  '10.0.0.0/33',
  'x',
  '',
  '10.0.0.*',
  '10.0.0/8',
  'fe80::1/10',
  '10.0.0.0/255.0.0.0',
  5,
] as const
const DATES = [
  '2026-08-05T23:10:00+02:00',
  '2024-12-30 07:05:09',
  '2026-01-01',
  '2026-02-30T00:00',
  1_785_888_000,
  1_785_888_000_000,
] as const
const REGEXES = [
  'fo+', '^cmd', 'exe$', 'E[a-v]+l', 'a|cmd', '.', 'foo.BAR', '(foo|BAR){1,2}', '\\.exe', '\\d+', '^.*$', '', 'x*', '\\\\', '[^c]md', 'é', '^foo|bar$', '\\*',
] as const // biome-ignore format: one table
const BAD_REGEXES = ['(', '[a', 'a(?=b)', '(a)\\1', '*', '(?<!a)b', 'a{2,1}'] as const
const MODIFIERS = [
  'contains', 'startswith', 'endswith', 'all', 'neq', 'cased', 'exists', 're', 'i', 'm', 's', 'cidr', 'lt', 'lte', 'gt', 'gte', 'base64',
  'base64offset', 'wide', 'utf16le', 'utf16be', 'utf16', 'windash', 'fieldref', 'expand', 'minute', 'hour', 'day', 'week', 'month', 'year', 'ignorecase',
  'multiline', 'dotall', 'eq', 'Contains', '', 'not', 'regex',
] as const // biome-ignore format: one table

interface Made {
  readonly key: string
  readonly value: unknown
  /** What the field should hold so that the item is true; undefined leaves it out. */
  readonly fits: unknown
}

/** The `index`th trial of a seed. */
export function trialOf(seed: number, index: number): Trial {
  const chance = new Chance(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b))
  const record: Record<string, unknown> = {}
  const names = selectionNames(chance)
  const detection: Record<string, unknown> = {}
  for (const name of names) detection[name] = selection(chance, record)
  detection['condition'] = chance.is(0.08) ? chance.list(0, 3, () => condition(chance, names)) : condition(chance, names)
  return {
    rule: { title: 'Trial', logsource: { product: 'test' }, detection },
    events: [record, ...chance.list(2, 3, () => changed(chance, record))],
  }
}

const text = (chance: Chance): string => chance.list(1, 4, () => chance.pick(PIECES)).join('')

const NAMES = [
  'sel', 'sel_a', 'sel_b', 'selection', 'selection_1', 'filter', 'filter_main', '_hidden', '_sel', 'keywords', 'notsel', 'android', 'orx', 'not_a', 'sel-c',
  '1st', 'allowed', 'Sel', 'of', 'them', 'x', 'filter_a.conf', 'all', '1', 'any',
] as const // biome-ignore format: one table
function selectionNames(chance: Chance): readonly [string, ...string[]] {
  const common = chance.is(0.85)
  const one = (): string => (common ? (NAMES[chance.below(13)] ?? 'sel') : chance.pick(NAMES))
  return [one(), ...new Set(chance.list(0, 3, one))]
}

/** What stands under a search identifier; what should make it true is put into the record. */
function selection(chance: Chance, record: Record<string, unknown>): unknown {
  if (chance.is(0.12)) return keywords(chance, record)
  if (chance.is(0.14))
    return chance.list(chance.is(0.05) ? 0 : 1, 3, () => (chance.is(0.1) ? keyword(chance, record) : map(chance, record)))
  if (chance.is(0.02)) return chance.pick([null, {}, [], [[{ a: 1 }]], 'word', 7, true, [['x', 'y'], ['z']]])
  return map(chance, record)
}

function map(chance: Chance, record: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const field of new Set(chance.list(1, 2, () => chance.pick(FIELDS)))) {
    const { key, value, fits } = item(chance, field)
    out[key] = value
    if (fits !== undefined && chance.is(0.85)) put(chance, record, field, fits)
  }
  return out
}

function keywords(chance: Chance, record: Record<string, unknown>): unknown {
  const all = chance.is(0.25)
  const list = chance.list(1, 3, () => keyword(chance, record))
  if (all) return { '|all': list }
  return chance.is(0.1)
    ? {
        [chance.pick(['|re', '|contains', '|cased', '|startswith', '|windash', '|neq', '|exists', '', '|wide|base64offset'])]:
          list,
      }
    : list
}

function keyword(chance: Chance, record: Record<string, unknown>): unknown {
  if (chance.is(0.1)) return chance.pick([5, 42, true, null, 1.5])
  const word = text(chance)
  if (chance.is(0.6)) put(chance, record, chance.pick(FIELDS), `${text(chance)}${word}${text(chance)}`)
  return sigma(chance, word)
}

/** A text as a Sigma string that stands for it, now and then with wildcards in the place of characters, or with the escapes left out. */
function sigma(chance: Chance, literal: string): string {
  const raw = chance.is(0.15)
  const wild = chance.is(0.25)
  const chars = Array.from(literal)
  return chars
    .map((char, i) => {
      if (wild && chance.is(0.2)) return chance.pick(['?', '*', '*', '**', '\\?'])
      if (raw) return char
      if (char === '*' || char === '?') return `\\${char}`
      if (char !== '\\') return char
      const next = chars[i + 1]
      return next === '*' || next === '?' || next === '\\' || chance.is(0.5) ? '\\\\' : '\\'
    })
    .join('')
}

const otherCase = (chance: Chance, value: string): string => chance.pick([value, value.toUpperCase(), value.toLowerCase(), value])

type Maker = (chance: Chance, field: string) => Made

const plainText: Maker = (chance, field) => {
  const whole = text(chance)
  const affix = chance.pick(['', '', 'contains', 'startswith', 'endswith'])
  const cased = chance.is(0.15)
  const fits = { '': whole, contains: `x${whole}y`, startswith: `${whole}y`, endswith: `x${whole}` }[affix] ?? whole
  const chain = [affix, cased ? 'cased' : ''].filter(Boolean)
  if (chance.is(0.2)) chain.reverse()
  return {
    key: [field, ...chain].join('|'),
    value: sigma(chance, whole),
    fits: cased && chance.is(0.7) ? fits : otherCase(chance, fits),
  }
}

const several: Maker = (chance, field) => {
  const made = chance.list(1, 3, () => plainText(chance, field))
  const key = `${made[0]?.key ?? field}${chance.is(0.4) ? '|all' : ''}${chance.is(0.15) ? '|neq' : ''}`
  const values = [...made.map(({ value }) => value), ...(chance.is(0.15) ? [chance.pick<unknown>([null, ...SCALARS])] : [])]
  const fits = made.map(each => each.fits)
  return { key, value: values, fits: chance.is(0.5) ? fits : fits[0] }
}

const scalar: Maker = (chance, field) => {
  const value = chance.pick<unknown>([null, ...SCALARS])
  const fits = chance.is(0.5) ? value : chance.pick<unknown>([...SCALARS, null, String(value)])
  return { key: `${field}${chance.is(0.1) ? '|neq' : ''}`, value, fits: value === null && chance.is(0.5) ? undefined : fits }
}

const ENCODINGS: Readonly<Record<'' | 'wide' | 'utf16le' | 'utf16be' | 'utf16', (text: string) => Buffer>> = {
  '': value => Buffer.from(value),
  wide: value => Buffer.from(value, 'utf16le'),
  utf16le: value => Buffer.from(value, 'utf16le'),
  utf16be: value => Buffer.from(value, 'utf16le').swap16(),
  utf16: value => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(value, 'utf16le')]),
}
const encoded: Maker = (chance, field) => {
  const literal = chance.is(0.8) ? chance.pick(['foo', 'cmd.exe', 'IEX (', 'a', 'http://', 'foobar?', 'a*']) : text(chance)
  const name = chance.pick(['', 'wide', 'utf16le', 'utf16be', 'utf16'] as const)
  const offset = chance.is(0.6)
  const pad = (): Buffer => Buffer.from('xyzuvw'.slice(0, chance.below(4)))
  const bytes = ENCODINGS[name](literal)
  const fits = offset ? Buffer.concat([pad(), bytes, pad()]).toString('base64') : bytes.toString('base64')
  const chain = [
    name,
    chance.is(0.9) ? (offset ? 'base64offset' : 'base64') : '',
    offset ? 'contains' : '',
    chance.is(0.1) ? 'cased' : '',
  ]
  const value = chance.is(0.1) ? literal : sigmaPlain(literal)
  return { key: [field, ...chain.filter(Boolean)].join('|'), value: chance.is(0.2) ? [value, 'other'] : value, fits }
}
const sigmaPlain = (literal: string): string => literal.replaceAll(/\\(?=[\\*?])|[*?]/g, '\\$&')

const windash: Maker = (chance, field) => {
  const written = chance.pick([
    ' -p ',
    '/c',
    'a -b',
    'cmd /c -x',
    '-foo-bar',
    '--x',
    'a-b',
    '- x',
    ' –e',
    '-1 /2 -3',
    '-a -b -c -d',
    '-é',
    '-*',
    '/?',
    '-_x',
  ])
  const swapped = written.replaceAll(/[-/]/g, dash => (chance.is(0.5) ? chance.pick(['-', '/', '–', '—', '―']) : dash))
  return {
    key: `${field}|windash${chance.is(0.7) ? '|contains' : ''}${chance.is(0.1) ? '|all' : ''}`,
    value: written,
    fits: chance.is(0.3) ? `x${swapped}y` : swapped,
  }
}

const regex: Maker = (chance, field) => {
  const chain = [
    're',
    ...new Set(chance.list(0, 2, () => chance.pick(['i', 'm', 's', 'contains', 'startswith', 'endswith', 'neq', 'all']))),
  ]
  const value = chance.is(0.92) ? chance.pick(REGEXES) : chance.pick(BAD_REGEXES)
  return {
    key: [field, ...chain].join('|'),
    value: chance.is(0.15) ? [value, chance.pick(REGEXES)] : value,
    fits: chance.is(0.7) ? chance.pick(['foo\nBAR', 'cmd.exe', 'xfooBAR', 'Evil', '12\\*', 'CMD', 'xcmd\nfoo']) : text(chance),
  }
}

const network: Maker = (chance, field) => ({
  key: `${field}|cidr${chance.is(0.15) ? '|neq' : ''}`,
  value: chance.is(0.1)
    ? chance.pick<unknown>(BAD_NETWORKS)
    : chance.is(0.3)
      ? chance.list(1, 2, () => chance.pick(NETWORKS))
      : chance.pick(NETWORKS),
  fits: chance.pick<unknown>(ADDRESSES),
})

const comparison: Maker = (chance, field) => {
  const value = chance.is(0.9) ? chance.pick([0, 5, 42, -3, 1.5]) : chance.pick<unknown>(['5', true, null, 'x', ''])
  const fits =
    typeof value === 'number'
      ? chance.pick<unknown>([value, value - 1, value + 1, String(value + 0.5), `${value}`, 'x', true, '1e1'])
      : 5
  return {
    key: `${field}|${chance.pick(['lt', 'lte', 'gt', 'gte'])}${chance.is(0.1) ? '|neq' : ''}`,
    value: chance.is(0.1) ? [value, 7] : value,
    fits,
  }
}

const dates: Maker = (chance, field) => {
  const part = chance.pick(['minute', 'hour', 'day', 'week', 'month', 'year'])
  const value = chance.is(0.9)
    ? chance.pick([0, 1, 5, 7, 8, 10, 23, 30, 32, 52, 2024, 2026])
    : chance.pick<unknown>([60, -1, 1.5, '5', true])
  return { key: `${field}|${part}${chance.pick(['', '', '|gt', '|lte', '|neq'])}`, value, fits: chance.pick<unknown>(DATES) }
}

const reference: Maker = (chance, field) => ({
  key: `${field}|fieldref${chance.pick(['', '', '|contains', '|startswith', '|endswith', '|neq', '|startswith|endswith'])}`,
  value: chance.is(0.95) ? chance.pick(FIELDS) : chance.pick<unknown>(['a*', '', 5, 'a\\*', ['a', 'b']]),
  fits: chance.pick<unknown>(['foo', 'Foo', 'foobar', 5, '5', ['foo', 'bar'], null]),
})

const existence: Maker = (chance, field) => ({
  key: `${field}|exists${chance.is(0.1) ? '|neq' : ''}`,
  value: chance.is(0.9) ? chance.is(0.6) : chance.pick<unknown>(['true', 1, null, 'yes']),
  fits: chance.pick<unknown>(['x', null, [], '', undefined, undefined]),
})

const placeholder: Maker = (chance, field) => ({
  key: `${field}|${chance.pick(['expand', 'expand', 'contains|expand', 'expand|contains', 'expand|endswith', 'expand|cased', 'expand|all'])}`,
  value: chance.pick([
    '%admins%',
    'x%one%',
    '%one%\\%',
    '%admins%-%one%',
    'no',
    '%none%',
    '100%',
    '%%',
    '%a b%',
    '\\%one%',
    '%one%%one%',
    '*%one%',
  ]),
  fits: chance.pick([
    'root',
    'ADM-7',
    'evil',
    'xevil',
    'a*b',
    'evil%',
    'root-evil',
    '100%',
    'no',
    'evilevil',
    '%%',
    '\\evil',
    '%one%',
  ]),
})

/** Any chain on any value: mostly refused, by both. */
const anything: Maker = (chance, field) => {
  const made = item(chance, field)
  const chain = chance.list(1, 3, () => chance.pick(MODIFIERS))
  const value = chance.is(0.5)
    ? made.value
    : chance.pick<unknown>([...SCALARS, null, 'cmd', 'a*', [1, 'x'], [], { x: 1 }, [['x']]])
  return { key: `${chance.is(0.7) ? field : made.key}|${chain.join('|')}`, value, fits: made.fits }
}

const MAKERS: readonly [Maker, ...Maker[]] = [
  plainText, plainText, plainText, plainText, plainText, several, several, several, scalar, scalar, encoded, windash, regex, regex, network, comparison,
  dates, reference, existence, placeholder, anything,
] // biome-ignore format: how often each is made

const item: Maker = (chance, field) => chance.pick(MAKERS)(chance, field)

/** Puts a value under a name with dots: nested, under the dotted key itself, or in arrays. */
function put(chance: Chance, record: Record<string, unknown>, field: string, value: unknown): void {
  const held = chance.is(0.1)
    ? chance.pick<unknown>([[value], ['other', value], [[value]], [null, value], { deep: value }])
    : value
  const [first = '', ...rest] = field.split('.')
  if (rest.length === 0 || chance.is(0.15)) record[field] = held
  else if (chance.is(0.2)) record[first] = [{ other: 1 }, { [rest.join('.')]: held }]
  else {
    let at = record
    for (const key of [first, ...rest.slice(0, -1)]) {
      const inner = at[key]
      at = (typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : (at[key] = {})) as Record<
        string,
        unknown
      >
    }
    at[rest.at(-1) ?? ''] = held
  }
}

/** The record with something else in one or two of its places. */
function changed(chance: Chance, record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const copy = structuredClone(record) as Record<string, unknown>
  for (const field of chance.list(1, 2, () => chance.pick([FIELDS[0], ...FIELDS, ...Object.keys(copy)]))) {
    const value = copy[field]
    if (chance.is(0.25)) delete copy[field]
    else if (typeof value === 'string' && chance.is(0.7))
      copy[field] = chance.pick([
        value.toUpperCase(),
        value.toLowerCase(),
        `${value}x`,
        Array.from(value).slice(1).join(''),
        `${value}\n`,
        value.replaceAll('-', '/'),
      ])
    else copy[field] = chance.pick<unknown>([null, '', [], {}, 'cmd', ...SCALARS, ['foo', null], [value], { x: value ?? 1 }])
  }
  return copy
}

/** A condition over these selections, now and then one that is not Sigma. */
function condition(chance: Chance, names: readonly [string, ...string[]]): string {
  const written = expression(chance, names, 3)
  if (chance.is(0.95)) return written
  const first = names[0]
  return chance.pick([
    written.toUpperCase(), `${written} ${first}`, `(${written}`, `${written})`, `${written} and`, `not`, '', `2 of ${first}*`, `${written} | count() > 5`,
    `1 of nothing_*`, `${written} or unknown`, `1 of`, `all ${first}`, `${written} && ${first}`, `any of them`, `none of them`, `1 of (${first})`, `not not ${first}`,
    `${first} and not`, `( )`, `1of them`, `all of _*`, `${first},${first}`, `${written} xor ${first}`, `1 of ${first}?`, `them`,
  ]) // biome-ignore format: one table
}

function expression(chance: Chance, names: readonly [string, ...string[]], depth: number): string {
  const inner = (): string => expression(chance, names, depth - 1)
  const space = chance.is(0.9) ? ' ' : chance.pick(['  ', '\n', '\t'])
  if (depth <= 0 || chance.is(0.45)) {
    if (chance.is(0.7)) return chance.pick(names)
    const name = chance.pick(names)
    const cut = chance.below(name.length + 1)
    const pattern = chance.pick([
      'them',
      '*',
      `${name.slice(0, cut)}*`,
      `*${name.slice(cut)}`,
      `${name.slice(0, 1)}*${name.slice(-1)}`,
      name,
    ])
    return `${chance.pick(['1', 'all', 'any', '1', 'all'])}${space}of ${pattern}`
  }
  const kind = chance.pick(['and', 'or', 'not', 'group', 'and', 'or', 'mixed'])
  if (kind === 'not') return `not${space}${inner()}`
  if (kind === 'group') return `(${chance.is(0.3) ? ' ' : ''}${inner()})`
  // Without parentheses: who binds tighter is what is asked.
  if (kind === 'mixed')
    return chance
      .list(3, 4, () => (chance.is(0.3) ? `not ${chance.pick(names)}` : chance.pick(names)))
      .reduce((left, right) => `${left} ${chance.pick(['and', 'or'])} ${right}`)
  return chance.list(2, 3, inner).join(`${space}${kind}${space}`)
}
