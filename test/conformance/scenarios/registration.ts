import { field, type Step } from '../platform.ts'
import type { Scenario } from '../scenario.ts'
import { call, events, exchange, exchanges, EXTENSION, given, ID, LOOP, next, register, startsOf } from './steps.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const asName = (as: string, name: string | undefined, body: unknown): Step =>
  call(as, 'POST', `${EXTENSION}/register`, { headers: name === undefined ? {} : { 'Lambda-Extension-Name': name }, body })
const error = (as: string, path: string, headers: Readonly<Record<string, string>>): Step =>
  call(as, 'POST', `${EXTENSION}/${path}`, { headers, body: { errorMessage: 'm', errorType: 't', stackTrace: [] } })

export const registration: readonly Scenario[] = [
  {
    name: 'an extension registers',
    setup: traits => ({ scripts: [[register(traits), LOOP]] }),
    async play(run) {
      const answer = await run.invoke({ n: 1 })
      await run.end()
      const registered = exchange(run, 'register')
      const order = run.diary().map(({ who, kind }) => `${who} ${kind}`)
      return {
        answer,
        status: registered?.status,
        'has an identifier': UUID.test(registered?.headers?.['lambda-extension-identifier'] ?? ''),
        'content type': registered?.headers?.['content-type'],
        'tells the function': ['functionName', 'functionVersion', 'handler'].filter(
          name => typeof field(registered?.body, name) === 'string',
        ),
        'tells the account when asked': typeof field(registered?.body, 'accountId') === 'string',
        'before the runtime starts': order.indexOf('extension exchange') < order.indexOf('runtime started'),
      }
    },
    expect: () => ({
      answer: { done: 'nothing', n: 1 },
      status: 200,
      'has an identifier': true,
      'content type': 'application/json',
      'tells the function': ['functionName', 'functionVersion', 'handler'],
      'tells the account when asked': true,
      'before the runtime starts': true,
    }),
  },
  {
    name: 'registrations that are refused',
    setup: traits => ({
      scripts: [
        [
          asName('without a name', undefined, { events: [] }),
          asName('no JSON', '$name', '{'),
          asName('no object', '$name', []),
          asName('events that are no list', '$name', { events: 'SHUTDOWN' }),
          asName('configuration keys', '$name', { events: [], configurationKeys: ['A'] }),
          asName('an unknown event', '$name', { events: ['BOOT'] }),
          asName('another name with SHUTDOWN', 'stranger', { events: ['SHUTDOWN'] }),
          ...(traits.managed ? [asName('INVOKE', '$name', { events: ['INVOKE', 'SHUTDOWN'] })] : []),
          register(traits),
          asName('twice', '$name', { events: events(traits) }),
          LOOP,
        ],
      ],
    }),
    async play(run) {
      await run.invoke({})
      await run.end()
      return exchanges(run)
    },
    expect: ({ managed }) => ({
      'without a name': '403 Extension.InvalidExtensionName',
      'no JSON': '403 InvalidRequestFormat',
      'no object': '403 InvalidRequestFormat',
      'events that are no list': '403 InvalidRequestFormat',
      'configuration keys': '403 InvalidRequestFormat',
      'an unknown event': '403 Extension.InvalidEventType',
      'another name with SHUTDOWN': '403 Extension.InvalidEventType',
      ...(managed && { INVOKE: '403 Extension.InvalidEventType' }),
      register: '200',
      twice: '403 Extension.InvalidExtensionState',
    }),
  },
  {
    name: 'registration is closed after Init',
    setup: traits => ({ scripts: [[register(traits), LOOP]] }),
    async play(run) {
      const request = {
        method: 'POST',
        path: `${EXTENSION}/register`,
        headers: { 'Lambda-Extension-Name': 'late' },
        body: { events: [] },
      }
      await run.invoke({ do: 'call', as: 'late', request })
      await run.end()
      return { late: exchanges(run)['late'] }
    },
    expect: () => ({ late: '403 Extension.RegistrationClosed' }),
  },
  {
    name: 'identifiers and the state of an extension',
    setup: traits => ({
      runtimes: ['slow'],
      scripts: [
        [
          next('next without an identifier', {}),
          next('next with a word', { 'Lambda-Extension-Identifier': 'word' }),
          next('next before registering', { 'Lambda-Extension-Identifier': '00000000-0000-4000-8000-000000000000' }),
          register(traits),
          error('init error without a type', 'init/error', ID),
          error('exit error without a type', 'exit/error', ID),
          call('an unknown path', 'GET', `${EXTENSION}/event/last`, { headers: ID }),
          { as: 'first next', call: { method: 'GET', path: `${EXTENSION}/event/next`, headers: ID }, detach: true },
          { sleep: 100 },
          next('a second next meanwhile'),
          error('init error after next', 'init/error', { ...ID, 'Lambda-Extension-Function-Error-Type': 'Extension.Probe' }),
          ...(traits.managed ? [] : [{ sleep: 1500 }, LOOP]),
        ],
      ],
    }),
    async play(run) {
      await run.invoke({})
      await run.end()
      const found = exchanges(run)
      return { ...found, 'an unknown path': found['an unknown path']?.slice(0, 3) }
    },
    expect: () => ({
      'next without an identifier': '403 Extension.MissingExtensionIdentifier',
      'next with a word': '403 Extension.InvalidExtensionIdentifier',
      'next before registering': '403 Extension.UnknownExtensionIdentifier',
      register: '200',
      'init error without a type': '403 Extension.MissingHeader',
      'exit error without a type': '403 Extension.MissingHeader',
      'an unknown path': '404',
      'first next': '200',
      'a second next meanwhile': '403 Extension.InvalidExtensionState',
      'init error after next': '403 Extension.InvalidExtensionState',
    }),
  },
  {
    name: 'an eleventh extension',
    setup: traits => ({ extensions: 11, timeoutSeconds: 5, scripts: [[register(traits), LOOP]] }),
    async play(run) {
      const answer = await run.invoke({})
      await run.end()
      return { 'fails Init': field(answer, 'errorType'), 'the runtime was started': startsOf(run, 'runtime') > 0 }
    },
    expect: ({ managed }) => ({
      'fails Init': managed ? 'TooManyExtensions' : 'Extension.LaunchError',
      'the runtime was started': false,
    }),
  },
  {
    name: 'the environment of an extension',
    setup: traits => ({ scripts: [[register(traits), LOOP]] }),
    async play(run) {
      await run.invoke({})
      await run.end()
      const env = field(
        run.diary().find(({ who, kind }) => who === 'extension' && kind === 'started'),
        'env',
      )
      const has = (names: readonly string[]) => names.filter(name => field(env, name) !== undefined)
      return {
        has: has([
          'AWS_LAMBDA_RUNTIME_API',
          'AWS_LAMBDA_FUNCTION_NAME',
          'AWS_LAMBDA_FUNCTION_VERSION',
          'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
          'AWS_REGION',
          'AWS_ACCESS_KEY_ID',
          'PROBE_DIARY',
        ]),
        "has what is the runtime's own": has([
          '_HANDLER',
          'LAMBDA_TASK_ROOT',
          'LAMBDA_RUNTIME_DIR',
          'AWS_EXECUTION_ENV',
          'AWS_LAMBDA_LOG_GROUP_NAME',
          'AWS_LAMBDA_LOG_STREAM_NAME',
          'AWS_LAMBDA_MAX_CONCURRENCY',
          'AWS_XRAY_CONTEXT_MISSING',
        ]),
        'initialization type': field(env, 'AWS_LAMBDA_INITIALIZATION_TYPE'),
        events: given(run).at(-1)?.slice(0, 8),
      }
    },
    expect: ({ managed }) => ({
      has: [
        'AWS_LAMBDA_RUNTIME_API',
        'AWS_LAMBDA_FUNCTION_NAME',
        'AWS_LAMBDA_FUNCTION_VERSION',
        'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
        'AWS_REGION',
        'AWS_ACCESS_KEY_ID',
        'PROBE_DIARY',
      ],
      "has what is the runtime's own": [],
      'initialization type': managed ? 'lambda-managed-instances' : 'on-demand',
      events: 'SHUTDOWN',
    }),
  },
]
