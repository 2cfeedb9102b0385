import { describe, expect, it } from 'vitest'
import { weir } from '../testing.ts'

describe('weir sinks', () => {
  it('lists every sink with its sentence', async () => {
    const { out, code } = await weir(['sinks'])
    expect(code).toBe(0)
    for (const name of ['splunk', 'elastic', 'sentinel', 'otlp', 'file', 'sqlite'])
      expect(out).toMatch(new RegExp(`^${name} +\\S`, 'm'))
  })

  it('describes the options of one, and says which are secrets', async () => {
    const { out } = await weir(['sinks', 'splunk'])
    expect(out).toMatch(/^ {2}url +required/m)
    expect(out).toMatch(/^ {2}token .*by reference/m)
  })

  it('suggests a name', async () => {
    const { code, err } = await weir(['sinks', 'splnk'])
    expect(code).toBe(2)
    expect(err).toMatch(/did you mean "splunk"/)
  })
})
