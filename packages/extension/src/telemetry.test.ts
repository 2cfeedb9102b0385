import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTelemetry } from './telemetry.ts'

const NOW = 1_700_000_000_000
const read = (body: string | Uint8Array) => [...readTelemetry(typeof body === 'string' ? Buffer.from(body) : body, NOW)]
const event = (type: string, record: unknown) => ({ time: '2026-01-01T00:00:00.000Z', type, record })

describe('readTelemetry', () => {
  it('reads what the platform posts', () => {
    const events = [
      event('platform.start', { requestId: 'r', nested: [1, [2]] }),
      event('function', 'a "quoted", [line] {x}\\\n'),
    ]
    expect(read(JSON.stringify(events))).toEqual(events.map(each => ({ ...each, time: Date.UTC(2026, 0, 1) })))
    expect(read(JSON.stringify(events, null, 2))).toHaveLength(2)
    expect(read(' [ ] ')).toEqual([])
    expect(read('')).toEqual([])
  })

  it('gives back any events, and any split of them', () => {
    const line = fc.record({
      time: fc.constant('2026-01-01T00:00:00.000Z'),
      type: fc.constant('function'),
      record: fc.jsonValue({ maxDepth: 4 }),
    })
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), events => {
        // Through JSON once: -0 becomes 0 on the wire.
        const wire: unknown = JSON.parse(JSON.stringify(events))
        expect(read(JSON.stringify(events)).map(each => ('type' in each ? each.record : each))).toEqual(
          (wire as { record: unknown }[]).map(each => each.record),
        )
      }),
    )
  })

  it('takes the time of arrival where an event has none', () => {
    expect(read('[{"type":"function","record":"x"},{"type":"function","record":"y","time":"soon"}]')).toMatchObject([
      { time: NOW },
      { time: NOW },
    ])
  })

  it('loses only the element that cannot be read', () => {
    const good = JSON.stringify(event('function', 'good'))
    const deep = JSON.stringify(event('function', 0)).replace('0}', `${'['.repeat(1000)}${']'.repeat(1000)}}`)
    const wide = JSON.stringify(
      event(
        'function',
        Array.from({ length: 60_000 }, () => 0),
      ),
    )
    const found = read(`[${good},${deep},${wide},{bad},null,7,${good}]`)
    expect(found.map(each => ('type' in each ? each.type : each.unreadable))).toEqual([
      'function',
      ...Array.from({ length: 5 }, () => 'unparsable'),
      'function',
    ])
  })

  it('counts a body that is cut off, or no array, once', () => {
    expect(read('[{"type":"function","rec')).toMatchObject([{ unreadable: 'unparsable', bytes: 23 }])
    expect(read(Buffer.from([0xff, 0xfe, 0x00, 0x5b, 0x7b]))).toMatchObject([{ unreadable: 'unparsable' }])
    expect(read('[]trailing')).toMatchObject([{ unreadable: 'unparsable', bytes: 8 }])
    expect(read(JSON.stringify(event('function', 'single')))).toMatchObject([{ type: 'function' }])
  })

  it('refuses signals of our own from outside', () => {
    expect(read(JSON.stringify([event('weir.end', {}), event('platform.x', {})]))).toMatchObject([
      { unreadable: 'forged' },
      { type: 'platform.x' },
    ])
  })

  it('never throws on arbitrary bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom('', '[', '[{"type":"f"},'),
        (noise, prefix) => void read(Buffer.concat([Buffer.from(prefix), noise])),
      ),
    )
  })
})
