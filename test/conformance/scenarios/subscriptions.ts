import type { Scenario } from '../scenario.ts'
import { call, exchange, exchanges, ID, LOOP, QUICK, register, subscribe, subscription, without } from './steps.ts'

const destination = (value: object): object => subscription({ destination: value })
const http = (URI: string) => destination({ protocol: 'HTTP', URI })

export const subscriptions: readonly Scenario[] = [
  {
    name: 'without a Telemetry API a subscription is answered 202',
    unless: traits => (traits.telemetry ? 'there is a Telemetry API' : undefined),
    setup: traits => ({
      scripts: [[{ listen: {} }, register(traits), subscribe('subscribe'), subscribe('nonsense', '{', {}), LOOP]],
    }),
    async play(run) {
      await run.invoke({ do: 'log', lines: ['a'] })
      await run.end()
      const { subscribe: first, nonsense } = exchanges(run)
      return { subscribe: first, nonsense, delivered: run.diary().filter(({ kind }) => kind === 'telemetry').length }
    },
    expect: () => ({ subscribe: '202 Telemetry.NotSupported', nonsense: '202 Telemetry.NotSupported', delivered: 0 }),
  },
  {
    name: 'a subscription',
    unless: without,
    setup: traits => ({
      scripts: [
        [
          { listen: {} },
          subscribe('before registering', subscription(), {}),
          register(traits),
          subscribe('as a stranger', subscription(), { 'Lambda-Extension-Identifier': '00000000-0000-4000-8000-000000000000' }),
          subscribe('no JSON', '{'),
          subscribe('no schema that there is', subscription({ schemaVersion: '2021-01-01' })),
          subscribe('an older schema', subscription({ schemaVersion: '2022-12-13', types: traits.managed ? ['platform'] : [] })),
          subscribe('no types', subscription({ types: [] })),
          subscribe('an unknown type', subscription({ types: ['audit'] })),
          subscribe('too few items', subscription({ buffering: { ...QUICK, maxItems: 999 } })),
          subscribe('too many items', subscription({ buffering: { ...QUICK, maxItems: 10_001 } })),
          subscribe('too few bytes', subscription({ buffering: { ...QUICK, maxBytes: 262_143 } })),
          subscribe('too many bytes', subscription({ buffering: { ...QUICK, maxBytes: 1_048_577 } })),
          subscribe('too short a wait', subscription({ buffering: { ...QUICK, timeoutMs: 24 } })),
          subscribe('too long a wait', subscription({ buffering: { ...QUICK, timeoutMs: 30_001 } })),
          subscribe('no destination', subscription({ destination: undefined })),
          subscribe('a host elsewhere', http('http://example.com:4243')),
          subscribe('another protocol', destination({ protocol: 'UDP', URI: 'udp://sandbox.localdomain:4243' })),
          subscribe('HTTP without a URI', destination({ protocol: 'HTTP' })),
          subscribe('subscribe'),
          LOOP,
        ],
      ],
    }),
    async play(run) {
      await run.invoke({})
      await run.end()
      const { register: _, ...rest } = exchanges(run)
      return { ...rest, 'is answered': exchange(run, 'subscribe')?.text }
    },
    expect: () => ({
      'before registering': '403 Extension.MissingExtensionIdentifier',
      'as a stranger': '403 Extension.UnknownExtensionIdentifier',
      'no JSON': '400 ValidationError',
      'no schema that there is': '400 ValidationError',
      'an older schema': '400 ValidationError',
      'no types': '400 ValidationError',
      'an unknown type': '400 ValidationError',
      'too few items': '400 ValidationError',
      'too many items': '400 ValidationError',
      'too few bytes': '400 ValidationError',
      'too many bytes': '400 ValidationError',
      'too short a wait': '400 ValidationError',
      'too long a wait': '400 ValidationError',
      'no destination': '400 ValidationError',
      'a host elsewhere': '400 ValidationError',
      'another protocol': '400 ValidationError',
      'HTTP without a URI': '400 ValidationError',
      subscribe: '200',
      'is answered': '"OK"',
    }),
  },
  {
    name: 'a port that is missing',
    unless: without,
    setup: traits => ({ scripts: [[register(traits), subscribe('no port', http('http://sandbox.localdomain')), LOOP]] }),
    async play(run) {
      await run.invoke({})
      await run.end()
      return { 'no port': exchanges(run)['no port'] }
    },
    expect: () => ({ 'no port': '400 ValidationError' }),
  },
  {
    name: 'a second subscription',
    unless: without,
    setup: traits => ({ scripts: [[{ listen: {} }, register(traits), subscribe('first'), subscribe('second'), LOOP]] }),
    async play(run) {
      await run.invoke({})
      await run.end()
      const { first, second } = exchanges(run)
      return { first, second }
    },
    expect: () => ({ first: '200', second: '200' }),
  },
  {
    name: 'subscription is closed after Init',
    unless: without,
    setup: traits => ({
      scripts: [
        [
          { listen: {} },
          register(traits),
          { as: 'next', call: { method: 'GET', path: '/2020-01-01/extension/event/next', headers: ID }, detach: true },
          { awaits: 'invocation' },
          subscribe('late'),
          ...(traits.managed
            ? []
            : [{ as: 'second next', call: { method: 'GET', path: '/2020-01-01/extension/event/next', headers: ID } }]),
        ],
      ],
    }),
    async play(run) {
      await run.invoke({ do: 'sleep', ms: 300 })
      await run.end()
      return { late: exchanges(run)['late'] }
    },
    expect: () => ({ late: '403 Telemetry.SubscriptionClosed' }),
  },
]

export const unknownPaths: readonly Scenario[] = [
  {
    name: 'paths that there are not',
    setup: traits => ({
      scripts: [
        [
          register(traits),
          call('telemetry of another version', 'PUT', '/2099-01-01/telemetry', { headers: ID, body: {} }),
          call('the root', 'GET', '/', {}),
          LOOP,
        ],
      ],
    }),
    async play(run) {
      await run.invoke({})
      await run.end()
      const { 'telemetry of another version': version, 'the root': root } = exchanges(run)
      return { version: version?.slice(0, 3), root: root?.slice(0, 3) }
    },
    expect: () => ({ version: '404', root: '404' }),
  },
]
