import type { Item, StringValue } from '../../tree.ts'
import { MANY, type Pattern } from '../../values.ts'
import { canCover, covers, sameAs, Steps } from '../covers.ts'
import type { LintDetection, LintItem } from '../document.ts'
import type { Lint, Tell } from '../lint.ts'

const onItems =
  (check: (item: LintItem, tell: Tell) => void): NonNullable<Lint['one']> =>
  ({ detection }, tell) => {
    for (const { items } of detection?.selections ?? []) for (const item of items) check(item, tell)
  }

const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 80) ?? ''
const text = (pattern: Pattern): boolean => pattern.length === 1 && typeof pattern[0] === 'string'

/** The modifier that says what a pattern's wildcards say. */
function modifierFor(pattern: Pattern): string | undefined {
  const before = pattern[0] === MANY
  const after = pattern.length > 1 && pattern.at(-1) === MANY
  if (!text(pattern.slice(before ? 1 : 0, after ? -1 : undefined))) return undefined
  return before ? (after ? 'contains' : 'endswith') : after ? 'startswith' : undefined
}

const AFFIXES = ['contains', 'startswith', 'endswith']

/** Values and their modifiers. */
export const VALUES: readonly Lint[] = [
  {
    code: 'value-twice',
    severity: 'warning',
    about: 'A value that stands twice in one list, or differs only in case where case does not count.',
    mend: 'Remove one.',
    one: tellShadowed(true, (value, by) => `${value} stands twice${by === value ? '' : `, the other time as ${by}`}`),
  },
  {
    code: 'value-shadowed',
    severity: 'warning',
    about: 'A value that another of its list covers, such as `foobar` beside `foo` under `contains`.',
    mend: 'Remove it; or the wider one, if that was not meant. Under `all` the wider one is needless.',
    one: tellShadowed(false, (value, by) => `${value} adds nothing to ${by}`),
  },
  {
    code: 'wildcards-raw',
    severity: 'info',
    about: 'Wildcards at the ends of every value, where a modifier says it.',
    mend: 'Write the modifier and leave the wildcards out.',
    one: onItems((item, tell) => {
      if (item.field === '' || item.modifiers.some(name => AFFIXES.includes(name))) return
      const values = item.item.values.filter((value): value is StringValue => value.kind === 'string')
      const wanted = new Set(values.map(({ pattern }) => modifierFor(pattern)))
      const [modifier] = wanted
      if (values.length === item.values.length && wanted.size === 1 && modifier)
        tell(item.path, `"${[item.field, modifier, ...item.modifiers].join('|')}" says the same without wildcards`)
    }),
  },
  {
    code: 'wildcards-idle',
    severity: 'info',
    about: 'A wildcard at an end that the modifier leaves open already.',
    mend: 'Leave it out.',
    one: onItems((item, tell) => {
      for (const [i, value] of item.values.entries()) {
        if (typeof value !== 'string' || /^\**$/.test(value) || item.modifiers.includes('re')) continue
        const open = (end: string): boolean => item.modifiers.includes('contains') || item.modifiers.includes(end)
        if ((open('endswith') && value.startsWith('*')) || (open('startswith') && /(?<!\\)(?:\\\\)*\*$/.test(value)))
          tell(item.at(i), `the modifier of ${shown(value)} opens this end already`)
      }
    }),
  },
  {
    code: 'matches-anything',
    severity: 'info',
    about: "A value that anything matches, such as `*` or `contains: ''`: it only asks whether the field has a value.",
    mend: 'Write `|exists: true`, which takes null as well.',
    one: onItems((item, tell) => {
      const index = item.item.values.findIndex(
        value => value.kind === 'string' && value.pattern.length === 1 && value.pattern[0] === MANY,
      )
      if (index >= 0) tell(item.at(index), 'anything matches this')
    }),
  },
  {
    code: 'all-alone',
    severity: 'info',
    about: '`all` on one value, which the specification forbids: it says nothing.',
    mend: 'Leave `all` out, or add the other values.',
    one: onItems((item, tell) => {
      if (item.item.all && item.values.length === 1) tell(item.path, '"all" has one value')
    }),
  },
  {
    code: 'backslashes',
    severity: 'warning',
    about:
      'A value that begins with two backslashes and holds single ones: Sigma reads two as one, so a UNC path begins with four. Where all are doubled, that is meant.',
    mend: 'Write `\\\\\\\\server\\share` for a UNC path, `\\folder` for a folder.',
    one: onItems((item, tell) => {
      if (item.modifiers.includes('re')) return
      for (const [i, value] of item.values.entries())
        if (typeof value === 'string' && /^\\\\[^\\*?](?:.*[^\\])?\\[^\\*?]/.test(value))
          tell(item.at(i), `${shown(value)} begins with one backslash`)
    }),
  },
  {
    code: 'field-spelling',
    severity: 'warning',
    about:
      'A field that the rule also spells in another case, or with a space at an end: names of fields are compared as they are.',
    mend: 'Spell it as the log source does.',
    one({ detection }, tell) {
      const spelled = new Map<string, string>()
      for (const { field, path } of (detection?.selections ?? []).flatMap(({ items }) => items)) {
        const first = spelled.get(field.toLowerCase())
        if (field !== field.trim()) tell(path, `"${field}" has a space at an end`)
        else if (first !== undefined && first !== field) tell(path, `"${field}" is "${first}" elsewhere in this rule`)
        spelled.set(field.toLowerCase(), first ?? field)
      }
    },
  },
]

