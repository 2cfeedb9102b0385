import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Framed, type FramingLimits, frameBytes, frameStream, STREAM_LIMITS } from './index.ts'

const SMALL: FramingLimits = { ...STREAM_LIMITS, elementBytes: 200, depth: 8 }

const frame = (input: string | Uint8Array, limits = STREAM_LIMITS): Framed[] => [
  ...frameBytes(typeof input === 'string' ? Buffer.from(input) : input, limits),
]
const values = (framed: readonly Framed[]): unknown[] => framed.flatMap(item => (item.kind === 'record' ? [item.value] : []))
const bad = (framed: readonly Framed[]) => framed.flatMap(item => (item.kind === 'bad' ? [`${item.reason}: ${item.detail}`] : []))
const reasons = (framed: readonly Framed[]) => framed.flatMap(item => (item.kind === 'bad' ? [item.reason] : []))

async function* pieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, next = 0; at < bytes.length; next++) {
    const size = sizes.length ? Math.max(1, sizes[next % sizes.length] as number) : bytes.length
    yield bytes.subarray(at, at + size)
    at += size
  }
}
const streamed = async (bytes: Uint8Array, sizes: readonly number[] = [], limits = STREAM_LIMITS): Promise<Framed[]> => {
  const framed: Framed[] = []
  for await (const item of frameStream(pieces(bytes, sizes), limits)) framed.push(item)
  return framed
}

describe('framing', () => {
  it.each([
    ['NDJSON', '{"a":1}\n{"a":2}\r\n\n{"a":3}'],
    ['a JSON array', '[{"a":1},{"a":2},{"a":3}]'],
    ['a JSON array over several lines', '[\n  {\n    "a": 1\n  },\n  {\n    "a": 2\n  },\n  { "a": 3 }\n]\n'],
    ['CloudTrail’s Records', '{"Records":[{"a":1},{"a":2},{"a":3}]}'],
    ['objects one behind the other', '{"a":1}{"a":2}{"a":3}'],
    ['objects over several lines', '{\n  "a": 1\n}\n{\n  "a": 2\n}\n{"a":3}\n'],
    ['JSON text sequences', '\x1e{"a":1}\n\x1e{"a":2}\n\x1e{"a":3}\n'],
    ['a byte order mark', '\uFEFF{"a":1}\n{"a":2}\n{"a":3}'],
    ['two arrays', '[{"a":1}]\n[{"a":2},{"a":3}]'],
  ])('recognizes %s', (_name, text) => {
    expect(values(frame(text))).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }])
    expect(bad(frame(text))).toEqual([])
    expect(values(frame(gzipSync(text)))).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }])
  })

  it('takes an object as one record', () => {
    expect(values(frame('{"a":{"Records":[1]}}'))).toEqual([{ a: { Records: [1] } }])
    expect(values(frame('{"Records":"none"}'))).toEqual([{ Records: 'none' }])
  })

  it('takes scalars and arrays for records where they stand as such', () => {
    expect(values(frame('[1, "a,]", null, [2], true]'))).toEqual([1, 'a,]', null, [2], true])
    expect(values(frame('"a"\n12\n{"b":1}\n'))).toEqual(['a', 12, { b: 1 }])
  })

  it('takes a text file line by line', () => {
    const text = '2 123456789010 eni-1 ACCEPT OK\n[INFO] started\n{"level":"info"}\n\n{not json}\n'
    expect(values(frame(text))).toEqual(['2 123456789010 eni-1 ACCEPT OK', '[INFO] started', { level: 'info' }, '{not json}'])
    expect(values(frame('[2026-01-02 10:00:00] first\n[2026-01-02 10:00:01] second\n'))).toHaveLength(2)
  })

  it('keeps what stands beside Records as a record', () => {
    expect(values(frame('{"Records":[{"a":1}],"next":"x"}\n{"a":2}'))).toEqual([{ a: 1 }, { next: 'x' }, { a: 2 }])
  })

  it('finds nothing in nothing', () => {
    expect(frame('')).toEqual([])
    expect(frame(' \n\n')).toEqual([])
    expect(frame('[]')).toEqual([])
    expect(frame('{"Records":[]}')).toEqual([])
  })

  it('says where a record lay', () => {
    const [, second] = frame('{"a":1}\n{"b":2}\n')
    expect(second).toMatchObject({ kind: 'record', offset: 8, index: 1, bytes: Buffer.from('{"b":2}') })
  })
})

