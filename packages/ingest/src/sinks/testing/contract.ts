import type { OcsfEvent } from '@weir/schema/ocsf'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import type { Judgement, Sink, SinkResponse, Verdict } from '../../sink.ts'
import { event, hostile, samples } from './events.ts'

/** A response as a far side would give it. */
export const response = (status: number, body: unknown = '', headers: Readonly<Record<string, string>> = {}): SinkResponse => ({
  status,
  headers,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
})

/** Judgements per event, whatever form the sink gave them in. */
export function perEvent(judged: Judgement | readonly Judgement[], events: readonly OcsfEvent[]): readonly Judgement[] {
  return 'verdict' in judged ? events.map(() => judged) : judged
}
export const verdicts = (judged: Judgement | readonly Judgement[], events: readonly OcsfEvent[]): readonly Verdict[] =>
  perEvent(judged, events).map(({ verdict }) => verdict)

export const some = (count: number): OcsfEvent[] =>
  Array.from({ length: count }, (_, i) => ({ ...event(6003, 1), metadata: uid(i) }))
const uid = (i: number) => ({ ...event(6003, 1).metadata, uid: `uid-${i}` })

const SECRET = 'S3CRET-canary'

/** What holds for every sink. `options` are parsed and resolved, with `S3CRET-canary` for every secret. */
export function keepsTheSinkContract<Options extends object>(sink: Sink<Options>, options: Options): void {
  describe(`${sink.name} keeps the sink contract`, () => {
    const all = [...Object.values(samples), ...hostile]

    it('describes itself and each option', () => {
      expect(sink.summary).toMatch(/^[A-Z].{10,120}[^.]$/)
      const schema = z.toJSONSchema(sink.options, { io: 'input' }) as { properties: Record<string, { description?: string }> }
      for (const [name, property] of Object.entries(schema.properties)) expect(property.description, name).toMatch(/^[A-Z]/)
      for (const name of sink.secrets) expect(Object.keys(schema.properties)).toContain(name)
    })

    it('encodes any event, the same way each time, into parts that share a partition', () => {
      const parts = Map.groupBy(all, each => sink.partition?.(each, options) ?? '')
      for (const part of parts.values()) {
        const request = sink.encode(part, options)
        expect(sink.encode(part, options)).toEqual(request)
        expect(request.body.length).toBeGreaterThan(0)
        expect(request.body).not.toContain(SECRET)
        expect(() => new URL(request.url)).not.toThrow()
        for (const [name, value] of Object.entries(request.headers)) {
          expect(name).toBe(name.toLowerCase())
          expect(value).toMatch(/^[\x20-\x7e]+$/)
        }
      }
    })

    it('never takes an answer it does not know for a delivery, and always judges each event once', () => {
      const status = fc.oneof(fc.integer({ min: 100, max: 599 }), fc.constantFrom(200, 201, 204, 400, 413, 429, 503))
      const body = fc.oneof(
        fc.string(),
        fc.constant('<html><body>Sign in</body></html>'),
        fc.json().filter(text => text !== '{}'), // `{}` is OTLP's success
        fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes).toString('latin1')),
      )
      const headers = fc.record({ 'retry-after': fc.string(), 'content-type': fc.constantFrom('text/html', 'text/plain') })
      fc.assert(
        fc.property(status, body, headers, fc.integer({ min: 1, max: 5 }), (code, text, head, count) => {
          const events = some(count)
          const judged = perEvent(sink.judge(response(code, text, head), events, options), events)
          expect(judged).toHaveLength(count)
          for (const { verdict, reason, afterMs } of judged) {
            if (sink.name === 'sentinel' && code === 204) continue // 204 has no body, so its status says it all
            expect(['delivered', 'duplicate']).not.toContain(verdict)
            expect(reason).toBeTruthy()
            if (afterMs !== undefined) expect(afterMs).toSatisfy((ms: number) => ms >= 0 && ms <= 300_000)
            if (verdict === 'split') expect(count).toBeGreaterThan(1)
          }
          expect(sink.judgeProbe(response(code, text, head), options).verdict).toBeTruthy()
        }),
        { numRuns: 300 },
      )
    })

    it('says why without secrets and without what the far side echoes between quotes', () => {
      const echo = `failed to parse "${SECRET}" near '${SECRET}' <b>${SECRET}</b> {"a":"${SECRET}"`
      for (const code of [200, 204, 302, 400, 401, 403, 404, 413, 418, 429, 500, 503]) {
        for (const body of [
          { text: echo, code: 6, message: echo, error: { type: 'x', code: 'y', reason: echo, message: echo } },
          echo,
        ]) {
          expect(JSON.stringify(sink.judge(response(code, body), some(1), options))).not.toContain(SECRET)
          expect(JSON.stringify(sink.judgeProbe(response(code, body), options))).not.toContain(SECRET)
        }
      }
    })
  })
}
