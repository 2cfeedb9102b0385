import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BodyError } from './errors.ts'
import { packPlatform } from './pack.ts'
import { unpackPlatform } from './unpack.ts'

const TIME = 1_789_000_000_123
const ID = '3da1f2dc-3222-475e-9205-e2e6c6318895'
const context = { time: TIME, invocation: ID }
const iso = (time: number): string => new Date(time).toISOString()
const tracing = {
  spanId: '54565fb41ac79632',
  type: 'X-Amzn-Trace-Id',
  value: 'Root=1-6aa14440-710d76f009d6e7785905449a;Parent=0efbd19962d95b05;Sampled=1',
}

/** One of each. */
const RECORDS: readonly (readonly [signal: string, record: unknown])[] = [
  ['platform.start', { requestId: ID, version: '$LATEST', tracing }],
  [
    'platform.start',
    { requestId: ID, version: '7', tenantId: 'blue', functionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:f' },
  ],
  [
    'platform.runtimeDone',
    {
      requestId: ID,
      status: 'success',
      metrics: { durationMs: 2599.417, producedBytes: 8 },
      spans: [
        { name: 'responseLatency', start: iso(TIME - 2599), durationMs: 2598 },
        { name: 'responseDuration', start: iso(TIME - 1), durationMs: 0.1 },
        { name: 'runtimeOverhead', start: iso(TIME), durationMs: 0.9 },
      ],
      tracing,
    },
  ],
  [
    'platform.report',
    {
      requestId: ID,
      status: 'timeout',
      errorType: 'Sandbox.Timedout',
      metrics: { durationMs: 2599.4, billedDurationMs: 3150, memorySizeMB: 128, maxMemoryUsedMB: 94, initDurationMs: 549.04 },
      spans: [{ name: 'extensionOverhead', start: iso(TIME - 2), durationMs: 1.25 }],
    },
  ],
  [
    'platform.initStart',
    {
      initializationType: 'on-demand',
      phase: 'init',
      runtimeVersion: 'nodejs:24.v9',
      runtimeVersionArn: `arn:aws:lambda:eu-west-1::runtime:${'0f'.repeat(32)}`,
      functionName: 'f',
      functionVersion: '$LATEST',
      instanceId: '2026/09/14/[$LATEST]0123456789abcdef0123456789abcdef',
      instanceMaxMemory: 256,
    },
  ],
  [
    'platform.initRuntimeDone',
    { initializationType: 'snap-start', phase: 'snap-start', status: 'error', errorType: 'Runtime.ExitError' },
  ],
  ['platform.initReport', { initializationType: 'on-demand', phase: 'init', status: 'success', metrics: { durationMs: 125.33 } }],
  ['platform.restoreStart', { functionName: 'f', functionVersion: '3', instanceMaxMemory: 512, runtimeVersion: 'java:21.v4' }],
  ['platform.restoreRuntimeDone', { status: 'success' }],
  ['platform.restoreReport', { status: 'success', metrics: { durationMs: 15.19 } }],
  ['platform.extension', { name: 'weir', state: 'Ready', events: ['INVOKE', 'SHUTDOWN'] }],
  ['platform.telemetrySubscription', { name: 'weir', state: 'Subscribed', types: ['platform', 'function'] }],
  ['platform.logsDropped', { droppedBytes: 12345, droppedRecords: 123, reason: 'slower than the logs' }],
  ['platform.fault', `RequestId: ${ID} Error: Runtime exited with error: exit status 1\nRuntime.ExitError`],
  ['function', `${iso(TIME - 1)}\t${ID}\tINFO\thello\n`],
  ['function', { timestamp: iso(TIME), level: 'INFO', requestId: ID, message: 'hello' }],
]

describe('packPlatform', () => {
  it.each(RECORDS)('packs %s and gives it back', (signal, record) => {
    const body = packPlatform(signal, record, context)
    expect(body && unpackPlatform(body, context)).toEqual(record)
    expect(body?.length).toBeLessThan(JSON.stringify(record).length * 0.7)
  })

  it('writes the bytes it was shipped with', () => {
    const hex = RECORDS.map(([signal, record]) => Buffer.from(packPlatform(signal, record, context) ?? []).toString('hex'))
    expect(hex).toMatchInlineSnapshot(`
      [
        "010e0e00010e01011354565fb41ac79632ffd305710d76f009d6e7785905449a0efbd19962d95b05",
        "0106360000023708626c75656061726e3a6177733a6c616d6264613a65752d776573742d313a3132333435363738393031323a66756e6374696f6e3a66",
        "021e3e000106060e010e020e030e010113f2a7bd021002921600ca1400c20654565fb41ac79632ffd305710d76f009d6e7785905449a0efbd19962d95b05",
        "03105e00043e020e0403d0a7bd02cc088002bc01e0824303c413",
        "040afe03010101186e6f64656a733a32342e7639c40161726e3a6177733a6c616d6264613a65752d776573742d313a3a72756e74696d653a30663066306630663066306630663066306630663066306630663066306630663066306630663066306630663066306630663066306630663066306630663066026668323032362f30392f31342f5b244c41544553545d30313233343536373839616263646566303132333435363738396162636465668004",
        "050a1e04030301",
        "060a2e01010102a4a60f",
        "07043600026602338008146a6176613a32312e7634",
        "08040201",
        "09060a0102aced01",
        "0a0a0e020401020877656972",
        "0b0a0e010401020877656972",
        "0c020ef2c001f60128736c6f776572207468616e20746865206c6f6773",
        "0d005265717565737449643a2001204572726f723a2052756e74696d65206578697465642077697468206572726f723a20657869742073746174757320310a52756e74696d652e457869744572726f72",
        "0d000201090109494e464f0968656c6c6f0a",
        "0e007b2274696d657374616d70223a220200222c226c6576656c223a22494e464f222c22726571756573744964223a2201222c226d657373616765223a2268656c6c6f227d",
      ]
    `)
  })

  it('packs any JSON, under any signal, or leaves it to JSON', () => {
    const word = fc.constantFrom(
      'platform.start',
      'platform.runtimeDone',
      'platform.report',
      'platform.extension',
      'function',
      'weir.secret',
    )
    const time = fc.oneof(fc.constant(TIME), fc.integer({ min: 0, max: 253_402_300_799_999 }))
    const invocation = fc.oneof(fc.constant(ID), fc.constant(''), fc.string({ unit: 'binary' }))
    let packed = 0
    fc.assert(
      fc.property(word, fc.oneof(jsonValue, platformLike, logLine), time, invocation, (signal, record, now, id) => {
        const body = packPlatform(signal, record, { time: now, invocation: id })
        if (!body) return
        packed++
        expect(unpackPlatform(body, { time: now, invocation: id })).toEqual(record)
      }),
      { numRuns: 2000 },
    )
    expect(packed).toBeGreaterThan(1900)
  })

  it('leaves a record with an unknown field to the JSON shape, so that nothing is lost', () => {
    const record = { requestId: ID, version: '$LATEST', novelty: [1] }
    const body = packPlatform('platform.start', record, context)
    expect(body?.[0]).toBe(14)
    expect(unpackPlatform(body ?? new Uint8Array(), context)).toEqual(record)
  })

  it('keeps a key named __proto__ as a key', () => {
    const record: unknown = JSON.parse('{"requestId":"x","__proto__":{"admin":true}}')
    const back = unpackPlatform(packPlatform('platform.start', record, context) ?? new Uint8Array(), context)
    expect(Object.keys(back as object)).toEqual(['requestId', '__proto__'])
    expect(JSON.stringify(back)).toBe(JSON.stringify(record))
  })

  it.each([undefined, 1n, () => 1])('leaves what is not JSON: %s', value => {
    expect(packPlatform('function', value, context)).toBeUndefined()
  })

  it('leaves a record whose time will not travel', () => {
    expect(packPlatform('platform.start', { requestId: ID }, { time: Number.NaN, invocation: ID })).toBeUndefined()
  })
})

describe('packPlatform, given what it could not give back within bounds', () => {
  it('leaves a line of nothing but ids to JSON', () => {
    expect(packPlatform('function', ID.repeat(1000), context)).toBeUndefined()
    expect(packPlatform('function', `${ID} `.repeat(20), context)?.length).toBeLessThan(50)
  })

  it('leaves a record whose invocation will be cut', () => {
    expect(packPlatform('platform.start', { requestId: ID }, { time: TIME, invocation: 'i'.repeat(257) })).toBeUndefined()
  })
})

describe('unpackPlatform', () => {
  it('refuses a shape of a newer Weir as such', () => {
    expect(() => unpackPlatform(Uint8Array.of(200, 0), context)).toThrow(expect.objectContaining({ reason: 'unknown-schema' }))
  })

  it('reads any bytes or refuses them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 15 }), fc.uint8Array({ maxLength: 60 }), (shape, bytes) => {
        try {
          unpackPlatform(Uint8Array.of(shape, ...bytes), context)
        } catch (error) {
          expect(error).toBeInstanceOf(BodyError)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('reads or refuses every record with any byte changed or missing', () => {
    for (const [signal, record] of RECORDS) {
      const body = packPlatform(signal, record, context) ?? new Uint8Array()
      for (let at = 0; at < body.length; at++) {
        const cut = body.slice(0, at)
        const flipped = body.map((byte, index) => (index === at ? byte ^ 0x81 : byte))
        for (const each of [cut, flipped]) {
          try {
            unpackPlatform(each, context)
          } catch (error) {
            expect(error).toBeInstanceOf(BodyError)
          }
        }
      }
    }
  })
})

/** JSON as JSON.parse gives it: without -0, which no writer of JSON keeps. */
const jsonValue = fc.jsonValue().map(value => JSON.parse(JSON.stringify(value)) as unknown)

const id = fc.oneof(fc.constant(ID), fc.uuid(), fc.string())
const number = fc.oneof(
  fc.nat(100_000).map(n => n / 1000),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(n => n + 0),
  fc.maxSafeInteger(),
)
const time = fc.oneof(fc.integer({ min: TIME - 100_000, max: TIME + 1000 }).map(iso), fc.string())
const word = fc.oneof(fc.constantFrom('success', 'timeout', '$LATEST', 'responseLatency', 'init'), fc.string({ unit: 'binary' }))
const hex = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(n => n.toString(16).padStart(16, '0')),
  fc.string(),
)
const trace = fc.oneof(
  fc
    .tuple(hex, hex, fc.constantFrom('', ';Sampled=1', ';Sampled=0', ';Sampled=?', ';Lineage=a:0'))
    .map(([root, parent, end]) => `Root=1-${root.slice(0, 8)}-${root}${root.slice(8)};Parent=${parent}${end}`),
  fc.string(),
)
const maybe = { requiredKeys: [] }
/** Records of the platform's form, with anything in the fields. */
const platformLike = fc.record(
  {
    requestId: id,
    version: word,
    status: word,
    name: word,
    state: word,
    events: fc.array(word, { maxLength: 3 }),
    metrics: fc.record({ durationMs: number, producedBytes: number, billedDurationMs: number, maxMemoryUsedMB: number }, maybe),
    spans: fc.array(fc.record({ name: word, start: time, durationMs: number }, maybe), { maxLength: 4 }),
    tracing: fc.record({ spanId: hex, type: word, value: trace }, maybe),
  },
  maybe,
)
const logLine = fc
  .array(fc.oneof(id, time, word, hex, trace, fc.nat().map(String), fc.constantFrom('\t', '\u0001', '\u0005', '0', 'é', '😀')), {
    maxLength: 8,
  })
  .map(parts => parts.join(' '))
