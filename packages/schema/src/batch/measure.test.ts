import { expect, it } from 'vitest'
import { readBody } from './body.ts'
import { generator, measureWire, sampleTelemetry, toRecord } from './measure.ts'

it('measures the same each time', () => {
  expect(measureWire([10], 5)).toEqual(measureWire([10], 5))
})

it('measures records that are whole', () => {
  for (const event of sampleTelemetry(50, generator(3))) {
    const record = toRecord(event, '')
    expect(readBody(record)).toEqual(event.record)
    expect(record.contentType).toBe('application/vnd.weir.platform')
  }
})

it('measures telemetry of the ordinary kind', () => {
  const types = new Set(sampleTelemetry(20, generator(4)).map(({ type }) => type))
  expect([...types].toSorted((a, b) => a.localeCompare(b))).toEqual([
    'function',
    'platform.report',
    'platform.runtimeDone',
    'platform.start',
  ])
  const [figures] = measureWire([10], 20)
  expect(figures?.json).toBeGreaterThan(300)
  expect(figures?.json).toBeLessThan(400)
})