describe('framing of CloudWatch Logs', () => {
  const envelope = (messageType: string) =>
    JSON.stringify({
      messageType,
      owner: '111122223333',
      logGroup: '/aws/lambda/orders',
      logStream: '2026/11/22/[$LATEST]00',
      subscriptionFilters: ['weir'],
      logEvents: [
        { id: '1', timestamp: 1, message: 'first' },
        { id: '2', timestamp: 2, message: '{"a":1}' },
      ],
    })

  it('gives each log event with its envelope', () => {
    const framed = frame(gzipSync(envelope('DATA_MESSAGE')))
    expect(values(framed)).toEqual([
      { id: '1', timestamp: 1, message: 'first' },
      { id: '2', timestamp: 2, message: '{"a":1}' },
    ])
    expect(framed[1]).toMatchObject({
      index: 1,
      logs: { owner: '111122223333', logGroup: '/aws/lambda/orders', subscriptionFilters: ['weir'] },
    })
  })

  it('counts a control message and takes nothing from it', () => {
    expect(frame(envelope('CONTROL_MESSAGE'))).toEqual([{ kind: 'control', offset: 0 }])
  })

  it('takes envelopes one behind the other', () => {
    expect(values(frame(envelope('DATA_MESSAGE') + envelope('DATA_MESSAGE')))).toHaveLength(4)
  })

  it('takes an object that only looks like an envelope as a record', () => {
    expect(values(frame('{"messageType":"DATA_MESSAGE","text":"hello"}'))).toEqual([
      { messageType: 'DATA_MESSAGE', text: 'hello' },
    ])
  })

  it('sets a broken log event aside alone', () => {
    const text = envelope('DATA_MESSAGE').replace('"message":"first"', '"text":"first"')
    expect(values(frame(text))).toHaveLength(1)
    expect(reasons(frame(text))).toEqual(['invalid-json'])
  })
})

