import { describe, expect, it } from 'vitest'
import { readBody } from './body.ts'
import { decodeBatch, readEnvelope } from './decode.ts'
import { encodeBatch } from './encode.ts'
import { generator, sampleBatch, sampleTelemetry } from './measure.ts'

describe('decodeBatch', () => {
  it('gives back what encodeBatch was given', () => {
    const random = generator(1)
    const events = sampleTelemetry(10, random)
    const batch = sampleBatch(events, random)
    const message = encodeBatch(batch)
    expect(readEnvelope(message)).toMatchObject({ sandbox: batch.sandbox, sequence: batch.sequence, count: 10 })
    const decoded = decodeBatch(message)
    expect(decoded.records.map(readBody)).toEqual(events.map(event => event.record))
    expect(decoded.function).toEqual(batch.function)
  })
})