interface Shadow {
  readonly index: number
  readonly by: number
  readonly same: boolean
}
const shadows = new WeakMap<LintDetection, ReadonlyMap<LintItem, readonly Shadow[]>>()

/** The values of each list that could go. A list too long to compare each with each is looked through for values that stand twice only. */
function shadowsOf(detection: LintDetection): ReadonlyMap<LintItem, readonly Shadow[]> {
  const known = shadows.get(detection)
  if (known) return known
  const steps = new Steps()
  const found = new Map(
    detection.selections.flatMap(({ items }) => items.map(item => [item, shadowed(item.item, steps)] as const)),
  )
  shadows.set(detection, found)
  return found
}

/** The values of a list that could go, each with the one that makes it needless. */
function shadowed({ values, all }: Item, steps: Steps): readonly Shadow[] {
  const found: Shadow[] = []
  const firsts = new Map<string, number>()
  for (const [index, value] of values.entries()) {
    const key = sameAs(value)
    const by = firsts.get(key)
    if (by === undefined) firsts.set(key, index)
    else found.push({ index, by, same: true })
  }
  const different = [...firsts.values()]
  const wide = different.filter(index => values[index] && canCover(values[index]))
  if (different.length < 2 || !steps.has(different.length * wide.length)) return found
  const covered = (narrow: number, wide: number): boolean => {
    const [value, wider] = [values[narrow], values[wide]]
    return narrow !== wide && value !== undefined && wider !== undefined && covers(wider, value, steps)
  }
  for (const index of all ? wide : different) {
    const by = (all ? different : wide).find(other => (all ? covered(other, index) : covered(index, other)))
    if (by !== undefined) found.push({ index, by, same: false })
  }
  return found
}

/** One report for a list, at the first of its values that could go. */
function tellShadowed(same: boolean, what: (value: string, by: string) => string): NonNullable<Lint['one']> {
  return ({ detection }, tell) => {
    for (const [item, all] of detection ? shadowsOf(detection) : []) {
      const found = all.filter(each => each.same === same)
      const [first] = found
      if (!first) continue
      const more = found.length > 1 ? `, and ${found.length - 1} more of this list` : ''
      tell(item.at(first.index), what(shown(item.values[first.index]), shown(item.values[first.by])) + more)
    }
  }
}