describe('framing of damage', () => {
  it.each([
    ['a missing quotation mark', '{"a":1}\n{"a":"x}\n{"a":3}\n', 2],
    ['a missing quotation mark in the first line', '{"a":"x}\n{"a":2}\n{"a":3}\n', 2],
    ['a missing brace', '{"a":1}\n{"a":{"b":2}\n{"a":3}\n', 2],
    ['a missing brace in the first line', '{"a":{"b":2}\n{"a":2}\n{"a":3}\n', 2],
    ['a brace too many', '{"a":1}\n{"a":2}}\n{"a":3}\n', 3],
    ['a bare word', '{"a":1}\n{"a":tru}\n{"a":3}\n', 2],
    ['a line of text', '{"a":1}\nhello {"x":1}\n{"a":3}\n', 2],
    ['a bracket of the wrong kind', '{"a":1}\n{"a":[2}\n{"a":3}\n', 2],
    ['a line cut short', '{"a":1}\n{"a":\n{"a":3}\n', 2],
    ['a missing brace in an array', '[{"a":1},{"a":{"b":2},{"a":3},{"a":4}]', 3],
    ['a missing quotation mark in an array', '[{"a":1},{"a":"2},{"a":3},{"a":4}]', 3],
    ['a bare word in an array', '[{"a":1},{"a":tru},{"a":3},{"a":4}]', 3],
    ['a missing brace in a printed array', '[\n  {\n    "a": 1\n  },\n  {\n    "a": {\n  },\n  {\n    "a": 3\n  }\n]', 2],
    [
      'a missing quotation mark in a printed array',
      '[\n  {\n    "a": "1\n  },\n  {\n    "a": 2\n  },\n  {\n    "a": 3\n  }\n]',
      2,
    ],
  ])('loses the damaged element alone: %s', (_name, text, kept) => {
    const framed = frame(text)
    expect(values(framed)).toHaveLength(kept)
    expect(reasons(framed)).toEqual(['invalid-json'])
    expect(bad(framed).join()).not.toMatch(/hello|tru/)
  })

  it('delivers what a truncated gzip still holds', async () => {
    const text = Array.from({ length: 2000 }, (_, n) => JSON.stringify({ n, text: `line ${Math.sin(n)}` })).join('\n')
    const whole = gzipSync(text)
    for (const cut of [whole.subarray(0, whole.length - 9), whole.subarray(0, whole.length >> 1)]) {
      const framed = frame(cut)
      expect(values(framed).length).toBeGreaterThan(800)
      expect(bad(framed)).toEqual(['corrupt: the gzip data ends too early'])
      expect(await streamed(cut, [1000])).toEqual(framed)
    }
  })

  it('sets damaged gzip aside', async () => {
    const whole = gzipSync('{"a":1}\n'.repeat(100))
    whole[whole.length >> 1] = (whole[whole.length >> 1] as number) ^ 0xff
    expect(reasons(frame(whole))).toEqual(['corrupt'])
    expect(reasons(await streamed(whole))).toEqual(['corrupt'])
    expect(reasons(frame(Buffer.from([0x1f, 0x8b])))).toEqual(['corrupt'])
  })

  it('reads all members of a gzip file, and says when something else follows', async () => {
    const two = Buffer.concat([gzipSync('{"a":1}\n'), gzipSync('{"a":2}\n')])
    expect(values(frame(two))).toHaveLength(2)
    expect(values(await streamed(two, [7]))).toHaveLength(2)
    const more = Buffer.concat([two, Buffer.from('more')])
    expect(bad(frame(more))).toEqual(['corrupt: the gzip data is damaged'])
    expect(bad(await streamed(more, [7]))).toEqual(['corrupt: the gzip data is damaged'])
    expect(values(await streamed(more, [7]))).toHaveLength(2)
    expect(bad(frame(Buffer.concat([two, Buffer.alloc(512)])))).toEqual([])
    expect(bad(await streamed(Buffer.concat([two, Buffer.alloc(512)]), [100]))).toEqual([])
  })

  it('stops at a bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(32 * 1024 * 1024, '{"a":1}\n'))
    expect(bad(frame(bomb))).toEqual(['too-large: inflates to more than 200 times its size'])
    expect(bad(await streamed(bomb)).at(-1)).toBe('too-large: inflates to more than 200 times its size')
    expect(bad(await streamed(gzipSync('{"a":1}\n'.repeat(99)), [], { ...STREAM_LIMITS, inflatedBytes: 100 })).at(-1)).toMatch(
      '100 bytes',
    )
  })

  it('passes over a line of 100 MB without holding it', async () => {
    setFlagsFromString('--expose_gc')
    const collect = runInNewContext('gc') as () => void
    const megabyte = Buffer.alloc(1024 * 1024, 'x')
    let most = 0
    async function* file() {
      yield Buffer.from('{"a":1}\n{"a":"')
      for (let n = 0; n < 100; n++) {
        yield megabyte
        if (n % 20 !== 19) continue
        // Twice, with a turn between: buffers of the first pass are freed behind it.
        collect()
        await new Promise(resolve => setImmediate(resolve))
        collect()
        most = Math.max(most, process.memoryUsage().arrayBuffers)
      }
      yield Buffer.from('"}\n{"a":2}\n')
    }
    collect()
    const before = process.memoryUsage().arrayBuffers
    const framed: Framed[] = []
    for await (const item of frameStream(file())) framed.push(item)
    expect(values(framed)).toEqual([{ a: 1 }, { a: 2 }])
    const [aside] = framed.filter(item => item.kind === 'bad')
    expect(aside).toMatchObject({ reason: 'too-large', offset: 8, length: 100 * 1024 * 1024 + 9 })
    expect(aside?.bytes.length).toBe(64 * 1024)
    expect(most - before).toBeLessThan(48 * 1024 * 1024)
  })

  it('passes over an element of an array that is too long', () => {
    expect(values(frame(`[{"a":1},{"a":"${'x'.repeat(300)}","b":{}},{"a":2}]`, SMALL))).toEqual([{ a: 1 }, { a: 2 }])
    expect(reasons(frame(`[\n {"a":1},\n {"a":"${'x'.repeat(300)}"},\n {"a":2}]`, SMALL))).toEqual(['too-large'])
  })

  it('passes over JSON nested 100,000 deep', () => {
    const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    expect(reasons(frame(`{"a":1}\n${deep}\n{"a":2}`))).toEqual(['too-deep'])
    expect(values(frame(`{"a":1}\n${deep}\n{"a":2}`))).toEqual([{ a: 1 }, { a: 2 }])
    expect(values(frame(`[{"a":1},${deep},{"a":2}]`))).toEqual([{ a: 1 }, { a: 2 }])
    expect(reasons(frame('['.repeat(100_000)))).not.toEqual([])
  })

  it('keeps of each damaged piece no more than the piece', () => {
    const pieces = frame('{"a":x}\n'.repeat(900)).map(item => (item as { bytes: Uint8Array }).bytes)
    expect(pieces).toHaveLength(900)
    const held = new Set(pieces.map(({ buffer }) => buffer))
    expect([...held].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(200_000)
  })

  it('takes damaged pieces together once there are a thousand, and frames every good element all the same', async () => {
    const input = Buffer.from(`${'{"a":x}\n'.repeat(50_000)}{"a":1}\n${'{"a":y}\n'.repeat(3)}{"a":2}\n`)
    const framed = frame(gzipSync(input))
    expect(framed).toHaveLength(1_000 + 1 + 1 + 1 + 1)
    expect(values(framed)).toEqual([{ a: 1 }, { a: 2 }])
    expect(framed.at(-2)).toMatchObject({ kind: 'bad', reason: 'invalid-json', offset: 400_008, length: 23 })
    expect(Buffer.from((framed.at(-2) as { bytes: Uint8Array }).bytes).toString()).toBe('{"a":y}\n{"a":y}\n{"a":y}')
    const run = framed.at(-4) as { bytes: Uint8Array; length: number; offset: number }
    expect(run).toMatchObject({ offset: 8_000, length: 49_000 * 8 - 1 })
    expect(run.bytes.length).toBeLessThanOrEqual(64 * 1024)
    expect(run.bytes.length).toBeGreaterThan(64_000)
    expect(await streamed(input, [777])).toEqual(framed)
  })

  it('keeps __proto__ as data', () => {
    const [value] = values(frame('{"__proto__":{"admin":1},"constructor":{"prototype":{"admin":1}}}'))
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor'])
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined()
  })

  it('keeps a record with invalid UTF-8 and says so', () => {
    const [item] = frame(Buffer.from([...Buffer.from('{"a":"'), 0x61, 0xff, 0xfe, 0x62, ...Buffer.from('"}')]))
    expect(item).toMatchObject({ kind: 'record', value: { a: 'a\uFFFD\uFFFDb' }, repaired: true })
    expect(frame('{"a":"\uFFFD"}')).toMatchObject([{ repaired: false }])
    expect(frame(String.raw`{"a":"\ud800"}`)).toMatchObject([{ repaired: true, value: { a: '\uFFFD' } }])
  })

  it('sets binary data aside', () => {
    expect(bad(frame(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13])))).toEqual([
      'corrupt: neither JSON, nor text, nor gzip',
    ])
  })

  it('says when the input ends inside an array', () => {
    expect(bad(frame('{"Records":[{"a":1},'))).toEqual(['invalid-json: the input ends inside an array'])
    expect(bad(frame('[{"a":1},{"a"'))).toEqual(['invalid-json: the input ends inside a value'])
  })
})

