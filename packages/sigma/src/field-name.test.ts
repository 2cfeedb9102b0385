import { describe, expect, it } from 'vitest'
import { documentOf, reasonOf } from '../test/testing.ts'
import { parseDocument } from './parse/document.ts'
import { fieldNameError } from './field-name.ts'

const LONGEST = 'a'.repeat(512)
const DEEPEST = 'a.'.repeat(32)
const TOO_LONG = `${LONGEST}a`
const TOO_DEEP = `${DEEPEST}a.b`

describe('the name of a field', () => {
  it.each([LONGEST, DEEPEST, 'a', ''])('may be %s', name => expect(fieldNameError(name)).toBeUndefined())

  it.each([TOO_LONG, TOO_DEEP, '.'.repeat(33)])('may not be %s', name => {
    expect(fieldNameError(name)).toBeDefined()
    expect(reasonOf({ sel: { [`${name}|contains`]: 'x' }, condition: 'sel' })).toMatch(/the name of a field has at most/)
    expect(reasonOf({ sel: { 'a|fieldref': name }, condition: 'sel' })).toMatch(/the name of a field has at most/)
  })

  const correlation = { type: 'value_count', rules: ['a'], timespan: '5m', 'group-by': ['u'], condition: { gte: 2, field: 'f' } }
  it.each([
    { ...correlation, 'group-by': [TOO_DEEP] },
    { ...correlation, condition: { gte: 2, field: TOO_DEEP } },
    { ...correlation, aliases: { u: { a: TOO_LONG } } },
  ])('is bounded in correlations too', changed => {
    const { title } = documentOf({}) as { title: string }
    expect(parseDocument({ title, correlation }, 'a.yml', {})).toHaveProperty('correlation')
    const read = parseDocument({ title, correlation: changed }, 'a.yml', {})
    expect('refused' in read && read.refused.reason).toMatch(/the name of a field has at most/)
  })
})
