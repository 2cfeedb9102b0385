import { createHash } from 'node:crypto'
import { field, text, type Entry, type Run, type Step, type Traits } from '../platform.ts'
import type { Scenario } from '../scenario.ts'
import { LOOP, QUICK, register, subscribe, subscription, until, without } from './steps.ts'

const batches = (run: Run): readonly Entry[] => run.diary().filter(({ kind }) => kind === 'telemetry')
const eventsOf = (entry: Entry): readonly unknown[] => {
  const parsed: unknown = JSON.parse(entry.text ?? '[]')
  return Array.isArray(parsed) ? parsed : []
}
/** Events of batches that were taken. */
const events = (run: Run): readonly unknown[] =>
  batches(run)
    .filter(({ status }) => status === 200)
    .flatMap(eventsOf)
const type = (event: unknown): string => text(field(event, 'type'))
const typesOf = (run: Run): string[] => events(run).map(type)
const recordOf = (run: Run, wanted: string): unknown =>
  field(
    events(run).find(event => type(event) === wanted),
    'record',
  )
const keys = (value: unknown): string[] => Object.keys(Object.assign({}, value)).toSorted()
/** Lines are compared without their newline: AWS's emulator cuts it, Lambda keeps it. */
const lines = (run: Run, kind: string): string[] =>
  events(run)
    .filter(event => type(event) === kind)
    .map(event => text(field(event, 'record')).trimEnd())

const subscribed = (traits: Traits, listen: Extract<Step, { listen: unknown }>['listen'] = {}, more: object = {}): Step[] => [
  { listen },
  register(traits),
  subscribe('subscribe', subscription(more)),
  LOOP,
]