const plain = (framed: readonly Framed[]) =>
  framed.map(item => ({ ...item, ...('bytes' in item && { bytes: Buffer.from(item.bytes).toString('latin1') }) }))
const json = fc.jsonValue({ maxDepth: 3 }).filter(value => !/\d{16}(?!\d*[.e])/.test(JSON.stringify(value)))
const line = fc.dictionary(fc.string({ maxLength: 5 }), json, { maxKeys: 4 }).map(value => JSON.stringify(value))
const document = fc.oneof(
  fc.array(line).map(lines => lines.join('\n')),
  fc.array(line).map(lines => `[${lines.join(',')}]`),
  fc.array(line).map(lines => `{"Records":[${lines.join(', ')}]}`),
  fc.array(line).map(lines =>
    JSON.stringify(
      lines.map(text => JSON.parse(text) as unknown),
      null,
      2,
    ),
  ),
  fc.array(line).map(lines => lines.map(text => JSON.stringify(JSON.parse(text), null, 1)).join('\n')),
  fc.string({
    unit: fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\n', ' ', '\\', 'a', '1', '{"a":', '\n{"a":1}', '"Records"'),
  }),
)
const wounded = fc
  .tuple(document, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }))
  .map(([text, wounds]) => {
    const bytes = Buffer.from(text)
    for (const [at, byte] of wounds) if (bytes.length) bytes[at % bytes.length] = byte
    return bytes
  })

