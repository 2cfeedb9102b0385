import { describe, expect, it } from 'vitest'
import { correlation, setOf } from '../../test/correlating.ts'

const over = (rules: string, name: string, more = ''): string =>
  correlation(`{ type: temporal, rules: [${rules}], group-by: [user], timespan: 1m${more} }`, `Over ${name}`, `name: ${name}\n`)
const titles = (...documents: readonly string[]) => setOf(...documents).correlations.map(({ meta }) => meta.title)
const reasons = (...documents: readonly string[]) => setOf(...documents).refused.map(({ rule, reason }) => `${rule}: ${reason}`)

describe('linking correlations', () => {
  it('puts each behind those it names, wherever they stand', () => {
    expect(titles(over('three, a', 'four'), over('two, a', 'three'), over('a, b', 'two'))).toEqual([
      'Over two',
      'Over three',
      'Over four',
    ])
  })

  it('finds rules by id, whatever its case, and by name', () => {
    const [first] = setOf().rules
    const set = setOf(over(`${first?.meta.id.toUpperCase()}, b`, 'one'))
    expect(set.correlations[0]?.inputs.map(({ label }) => label)).toEqual(['a', 'b'])
  })

  it('refuses a name that nothing has, at its place', () => {
    expect(setOf(over('a, nothing', 'one')).refused).toMatchObject([
      {
        file: 'test.yml',
        line: 23,
        rule: 'Over one',
        reason: 'no rule has the id or name "nothing", or it was refused; load it with this correlation',
      },
    ])
  })

  it('refuses what stands on a refused correlation too, and nothing else', () => {
    const documents = [over('a, nothing', 'one'), over('one, b', 'two'), over('a, b', 'three')]
    expect(reasons(...documents)).toEqual([
      expect.stringContaining('Over one: no rule has'),
      'Over two: "one" is a correlation that was refused itself; mend that one',
    ])
    expect(titles(...documents)).toEqual(['Over three'])
  })

  it('refuses circles, and names them', () => {
    expect(reasons(over('self, a', 'self'))).toEqual([
      'Over self: correlations name each other in a circle: "Over self" → "Over self"',
    ])
    const circle = reasons(over('two, a', 'one'), over('three, a', 'two'), over('one, a', 'three'))
    expect(circle).toHaveLength(3)
    expect(circle[0]).toBe(
      'Over three: correlations name each other in a circle: "Over one" → "Over two" → "Over three" → "Over one"',
    )
  })

  it('takes ten correlations on one another, not eleven', () => {
    const chain = (length: number): readonly string[] =>
      Array.from({ length }, (_, i) => over(i === 0 ? 'a, b' : `link-${i - 1}, a`, `link-${i}`))
    expect(reasons(...chain(10))).toEqual([])
    expect(reasons(...chain(11))).toEqual(['Over link-10: more than 10 correlations stand on one another'])
  })

  it('refuses a rule that stands twice, by id and by name', () => {
    const [first] = setOf().rules
    expect(reasons(over(`a, ${first?.meta.id}`, 'one'))).toEqual([
      'Over one: this rule stands twice, by its id and by its name; remove one',
    ])
  })

  it('refuses an alias that says nothing of a rule', () => {
    const text = over('a, b', 'one', ', aliases: { user: { a: name } }')
    expect(reasons(text)).toEqual(['Over one: alias "user" does not say what it is in "b"; add a line for it'])
  })

  it('resolves aliases, and what correlations above ask for', () => {
    const inner = correlation(
      '{ type: event_count, rules: [a], group-by: [host], timespan: 1m, condition: { gte: 2 }, aliases: { host: { a: h }, login: { a: l } } }',
      'Inner',
      'name: inner\n',
    )
    const set = setOf(inner, over('inner, b', 'outer', ', aliases: { user: { inner: login, b: name } }'))
    const [below, above] = set.correlations
    expect(above?.inputs.map(({ groupBy }) => groupBy)).toEqual([['login'], ['name']])
    expect(below).toMatchObject({ carries: ['login'], inputs: [{ groupBy: ['h'], carries: ['l'] }] })
  })
})
