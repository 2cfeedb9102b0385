import { datePart } from '../dates.ts'
import { anyOther } from '../field-ref.ts'
import { compilePattern } from '../glob.ts'
import { numberOf } from '../number.ts'
import { inNetwork } from '../network.ts'
import { compileRegex, REGEX_INPUT_LIMIT, tooLarge } from '../regex.ts'
import { linearRegExp } from '../regex-linear.ts'
import type { Comparison } from '../tree.ts'
import type { EventView, Field } from '../view.ts'
import type { Predicate } from './predicate.ts'

/**
 * Answers which of a field's values matches: its index; the number of values when it is the field that matches, not one of them (null,
 * missing, exists); or -1.
 */
export type Test = (field: Field, view: EventView) => number

export const NONE = -1

/** Makes the test of a predicate; `part` has none. That of a regular expression that is not valid throws. */
export function makeTest(predicate: Predicate): Test {
  switch (predicate[0]) {
    case 'equals': {
      const text = predicate[2]
      return folded(value => value === text)
    }
    case 'starts': {
      const text = predicate[2]
      return folded(value => value.startsWith(text))
    }
    case 'ends': {
      const text = predicate[2]
      return folded(value => value.endsWith(text))
    }
    case 'contains': {
      const text = predicate[2]
      return folded(value => value.includes(text))
    }
    case 'glob':
      return folded(compilePattern(predicate[2]))
    case 'cased':
      return written(compilePattern(predicate[2]))
    case 'regex':
      return regexTest(predicate[2], predicate[3])
    case 'cidr': {
      const network = { words: predicate[2], bits: predicate[3] }
      return written(value => inNetwork(network, value))
    }
    case 'compare':
      return compareTest(predicate)
    case 'fieldref':
      return fieldRefTest(predicate)
    case 'null':
      return field => (!field.found || field.hasNull ? field.values.length : NONE)
    case 'exists': {
      const exists = predicate[2]
      return field => (field.found === exists ? field.values.length : NONE)
    }
    case 'part':
      return () => NONE
  }
}

function folded(test: (text: string) => boolean): Test {
  return field => {
    const texts = field.folded()
    for (let i = 0; i < texts.length; i++) if (test(texts[i] ?? '')) return i
    return NONE
  }
}

function written(test: (text: string) => boolean): Test {
  return field => {
    const texts = field.texts()
    for (let i = 0; i < texts.length; i++) if (test(texts[i] ?? '')) return i
    return NONE
  }
}

/** An expression that cannot be compiled is an error of every rule that asks it, and of those only. */
function regexTest(source: string, flags: string): Test {
  const linear = tooLarge(source) ? undefined : linearRegExp(source, flags)
  if (linear) {
    const { regex, least } = linear
    return written(
      text => text.length >= least && regex.test(text.length > REGEX_INPUT_LIMIT ? text.slice(0, REGEX_INPUT_LIMIT) : text),
    )
  }
  const test = compileRegex(source, { i: flags.includes('i'), m: flags.includes('m'), s: flags.includes('s') })
  if (typeof test === 'function') return written(test)
  const fault = new Error(`the regular expression ${JSON.stringify(source.slice(0, 80))} ${test.error}`)
  return () => {
    throw fault
  }
}

const COMPARE: Readonly<Record<Comparison, (left: number, right: number) => boolean>> = {
  eq: (left, right) => left === right,
  lt: (left, right) => left < right,
  lte: (left, right) => left <= right,
  gt: (left, right) => left > right,
  gte: (left, right) => left >= right,
}

function compareTest([, , op, text, part]: Extract<Predicate, readonly ['compare', ...unknown[]]>): Test {
  const holds = COMPARE[op]
  const right = Number(text)
  const read = part === '' ? numberOf : (value: unknown) => datePart(value, part)
  return field =>
    field.values.findIndex(value => {
      const left = read(value)
      return left !== undefined && holds(left, right)
    })
}

function fieldRefTest([, , slot, how]: Extract<Predicate, readonly ['fieldref', ...unknown[]]>): Test {
  return (field, view) => {
    if (!field.found) return NONE
    const others = view.field(slot).folded()
    return others.length === 0 ? NONE : field.folded().findIndex(anyOther(others, how))
  }
}
