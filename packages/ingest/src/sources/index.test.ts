import { describe, expect, it } from 'vitest'
import { allowedSources, identify, recognize, sources } from './index.ts'
import { bareRecord, logRecord, weirRecord } from './testing/records.ts'

const trail = { eventVersion: '1.11', eventSource: 'iam.amazonaws.com', eventName: 'CreateUser' }
const all = allowedSources(Object.keys(sources))

describe('sources', () => {
  it('are listed under their own names', () => {
    for (const [name, source] of Object.entries(sources)) expect(source.name).toBe(name)
  })

  it('recognize a record among all', () => {
    expect(recognize(bareRecord(trail), all)?.name).toBe('cloudtrail')
    expect(recognize(bareRecord({ a: 1 }), all)?.name).toBe('other')
    expect(recognize(bareRecord('a line'), all)?.name).toBe('other')
    expect(recognize(logRecord('/ecs/api', 'a line'), all)?.name).toBe('cloudwatch-logs')
    expect(recognize(logRecord('aws-cloudtrail-logs', trail), all)?.name).toBe('cloudtrail')
    expect(recognize(weirRecord({}), all)?.name).toBe('weir')
  })

  it('recognize only what the stream may carry', () => {
    expect(recognize(bareRecord(trail), allowedSources(['weir']))).toBeUndefined()
    expect(recognize(bareRecord(trail), allowedSources(['other']))?.name).toBe('other')
    expect(recognize(logRecord('trail', trail), allowedSources(['cloudwatch-logs']))?.name).toBe('cloudwatch-logs')
    expect(recognize(logRecord('trail', trail), allowedSources(['cloudtrail']))?.name).toBe('cloudtrail')
    expect(recognize(weirRecord({}), allowedSources(['cloudtrail', 'cloudwatch-logs', 'other']))).toBeUndefined()
    expect(recognize(bareRecord({ a: 1 }), allowedSources([]))).toBeUndefined()
  })

  it('say what a record looks like wherever it came', () => {
    expect(identify(bareRecord(trail))).toBe('cloudtrail')
    expect(identify(bareRecord(null))).toBe('other')
  })
})