export const telemetry: readonly Scenario[] = [
  {
    name: 'how telemetry is delivered',
    unless: without,
    setup: traits => ({ scripts: [subscribed(traits)] }),
    async play(run, traits) {
      await run.invoke({ do: 'log', lines: ['a', 'b'] })
      await until(run, traits, () => lines(run, 'function').length === 2)
      await run.end()
      const all = batches(run)
      const digest = (body = '') => createHash('sha256').update(body).digest('base64')
      return {
        method: [...new Set(all.map(({ method }) => method))],
        'content type': [...new Set(all.map(({ headers }) => headers?.['content-type']))],
        'each body is a list': all.every(entry => eventsOf(entry).length > 0),
        'Sequence-Id is the digest of the body': all.every(entry => entry.headers?.['sequence-id'] === digest(entry.text)),
        'times are ISO-8601 with milliseconds': events(run).every(event =>
          /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text(field(event, 'time'))),
        ),
        'each event is time, type and record':
          new Set(events(run).map(event => keys(event).join())).size === 1 && keys(events(run)[0]),
      }
    },
    expect: () => ({
      method: ['POST'],
      'content type': ['application/json'],
      'each body is a list': true,
      'Sequence-Id is the digest of the body': true,
      'times are ISO-8601 with milliseconds': true,
      'each event is time, type and record': ['record', 'time', 'type'],
    }),
  },
  {
    name: 'telemetry of Init and of an invocation',
    unless: without,
    setup: traits => ({ scripts: [subscribed(traits, {}, { types: ['platform', 'function'] })] }),
    async play(run, traits) {
      await run.invoke({ do: 'log', lines: ['one'] })
      await until(run, traits, () => lines(run, 'function').length === 1)
      await run.end()
      const start = recordOf(run, 'platform.start')
      const report = recordOf(run, 'platform.report')
      return {
        types: typesOf(run).filter(each => each !== 'function'),
        'the line is within the invocation': typesOf(run).indexOf('platform.start') < typesOf(run).indexOf('function'),
        lines: lines(run, 'function'),
        phases: [
          ...new Set(
            ['platform.initStart', 'platform.initRuntimeDone', 'platform.initReport'].map(each =>
              field(recordOf(run, each), 'phase'),
            ),
          ),
        ],
        'initialization type': field(recordOf(run, 'platform.initStart'), 'initializationType'),
        statuses: ['platform.initRuntimeDone', 'platform.initReport', 'platform.report'].map(each =>
          field(recordOf(run, each), 'status'),
        ),
        'the extension': [
          field(recordOf(run, 'platform.extension'), 'name'),
          field(recordOf(run, 'platform.extension'), 'state'),
        ],
        'the subscription': recordOf(run, 'platform.telemetrySubscription'),
        'initStart tells': keys(recordOf(run, 'platform.initStart')).filter(each => each !== 'tracing'),
        'initReport tells': keys(field(recordOf(run, 'platform.initReport'), 'metrics')),
        'start tells': keys(start),
        'report tells': keys(report),
        'the report measures': keys(field(report, 'metrics')),
        'start and report name one request': field(start, 'requestId') === field(report, 'requestId'),
      }
    },
    expect: ({ managed }) => ({
      types: [
        'platform.initStart',
        'platform.telemetrySubscription',
        'platform.initRuntimeDone',
        'platform.extension',
        'platform.initReport',
        'platform.start',
        ...(managed ? [] : ['platform.runtimeDone']),
        'platform.report',
      ],
      'the line is within the invocation': true,
      lines: ['one'],
      phases: ['init'],
      'initialization type': managed ? 'lambda-managed-instances' : 'on-demand',
      statuses: ['success', 'success', 'success'],
      'the extension': ['probe', 'Ready'],
      'the subscription': { name: 'probe', state: 'Subscribed', types: ['platform', 'function'] },
      'initStart tells': [
        'functionName',
        'functionVersion',
        'initializationType',
        'instanceId',
        'instanceMaxMemory',
        'phase',
        'runtimeVersion',
        'runtimeVersionArn',
      ],
      'initReport tells': ['durationMs'],
      'start tells': managed ? ['functionArn', 'requestId', 'version'] : ['requestId', 'tracing', 'version'],
      'report tells': ['metrics', 'requestId', 'spans', 'status', ...(managed ? [] : ['tracing'])],
      'the report measures': managed
        ? ['durationMs']
        : ['billedDurationMs', 'durationMs', 'initDurationMs', 'maxMemoryUsedMB', 'memorySizeMB'],
      'start and report name one request': true,
    }),
  },
  {
    name: 'the spans of an invocation',
    unless: without,
    setup: traits => ({ scripts: [subscribed(traits, {}, { types: ['platform'] })] }),
    async play(run, { managed }) {
      await run.invoke({ do: 'sleep', ms: 50 })
      await run.end()
      const names = (from: string) => {
        const spans = field(recordOf(run, from), 'spans')
        return Array.isArray(spans) ? spans.map(each => field(each, 'name')) : []
      }
      return { runtimeDone: managed ? [] : names('platform.runtimeDone'), report: names('platform.report') }
    },
    expect: ({ managed }) => ({
      runtimeDone: managed ? [] : ['responseLatency', 'responseDuration', 'runtimeOverhead'],
      report: managed ? ['responseLatency', 'responseDuration'] : ['extensionOverhead'],
    }),
  },
  {
    name: 'types that were not asked for',
    unless: without,
    setup: traits => ({
      scripts: [
        [
          { listen: {} },
          register(traits),
          subscribe('subscribe', subscription({ types: ['extension'] })),
          { print: 'said\n' },
          { loop: { onShutdown: [{ print: 'bye\n' }, { sleep: 200 }] } },
        ],
      ],
    }),
    async play(run, traits) {
      await run.invoke({ do: 'log', lines: ['not this'] })
      await until(run, traits, () => lines(run, 'extension').length > 0)
      await run.end()
      return { types: [...new Set(typesOf(run))], first: lines(run, 'extension')[0] }
    },
    expect: () => ({ types: ['extension'], first: 'said' }),
  },
  {
    name: 'batches keep to the buffering that was asked for',
    unless: without,
    setup: traits => ({ scripts: [subscribed(traits, {}, { types: ['function'], buffering: { ...QUICK, timeoutMs: 5000 } })] }),
    async play(run) {
      await run.invoke({ do: 'flood', count: 2500, pause: 50 })
      await run.end()
      const found = lines(run, 'function')
      return {
        'full batches': batches(run).filter(entry => eventsOf(entry).length === 1000).length,
        'larger ones': batches(run).filter(entry => eventsOf(entry).length > 1000).length,
        'every line, in order': found.length === 2500 && found.every((line, n) => line === `line ${n}`),
      }
    },
    expect: () => ({ 'full batches': 2, 'larger ones': 0, 'every line, in order': true }),
  },
  {
    name: 'a slow subscriber that wants log lines only',
    unless: without,
    setup: traits => ({ scripts: [subscribed(traits, { delayMs: 400 }, { types: ['function'] })] }),
    async play(run) {
      await run.invoke({ do: 'flood', count: 12_000 })
      await run.end()
      const found = lines(run, 'function').map(line => Number(line.slice(5)))
      return {
        'loses some': found.length < 12_000,
        'has some': found.length > 0,
        'in order': found.every((n, at) => at === 0 || n > (found[at - 1] ?? n)),
      }
    },
    expect: () => ({ 'loses some': true, 'has some': true, 'in order': true }),
  },
  {
    name: 'a subscriber that fails once',
    unless: without,
    setup: traits => ({ scripts: [subscribed(traits, { statuses: [500] }, { types: ['function'] })] }),
    async play(run, traits) {
      await run.invoke({ do: 'log', lines: ['one'] })
      await until(run, traits, diary => diary.some(({ kind }) => kind === 'telemetry'))
      await run.invoke({ do: 'sleep', ms: 600 })
      await run.end()
      return { 'has the line after all': lines(run, 'function').includes('one') }
    },
    expect: () => ({ 'has the line after all': true }),
  },
  {
    name: 'telemetry after a reset',
    unless: traits => (traits.managed ? 'a managed instance does not come back: it is replaced' : without(traits)),
    setup: traits => ({ timeoutSeconds: 3, scripts: [subscribed(traits, {}, { types: ['platform'] })] }),
    async play(run) {
      await run.invoke({ do: 'hang' })
      await run.invoke({ n: 2 })
      await run.end()
      const second = run.diary().findLast(({ who, kind }) => who === 'extension' && kind === 'started')?.pid
      const after = batches(run)
        .filter(({ pid }) => pid === second)
        .flatMap(eventsOf)
      return {
        'the timeout was told': events(run).some(event => field(event, 'record', 'status') === 'timeout'),
        'the new process begins with its own Init': after.map(type).slice(0, 6),
        phase: field(after[0], 'record', 'phase'),
      }
    },
    expect: () => ({
      'the timeout was told': true,
      'the new process begins with its own Init': [
        'platform.initStart',
        'platform.telemetrySubscription',
        'platform.initRuntimeDone',
        'platform.extension',
        'platform.initReport',
        'platform.start',
      ],
      phase: 'invoke',
    }),
  },
  {
    name: 'platform.logsDropped',
    unless: without,
    setup: traits => ({
      scripts: [[...subscribed(traits, { delayMs: 400 }).slice(0, 3), { loop: { onShutdown: [{ sleep: 1500 }] } }]],
    }),
    async play(run) {
      await run.invoke({ do: 'flood', count: 12_000 })
      await run.end()
      const record = recordOf(run, 'platform.logsDropped')
      return { tells: keys(record), 'names a reason': typeof field(record, 'reason') === 'string' }
    },
    expect: () => ({ tells: ['droppedBytes', 'droppedRecords', 'reason'], 'names a reason': true }),
  },
]
