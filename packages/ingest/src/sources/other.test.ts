import { describe, expect, it } from 'vitest'
import { other } from './other.ts'
import { bareRecord, testOrigin } from './testing/records.ts'

describe('other', () => {
  it('keeps an object whole', () => {
    const value = JSON.parse('{"a":1,"__proto__":{"b":2}}') as object
    const event = other.normalize(bareRecord(value), testOrigin())
    expect(event.ocsf['unmapped']).toBe(value)
    expect(Object.keys(event.ocsf['unmapped'] as object)).toEqual(['a', '__proto__'])
    expect(event.ocsf).not.toHaveProperty('raw_data')
  })

  it('keeps what is no object as it was written', () => {
    const text = other.normalize(bareRecord('a line'), testOrigin())
    expect(text.ocsf).toMatchObject({ raw_data: 'a line', message: 'a line' })
    expect(text.record).toEqual({ message: 'a line' })
    expect(other.normalize(bareRecord([1, null]), testOrigin()).ocsf).toMatchObject({ raw_data: '[1,null]' })
    expect(other.normalize(bareRecord(null), testOrigin()).ocsf).toMatchObject({ raw_data: 'null' })
  })

  it('reads a time where there is one', () => {
    expect(other.normalize(bareRecord({ '@timestamp': '2026-11-20T09:20:00.5Z' }), testOrigin()).time).toBe(
      Date.UTC(2026, 10, 20, 9, 20, 0, 500),
    )
    expect(other.normalize(bareRecord({ timestamp: 'soon' }), testOrigin()).time).toBe(testOrigin().arrival)
  })

  it('says that text was repaired', () => {
    expect(other.normalize(bareRecord('a\uFFFD', { repaired: true }), testOrigin()).ocsf.metadata['labels']).toEqual([
      'weir:repaired-text',
    ])
  })
})
