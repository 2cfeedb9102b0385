/**
 * A fact that AWS's emulator shows otherwise, with why ours does not follow it, and where in AWS's source it stands (aws/aws-lambda-runtime-interface-emulator
 * as of January 2026).
 */
export interface Difference {
  readonly scenario: string
  readonly fact: string
  readonly theirs: unknown
  readonly why: string
  readonly source: string
}

const SERVER = 'internal/lambda/rapidcore/server.go'
const TELEMETRY = 'internal/lambda-managed-instances/aws-lambda-rie/internal/telemetry'

/**
 * Reasons of SHUTDOWN that the classic emulator names otherwise than Lambda (`spindown`, `timeout`, `failure`): it hands the names of its own resets
 * through. server.go: autoreset…; sandbox_builder.go: AddShutdownFunc.
 */
export const REASONS: Readonly<Record<string, string>> = {
  SandboxTerminated: 'spindown',
  Timeout: 'timeout',
  ReleaseFail: 'failure',
}

/** Init that fails is not tried again within the invocation, and what the invoker gets is empty. */
const NO_SECOND_INIT = {
  why: 'after a failed Init it shuts the processes down without clearing who has registered, so that the Init within the invocation cannot begin; the invoker gets the body that it kept of the first one, which is empty. Lambda documents the second Init',
  source: `${SERVER}: Invoke, trySendDefaultErrorResponse`,
} as const
const emptyAnswer = (scenario: string): Difference[] => [
  { scenario, fact: 'fails with', theirs: undefined, ...NO_SECOND_INIT },
  { scenario, fact: 'the next one', theirs: '', ...NO_SECOND_INIT },
]

/** AWS's emulator as it runs in its base images. */
export const CLASSIC: readonly Difference[] = [
  {
    scenario: 'an extension registers',
    fact: 'tells the account when asked',
    theirs: false,
    why: 'it has no account to tell, and leaves the field out when it is empty',
    source: 'internal/lambda/rie/handlers.go: InitHandler',
  },
  {
    scenario: 'the environment of an extension',
    fact: "has what is the runtime's own",
    theirs: ['LAMBDA_TASK_ROOT', 'AWS_LAMBDA_LOG_GROUP_NAME', 'AWS_LAMBDA_LOG_STREAM_NAME'],
    why: "its own environment, with defaults for the log, counts as the customer's, which extensions have",
    source: 'internal/lambda/rie/handlers.go: InitHandler',
  },
  {
    scenario: 'the environment of an extension',
    fact: 'initialization type',
    theirs: undefined,
    why: 'it does not set the variable; Lambda does',
    source: 'internal/lambda/rapidcore/env/environment.go',
  },
  { scenario: 'an eleventh extension', fact: 'fails Init', theirs: undefined, ...NO_SECOND_INIT },
  { scenario: 'the runtime ends in Init once', fact: 'answer', theirs: '', ...NO_SECOND_INIT },
  { scenario: 'the runtime ends in Init once', fact: 'starts', theirs: [1, 1], ...NO_SECOND_INIT },
  ...emptyAnswer('the runtime ends in Init'),
  { scenario: 'the runtime ends in Init', fact: 'starts', theirs: [2, 2], ...NO_SECOND_INIT },
  {
    scenario: 'the runtime ends in Init',
    fact: 'given',
    theirs: ['SHUTDOWN spindown', 'SHUTDOWN failure'],
    why: 'what clears up after a failed Init is its ordinary shutdown, with that reason; the extension there is told of a failure',
    source: 'internal/lambda/rapid/handlers.go: handleShutdown, standaloneShutdownReason',
  },
  {
    scenario: 'the runtime reports an init error',
    fact: 'the next one',
    theirs: { errorType: 'Runtime.ProbeRefused', errorMessage: 'on purpose' },
    ...NO_SECOND_INIT,
  },
  ...emptyAnswer('an extension ends in Init (exit:0)'),
  ...emptyAnswer('an extension ends in Init (exit:3)'),
  ...emptyAnswer('an extension reports an init error and ends'),
  {
    scenario: 'an invocation runs out of time',
    fact: 'the invoker is told',
    theirs: undefined,
    why: 'it answers a line of text; Lambda answers an error document of type Sandbox.Timedout',
    source: 'internal/lambda/rie/handlers.go: InvokeHandler',
  },
]

const QUOTES = {
  theirs: '400',
  why: 'the message of its schema validator has quotes in it, and it writes them into JSON as they are: the status is right, the body is no JSON',
  source: `${TELEMETRY}/subscription_api.go: Subscribe`,
} as const

/** The same program with AWS_LAMBDA_MAX_CONCURRENCY: its managed instances, with a Telemetry API. */
export const MANAGED: readonly Difference[] = [
  { scenario: 'a subscription', fact: 'no schema that there is', ...QUOTES },
  { scenario: 'a subscription', fact: 'an older schema', ...QUOTES },
  { scenario: 'a subscription', fact: 'an unknown type', ...QUOTES },
  { scenario: 'a subscription', fact: 'another protocol', ...QUOTES },
  {
    scenario: 'a port that is missing',
    fact: 'no port',
    theirs: '200',
    why: 'it looks at the host only, and then has nowhere to deliver to; Lambda documents the refusal',
    source: `${TELEMETRY}/internal/client.go: newHTTPClient`,
  },
  {
    scenario: 'a second subscription',
    fact: 'second',
    theirs: '500 InternalServerError',
    why: 'it has no answer for a subscriber that is there already; Lambda says so and goes on',
    source: 'internal/lambda-managed-instances/rapi/handler/runtimelogs.go: ServeHTTP',
  },
  {
    scenario: 'a subscriber that fails once',
    fact: 'has the line after all',
    theirs: false,
    why: 'it drops a batch that was not taken; Lambda documents that it tries again',
    source: `${TELEMETRY}/internal/subscriber.go: batchSenderLoop`,
  },
]

const DEADLOCK = {
  why: 'it tells a slow subscriber of the loss through the queue that the subscriber itself has to empty, under the lock that all events need, and waits for itself for ever',
  source: `${TELEMETRY}/internal/subscriber.go: sendCurrentBatchAsync`,
} as const

/** What AWS's emulator cannot be asked at all, and why. */
export const UNASKED: readonly Omit<Difference, 'fact' | 'theirs'>[] = [
  { scenario: 'platform.logsDropped', ...DEADLOCK },
  { scenario: 'a slow subscriber that wants log lines only', ...DEADLOCK },
]
