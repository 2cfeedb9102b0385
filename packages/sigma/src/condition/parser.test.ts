import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchRule, reasonOf, ruleOf } from '../../test/testing.ts'

const selections = { a: { a: 1 }, b: { b: 1 }, c: { c: 1 }, _hidden: { h: 1 }, 'with-dash_1': { w: 1 }, all: { x: 1 } }

const holds = (condition: unknown, record: object): boolean =>
  matchRule(ruleOf({ ...selections, condition }), { ...record }) !== undefined
const reason = (condition: unknown): string | undefined => reasonOf({ ...selections, condition })

describe('a condition', () => {
  it.each([
    ['a or b and c', { a: 1 }, true],
    ['(a or b) and c', { a: 1 }, false],
    ['not a and b', { b: 1 }, true],
    ['not (a and b)', { a: 1 }, true],
    ['not a or b', { a: 1, b: 1 }, true],
    ['not not a', { a: 1 }, true],
    ['not 1 of a', {}, true],
    ['with-dash_1', { w: 1 }, true],
    ['1 of them', { h: 1 }, false],
    ['1 of _*', { h: 1 }, true],
    ['all of them', { a: 1, b: 1, c: 1, w: 1, x: 1 }, true],
    ['all', { x: 1 }, true],
    ['any of (', {}, undefined],
    ['1 of *dash*', { w: 1 }, true],
    [' a\n\tand b ', { a: 1, b: 1 }, true],
  ])('%j over %j is %s', (condition, record, expected) => {
    if (expected === undefined) expect(reason(condition)).toBeDefined()
    else expect(holds(condition, record)).toBe(expected)
  })

  it('may be a list, any of which will do', () => {
    expect(holds(['a and b', 'c'], { c: 1 })).toBe(true)
    expect(holds(['a and b', 'c'], { a: 1 })).toBe(false)
    expect(holds(['a'], { a: 1 })).toBe(true)
  })

  it.each([
    ['', 'expected a selection, found "the end"'],
    ['a b', 'expected "and", "or" or the end, found "b"'],
    ['a and', 'expected a selection, found "the end"'],
    ['a AND b', 'found "AND"'],
    ['NOT a', 'keywords are lower case'],
    ['unknown', 'unknown selection "unknown"'],
    ['constructor', 'unknown selection'],
    ['(a', 'expected ")"'],
    ['a)', 'found ")"'],
    ['2 of a*', '"2 of" is not Sigma'],
    ['1 of', 'after "of"'],
    ['1 of nothing*', 'names no selection'],
    ['a*', 'unknown selection'],
    ['a | count() > 5', 'correlation rule'],
    ['a & b', 'unexpected "&"'],
    [[], 'condition is empty'],
    [7, 'must be a text'],
    [null, 'condition is missing'],
    ['('.repeat(5_000), 'nested more than 64'],
    ['not '.repeat(5_000), 'nested more than 64'],
    [Array.from({ length: 4_000 }, () => '1 of them').join(' or '), 'names more than 10000'],
    ['a or '.repeat(20_000), 'longer than'],
  ])('%j is refused', (condition, expected) => {
    expect(reason(condition)).toContain(expected)
  })

  it('ends in a tree or a reason, whatever it holds', () => {
    const word = fc.constantFrom('a', 'b', 'not', 'and', 'or', '1', 'all', 'of', 'them', '(', ')', '_*', '*', '|', 'é')
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word, { maxLength: 12 }).map(words => words.join(' ')),
        ),
        condition => {
          expect(['string', 'undefined']).toContain(typeof reason(condition))
        },
      ),
      { numRuns: 1_000 },
    )
  })
})
