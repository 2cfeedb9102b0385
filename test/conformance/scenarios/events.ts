import { field, text, type Entry } from '../platform.ts'
import type { Scenario } from '../scenario.ts'
import { exchanges, given, LOOP, register, startsOf } from './steps.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export const lifecycle: readonly Scenario[] = [
  {
    name: 'INVOKE',
    unless: ({ managed }) => (managed ? 'extensions of managed instances are not told of invocations' : undefined),
    setup: traits => ({ timeoutSeconds: 8, scripts: [[register(traits), LOOP]] }),
    async play(run) {
      await run.invoke({ n: 1 })
      await run.invoke({ n: 2 })
      await run.end()
      const diary = run.diary()
      const invoke = diary.find(({ kind, body }) => kind === 'event' && field(body, 'eventType') === 'INVOKE')
      const taken = diary.find(({ kind }) => kind === 'invocation')
      const left = Number(field(invoke?.body, 'deadlineMs')) - (invoke?.at ?? 0)
      return {
        given: given(run).filter(each => each === 'INVOKE'),
        fields: Object.keys(Object.assign({}, invoke?.body)).toSorted(),
        'has an event identifier': UUID.test(invoke?.headers?.['lambda-extension-event-identifier'] ?? ''),
        'content type': invoke?.headers?.['content-type'],
        'names the request that the runtime has':
          field(invoke?.body, 'requestId') === taken?.headers?.['lambda-runtime-aws-request-id'],
        'names the function that the runtime has':
          field(invoke?.body, 'invokedFunctionArn') === taken?.headers?.['lambda-runtime-invoked-function-arn'],
        'has the deadline that the runtime has':
          String(field(invoke?.body, 'deadlineMs')) === taken?.headers?.['lambda-runtime-deadline-ms'],
        'the deadline is within the timeout': left > 0 && left <= 8000,
        'an X-Ray header': [
          field(invoke?.body, 'tracing', 'type'),
          text(field(invoke?.body, 'tracing', 'value')).startsWith('Root=1-'),
        ],
        'one process through both': [startsOf(run, 'extension'), startsOf(run, 'runtime')],
      }
    },
    expect: () => ({
      given: ['INVOKE', 'INVOKE'],
      fields: ['deadlineMs', 'eventType', 'invokedFunctionArn', 'requestId', 'tracing'],
      'has an event identifier': true,
      'content type': 'application/json',
      'names the request that the runtime has': true,
      'names the function that the runtime has': true,
      'has the deadline that the runtime has': true,
      'the deadline is within the timeout': true,
      'an X-Ray header': ['X-Amzn-Trace-Id', true],
      'one process through both': [1, 1],
    }),
  },
  {
    name: 'SHUTDOWN',
    setup: traits => ({ scripts: [[register(traits), LOOP]] }),
    async play(run) {
      await run.invoke({})
      await run.end()
      const diary = run.diary()
      const shutdown = diary.find(({ kind, body }) => kind === 'event' && field(body, 'eventType') === 'SHUTDOWN')
      const left = Number(field(shutdown?.body, 'deadlineMs')) - (shutdown?.at ?? 0)
      const order = diary.map(({ who, kind }) => `${who} ${kind}`)
      return {
        reason: given(run).at(-1),
        fields: Object.keys(Object.assign({}, shutdown?.body)).toSorted(),
        'less than two seconds are left': left > 500 && left <= 2000,
        'the runtime is told first':
          order.indexOf('runtime sigterm') >= 0 && order.indexOf('runtime sigterm') < order.lastIndexOf('extension event'),
        'the extension has its time': order.at(-1),
      }
    },
    expect: () => ({
      reason: 'SHUTDOWN spindown',
      fields: ['deadlineMs', 'eventType', 'shutdownReason'],
      'less than two seconds are left': true,
      'the runtime is told first': true,
      'the extension has its time': 'extension bye',
    }),
  },
  {
    name: 'an extension without SHUTDOWN is killed',
    unless: ({ managed }) => (managed ? 'there is nothing but SHUTDOWN to register for' : undefined),
    setup: () => ({
      scripts: [
        [
          {
            as: 'register',
            call: {
              method: 'POST',
              path: '/2020-01-01/extension/register',
              headers: { 'Lambda-Extension-Name': '$name' },
              body: { events: ['INVOKE'] },
            },
          },
          LOOP,
        ],
      ],
    }),
    async play(run) {
      await run.invoke({})
      await run.end()
      return { given: given(run), register: exchanges(run)['register'] }
    },
    expect: () => ({ given: ['INVOKE'], register: '200' }),
  },
  {
    name: 'an extension that takes too long at SHUTDOWN is killed',
    setup: traits => ({ scripts: [[register(traits), { loop: { onShutdown: [{ sleep: 20_000 }] } }]] }),
    async play(run) {
      await run.invoke({})
      const began = Date.now()
      await run.end()
      const took = Date.now() - began
      return { 'said goodbye': run.diary().some(({ kind }) => kind === 'bye'), 'within its time': took < 8000 }
    },
    expect: () => ({ 'said goodbye': false, 'within its time': true }),
  },
  {
    name: 'a runtime that asks again before it has answered',
    unless: ({ managed }) => (managed ? 'there it asks for another invocation' : undefined),
    setup: traits => ({ scripts: [[register(traits), LOOP]] }),
    async play(run) {
      const request = { method: 'GET', path: '/2018-06-01/runtime/invocation/next' }
      const answer = await run.invoke({ do: 'call', as: 'again', request })
      await run.end()
      const diary = run.diary()
      const id = (entry: Entry | undefined) => entry?.headers?.['lambda-runtime-aws-request-id']
      const first = id(diary.find(({ kind }) => kind === 'invocation'))
      return { answer, 'gets the same one': first !== undefined && id(diary.find(({ as }) => as === 'again')) === first }
    },
    expect: () => ({ answer: { done: 'call' }, 'gets the same one': true }),
  },
  {
    name: 'several invocations at a time',
    unless: ({ managed }) => (managed ? undefined : 'one environment has one invocation at a time'),
    setup: traits => ({ scripts: [[register(traits), LOOP]] }),
    async play(run) {
      const answers = await Promise.all([run.invoke({ do: 'sleep', ms: 300, n: 1 }), run.invoke({ do: 'sleep', ms: 300, n: 2 })])
      await run.end()
      const kinds = run.diary().map(({ kind }) => kind)
      const first = kinds.slice(0, kinds.indexOf('answered'))
      return {
        answers,
        'under way before one was answered': first.filter(kind => kind === 'invocation').length,
        given: given(run),
      }
    },
    expect: () => ({
      answers: [
        { done: 'sleep', n: 1 },
        { done: 'sleep', n: 2 },
      ],
      'under way before one was answered': 2,
      given: ['SHUTDOWN spindown'],
    }),
  },
]
