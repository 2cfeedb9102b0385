import type { RegexValue } from '../../tree.ts'
import type { LintItem } from '../document.ts'
import type { Lint } from '../lint.ts'
import { inlineFlags, type RegexShape, shapeOf } from '../regex-shape.ts'

const onRegex =
  (check: (value: RegexValue, item: LintItem) => string | undefined): NonNullable<Lint['one']> =>
  ({ detection }, tell) => {
    for (const item of (detection?.selections ?? []).flatMap(({ items }) => items)) {
      for (const [i, value] of item.item.values.entries()) {
        const what = value.kind === 'regex' ? check(value, item) : undefined
        if (what) tell(item.at(i), what)
      }
    }
  }

const onShape = (check: (shape: RegexShape, item: LintItem) => string | undefined): NonNullable<Lint['one']> =>
  onRegex((value, item) => {
    const shape = shapeOf(value)
    return shape && check(shape, item)
  })

/** Regular expressions. */
export const REGEXES: readonly Lint[] = [
  {
    code: 'regex-plain',
    severity: 'warning',
    about: 'An expression that only searches for a text, which a modifier finds faster and an index can use.',
    mend: 'Write the text under the modifier that the message names.',
    one: onShape(({ literal, ignoresCase }, { field }) => {
      if (!literal || (field === '' && (literal.start || literal.end))) return undefined
      const { start, end } = literal
      const modifier = start ? (end ? [] : ['startswith']) : end ? ['endswith'] : ['contains']
      const name = [field, ...modifier, ...(ignoresCase ? [] : ['cased'])].join('|')
      return `"${name}" finds the same without an expression`
    }),
  },
  {
    code: 'regex-ends',
    severity: 'info',
    about: '`.*` at an end of an expression, which is searched for anywhere as it is.',
    mend: 'Leave it out.',
    one: onShape(({ idleEnds, literal }) => (idleEnds && !literal ? '.* at an end of a search does nothing' : undefined)),
  },
  {
    code: 'regex-inline-flags',
    severity: 'info',
    about: 'Flags inside an expression, such as `(?i)`, which the next specification gives up.',
    mend: 'Write them as modifiers: `|re|i`.',
    one: onRegex(({ source }) => {
      const flags = inlineFlags(source)
      return flags ? `(?${flags}) is the modifier "${flags.split('').join('|')}"` : undefined
    }),
  },
  {
    code: 'regex-case',
    severity: 'info',
    about:
      'An expression with letters that are all lower case, and no `i`: unlike all other values it does not find them in capitals.',
    mend: 'Write `|re|i`, unless the case is meant.',
    one: onShape(({ lowerCase, ignoresCase }) =>
      lowerCase && !ignoresCase ? 'finds these letters in lower case only' : undefined,
    ),
  },
]