describe('framing, whatever comes', () => {
  it('does not depend on how the input is cut', async () => {
    await fc.assert(
      fc.asyncProperty(wounded, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), async (bytes, sizes) => {
        expect(plain(await streamed(bytes, sizes, SMALL))).toEqual(plain(await streamed(bytes, [], SMALL)))
      }),
      { numRuns: 1500 },
    )
  })

  it('reads back what JSON.stringify wrote', () => {
    fc.assert(
      fc.property(fc.array(line), lines => {
        const want = lines.map(text => JSON.parse(text) as unknown)
        expect(values(frame(lines.join('\n')))).toEqual(want)
        expect(values(frame(`[${lines.join(',')}]`))).toEqual(want)
        expect(values(frame(`{"Records": [${lines.join(',')}] }`))).toEqual(want)
        expect(values(frame(JSON.stringify(want, null, 2)))).toEqual(want)
        expect(values(frame(want.map(value => JSON.stringify(value, null, 2)).join('\n')))).toEqual(want)
      }),
      { numRuns: 300 },
    )
  })

  it('gives of a line between others what it gives of the line alone', () => {
    const odd = fc.constantFrom(
      '{"a":12345678901234567890}',
      String.raw`{"a":"\ud800"}`,
      String.raw`{"a":"\ud83d\ude00"}`,
      '{"a":1e400}',
      '{"\uFFFD":"é"}',
      `{"a":${'['.repeat(6)}${']'.repeat(6)}}`,
      `{"a":${'['.repeat(7)}${']'.repeat(7)}}`,
      `{"a":${'['.repeat(8)}${']'.repeat(8)}}`,
      '{"a":1} ',
      '{"a":1}{"b":2}',
      '{"__proto__":1}',
      '{}',
      ' {"a":1}',
    )
    const limits = { ...STREAM_LIMITS, depth: 8 }
    const told = (text: string) =>
      frame(text, limits).map(item =>
        item.kind === 'record'
          ? [item.value, Buffer.from(item.bytes).toString(), item.repaired]
          : [item.kind === 'bad' && item.reason],
      )
    fc.assert(
      fc.property(fc.array(fc.oneof(line, odd), { minLength: 1 }), fc.constantFrom('\n', '\r\n'), (lines, between) => {
        const together = told(['{"a":0}', ...lines, '{"a":0}'].join(between))
        expect(together.slice(1, -1)).toEqual(lines.flatMap(told))
      }),
      { numRuns: 1000 },
    )
  })

  it('loses only the damaged lines of NDJSON', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string().map(text => JSON.stringify({ text })),
          { minLength: 3 },
        ),
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }).filter(byte => byte !== 0x0a),
        (lines, which, at, byte) => {
          const hit = 1 + (which % (lines.length - 2))
          const damaged = Buffer.from(lines[hit] as string)
          damaged[at % damaged.length] = byte
          const bytes = Buffer.concat(lines.flatMap((text, n) => [n === hit ? damaged : Buffer.from(text), Buffer.from('\n')]))
          const got = new Set(values(frame(bytes)).map(value => JSON.stringify(value)))
          for (const [n, text] of lines.entries()) if (n !== hit) expect(got).toContain(text)
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('accounts for every byte of NDJSON that is not blank', () => {
    fc.assert(
      fc.property(wounded, bytes => {
        let at = 0
        for (const item of frame(bytes, SMALL)) {
          if (item.kind === 'control') continue
          expect(item.offset).toBeGreaterThanOrEqual(at)
          at = item.offset + (item.kind === 'bad' ? item.length : item.bytes.length)
        }
        expect(at).toBeLessThanOrEqual(bytes.length)
      }),
      { numRuns: 500 },
    )
  })
})
