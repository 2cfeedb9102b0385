import type { Step, Traits } from '../platform.ts'
import type { Scenario } from '../scenario.ts'
import { call, errorType, exchanges, EXTENSION, given, ID, LOOP, register, startsOf } from './steps.ts'

const report = (as: string, path: string): Step =>
  call(as, 'POST', `${EXTENSION}/${path}`, {
    headers: { ...ID, 'Lambda-Extension-Function-Error-Type': 'Extension.ProbeRefused' },
    body: { errorMessage: 'm', errorType: 'Extension.ProbeRefused', stackTrace: [] },
  })
const onlyManaged = ({ managed }: Traits) => (managed ? undefined : 'see the same on demand')
const onDemand = ({ managed }: Traits) => (managed ? 'a managed instance does not come back: it is replaced' : undefined)

/** The error that is told to an invoker, and whether the one after it is served. */
const both = (first: unknown, second: unknown) => ({ 'fails with': errorType(first), 'the next one': second })

export const failures: readonly Scenario[] = [
  {
    name: 'the runtime ends in Init',
    unless: onDemand,
    setup: traits => ({ scripts: [[register(traits), LOOP]], runtimes: ['exit:1', 'exit:1', ''] }),
    async play(run) {
      const answers = both(await run.invoke({}), await run.invoke({ n: 2 }))
      await run.end()
      return { ...answers, starts: [startsOf(run, 'extension'), startsOf(run, 'runtime')], given: given(run) }
    },
    // Init fails, is run again within the invocation and fails again; then the third begins well.
    expect: () => ({
      'fails with': 'Runtime.ExitError',
      'the next one': { done: 'nothing', n: 2 },
      starts: [3, 3],
      given: ['SHUTDOWN failure', 'SHUTDOWN failure', 'INVOKE', 'SHUTDOWN spindown'],
    }),
  },
  {
    name: 'the runtime reports an init error',
    unless: onDemand,
    setup: traits => ({ scripts: [[register(traits), LOOP]], runtimes: ['error', 'error', ''] }),
    async play(run) {
      const answers = both(await run.invoke({}), await run.invoke({ n: 2 }))
      await run.end()
      return answers
    },
    expect: () => ({ 'fails with': 'Runtime.ProbeRefused', 'the next one': { done: 'nothing', n: 2 } }),
  },
  {
    name: 'the runtime ends in Init once',
    unless: onDemand,
    setup: traits => ({ scripts: [[register(traits), LOOP]], runtimes: ['exit:1', ''] }),
    async play(run) {
      const answer = await run.invoke({ n: 1 })
      await run.end()
      return { answer, starts: [startsOf(run, 'extension'), startsOf(run, 'runtime')] }
    },
    expect: () => ({ answer: { done: 'nothing', n: 1 }, starts: [2, 2] }),
  },
  {
    name: 'the runtime ends in Init of a managed instance',
    unless: onlyManaged,
    setup: traits => ({ scripts: [[register(traits), LOOP]], runtimes: ['exit:1'] }),
    async play(run) {
      const answer = await run.invoke({})
      await run.end()
      return { 'fails with': errorType(answer), given: given(run), 'the runtime was started again': startsOf(run, 'runtime') > 1 }
    },
    expect: () => ({ 'fails with': 'Runtime.ExitError', given: ['SHUTDOWN failure'], 'the runtime was started again': false }),
  },
  ...(['exit:0', 'exit:3'] as const).map(
    (how): Scenario => ({
      name: `an extension ends in Init (${how})`,
      unless: onDemand,
      setup: traits => ({
        scripts: [
          [register(traits), { exit: Number(how.slice(5)) }],
          [register(traits), { exit: 1 }],
          [register(traits), LOOP],
        ],
      }),
      async play(run) {
        const answers = both(await run.invoke({}), await run.invoke({ n: 2 }))
        await run.end()
        return answers
      },
      expect: () => ({ 'fails with': 'Extension.Crash', 'the next one': { done: 'nothing', n: 2 } }),
    }),
  ),
  {
    name: 'an extension reports an init error and ends',
    unless: onDemand,
    setup: traits => {
      const refusing = [register(traits), report('init error', 'init/error'), report('again', 'init/error'), { exit: 1 }]
      return { scripts: [refusing, refusing, [register(traits), LOOP]] }
    },
    async play(run) {
      const answers = both(await run.invoke({}), await run.invoke({ n: 2 }))
      await run.end()
      const { 'init error': first, again } = exchanges(run)
      return { ...answers, 'is answered': first, 'and again': again }
    },
    expect: () => ({
      'is answered': '202',
      'and again': '202',
      'fails with': 'Extension.InitError',
      'the next one': { done: 'nothing', n: 2 },
    }),
  },
  {
    name: 'an extension reports an init error and stays',
    unless: onDemand,
    setup: traits => ({
      timeoutSeconds: 2,
      initTimeoutMs: 1000,
      scripts: [[register(traits), report('init error', 'init/error')]],
    }),
    async play(run) {
      const answer = await run.invoke({})
      await run.end()
      return { 'nothing happens but the timeout': /timed ?out/i.test(JSON.stringify(answer)) }
    },
    expect: () => ({ 'nothing happens but the timeout': true }),
  },
  {
    name: 'an extension reports an exit error in an invocation and ends',
    unless: onDemand,
    setup: traits => ({
      scripts: [
        [register(traits), { loop: { onInvoke: [report('exit error', 'exit/error'), { exit: 1 }] } }],
        [register(traits), LOOP],
      ],
    }),
    async play(run) {
      const answers = both(await run.invoke({ do: 'sleep', ms: 1500 }), await run.invoke({ n: 2 }))
      await run.end()
      return { ...answers, 'is answered': exchanges(run)['exit error'] }
    },
    expect: () => ({ 'is answered': '202', 'fails with': 'Extension.ExitError', 'the next one': { done: 'nothing', n: 2 } }),
  },
  ...[0, 3].map(
    (code): Scenario => ({
      name: `an extension ends in an invocation (exit:${code})`,
      unless: onDemand,
      setup: traits => ({
        scripts: [
          [register(traits), { loop: { onInvoke: [{ exit: code }] } }],
          [register(traits), LOOP],
        ],
      }),
      async play(run) {
        const answers = both(await run.invoke({ do: 'sleep', ms: 1500 }), await run.invoke({ n: 2 }))
        await run.end()
        return { ...answers, starts: [startsOf(run, 'extension'), startsOf(run, 'runtime')], given: given(run) }
      },
      expect: () => ({
        'fails with': 'Extension.Crash',
        'the next one': { done: 'nothing', n: 2 },
        starts: [2, 2],
        given: ['INVOKE', 'INVOKE', 'SHUTDOWN spindown'],
      }),
    }),
  ),
  {
    name: 'an extension of a managed instance ends',
    unless: onlyManaged,
    setup: traits => ({
      scripts: [
        [
          register(traits),
          { as: 'next', call: { method: 'GET', path: `${EXTENSION}/event/next`, headers: ID }, detach: true },
          { awaits: 'invocation' },
          { exit: 3 },
        ],
      ],
    }),
    async play(run) {
      const answer = await run.invoke({ do: 'sleep', ms: 5000 })
      await run.end()
      return { 'fails with': errorType(answer), 'the runtime is told': run.diary().some(({ kind }) => kind === 'sigterm') }
    },
    expect: () => ({ 'fails with': 'Extension.Crash', 'the runtime is told': true }),
  },
  {
    name: 'an invocation runs out of time',
    setup: traits => ({ timeoutSeconds: 3, scripts: [[register(traits), LOOP]] }),
    async play(run) {
      const first = await run.invoke({ do: 'hang' })
      const second = await run.invoke({ n: 2 })
      await run.end()
      return {
        'the invoker is told': errorType(first),
        'the next one': second,
        starts: [startsOf(run, 'extension'), startsOf(run, 'runtime')],
        given: given(run),
      }
    },
    expect: ({ managed }) => ({
      'the invoker is told': 'Sandbox.Timedout',
      'the next one': { done: 'nothing', n: 2 },
      starts: managed ? [1, 1] : [2, 2],
      given: managed ? ['SHUTDOWN spindown'] : ['INVOKE', 'SHUTDOWN timeout', 'INVOKE', 'SHUTDOWN spindown'],
    }),
  },
  {
    name: 'an extension holds an invocation beyond its time',
    unless: onDemand,
    setup: traits => ({
      timeoutSeconds: 3,
      scripts: [
        [register(traits), { loop: { onInvoke: [{ sleep: 3800 }] } }],
        [register(traits), LOOP],
      ],
    }),
    async play(run) {
      await run.invoke({ n: 1 })
      const second = await run.invoke({ n: 2 })
      await run.end()
      return { 'the next one': second, given: given(run), starts: startsOf(run, 'extension') }
    },
    expect: () => ({
      'the next one': { done: 'nothing', n: 2 },
      given: ['INVOKE', 'SHUTDOWN timeout', 'INVOKE', 'SHUTDOWN spindown'],
      starts: 2,
    }),
  },
  ...[0, 3].map(
    (code): Scenario => ({
      name: `the runtime ends in an invocation (exit:${code})`,
      unless: onDemand,
      setup: traits => ({ scripts: [[register(traits), LOOP]] }),
      async play(run) {
        const answers = both(await run.invoke({ do: 'exit', code }), await run.invoke({ n: 2 }))
        await run.end()
        return { ...answers, starts: [startsOf(run, 'extension'), startsOf(run, 'runtime')], given: given(run) }
      },
      expect: () => ({
        'fails with': 'Runtime.ExitError',
        'the next one': { done: 'nothing', n: 2 },
        starts: [2, 2],
        given: ['INVOKE', 'SHUTDOWN failure', 'INVOKE', 'SHUTDOWN spindown'],
      }),
    }),
  ),
  {
    name: 'the runtime of a managed instance ends',
    unless: onlyManaged,
    setup: traits => ({ scripts: [[register(traits), LOOP]] }),
    async play(run) {
      const answers = await Promise.all([run.invoke({ do: 'sleep', ms: 5000 }), run.invoke({ do: 'exit', code: 3, after: 500 })])
      await run.end()
      return { 'fail with': answers.map(errorType), given: given(run).slice(0, 1) }
    },
    expect: () => ({ 'fail with': ['Runtime.ExitError', 'Runtime.ExitError'], given: ['SHUTDOWN failure'] }),
  },
  {
    name: 'the function reports an error',
    setup: traits => ({ scripts: [[register(traits), LOOP]] }),
    async play(run) {
      const answers = both(await run.invoke({ do: 'throw' }), await run.invoke({ n: 2 }))
      await run.end()
      return { ...answers, starts: [startsOf(run, 'extension'), startsOf(run, 'runtime')] }
    },
    expect: () => ({ 'fails with': 'Function.Thrown', 'the next one': { done: 'nothing', n: 2 }, starts: [1, 1] }),
  },
]
