import type { Credentials } from '../kinesis/sigv4.ts'
import type { Clock } from '../clock.ts'
import type { TelemetryEvent } from './events.ts'

/** An external extension: its file is run as it is (a script needs a `#!` line), and the file's basename is its name. */
export interface ExtensionOptions {
  path: string
  /** Only for what a laptop needs besides (paths, hosts); Lambda has no variables per extension. */
  env?: Readonly<Record<string, string>>
}

/** How environments come about, as `AWS_LAMBDA_INITIALIZATION_TYPE` names it. */
export type InitializationType = 'on-demand' | 'provisioned-concurrency' | 'snap-start' | 'lambda-managed-instances'

export interface FunctionOptions {
  name: string
  /** Folder of the function's code, its working directory. */
  taskRoot: string
  /** Default `index.handler`. */
  handler?: string
  /** `nodejs` runs aws-lambda-ric; a command runs as a custom runtime. Default `nodejs`. */
  runtime?: 'nodejs' | { command: string; args: readonly string[] }
  /** MB, default 128. */
  memorySize?: number
  /** Default 3, as in Lambda. */
  timeoutSeconds?: number
  env?: Readonly<Record<string, string>>
  extensions?: readonly ExtensionOptions[]
  /**
   * Default `on-demand`. `provisioned-concurrency`: as on-demand, with Init long before (`FunctionHandle.provision`). `snap-start`: stopped after
   * Init, and restored by the first invocation. `lambda-managed-instances`: several invocations at once in an environment that is never frozen.
   */
  initializationType?: InitializationType
  /** Managed instances only: invocations at once in one environment (`AWS_LAMBDA_MAX_CONCURRENCY`). Default 1. */
  perExecutionEnvironmentMaxConcurrency?: number
  /** Sandboxes at most. Default 10. */
  maxConcurrency?: number
  /** When all of them are busy: wait (default), or refuse as Lambda does with TooManyRequestsException. */
  whenBusy?: 'queue' | 'throttle'
  /** `unsupported` answers 202 to a subscription and delivers nothing. Default `full`. */
  telemetry?: 'full' | 'unsupported'
  /** SIGSTOP between invocations. Telemetry waits between them either way. Default true. */
  freeze?: boolean
  logFormat?: 'Text' | 'JSON'
  /** `enforce` kills the runtime when the sandbox uses more than memorySize. Default `ignore`: Node alone nearly fills 128 MB. */
  memoryLimit?: 'enforce' | 'ignore'
  /** Reported instead of what is measured. */
  maxMemoryUsedMb?: number
  /** Lambda ends Init after 10 s; where it is not on demand after 130 s, or the function's timeout if that is longer. */
  initTimeoutMs?: number
  /** Time from SHUTDOWN to SIGKILL. Lambda gives 2,000 ms. */
  shutdownMs?: number
  /** When `platform.report` of a failed invocation is emitted: before its extensions go down, or (default) after, when they cannot see it. */
  resetReport?: 'before-shutdown' | 'after-shutdown'
}

/** What the emulator tells its host: every telemetry event of every sandbox, and its own doings (`emulator.*`), which no extension sees. */
export interface LambdaEvent extends TelemetryEvent {
  functionName: string
  /** The sandbox's log stream. */
  sandbox: string
}

export interface LambdaOptions {
  /** An existing folder; each sandbox gets a folder of its own in it (TMPDIR), removed with the sandbox. */
  tempFolder: string
  region?: string
  account?: string
  /** Given to functions and extensions. Default `test`/`test`/`test`. */
  credentials?: Credentials
  /** Default: the Node that runs this. */
  nodePath?: string
  /** Names that a telemetry destination may have. Lambda knows the first two; a laptop has only the others. */
  telemetryHosts?: readonly string[]
  clock?: Clock
  onEvent?: (event: LambdaEvent) => void
}

/** Everything a sandbox needs to know, with no default left open. */
export interface SandboxSpec extends Required<Omit<FunctionOptions, 'maxMemoryUsedMb'>> {
  maxMemoryUsedMb: number | undefined
  version: string
  functionArn: string
  region: string
  account: string
  credentials: Credentials
  nodePath: string
  tempFolder: string
  telemetryHosts: readonly string[]
}

const TELEMETRY_HOSTS = ['sandbox.localdomain', 'sandbox', 'localhost', '127.0.0.1']

export function resolveOptions(lambda: LambdaOptions, options: FunctionOptions): SandboxSpec {
  const { region = 'us-east-1', account = '123456789012' } = lambda
  const { initializationType = 'on-demand', timeoutSeconds = 3 } = options
  return {
    handler: 'index.handler',
    runtime: 'nodejs',
    memorySize: 128,
    timeoutSeconds,
    initializationType,
    perExecutionEnvironmentMaxConcurrency: 1,
    env: {},
    extensions: [],
    maxConcurrency: 10,
    whenBusy: 'queue',
    telemetry: 'full',
    freeze: true,
    logFormat: 'Text',
    memoryLimit: 'ignore',
    maxMemoryUsedMb: undefined,
    initTimeoutMs: initializationType === 'on-demand' ? 10_000 : Math.max(130_000, timeoutSeconds * 1000),
    shutdownMs: 2000,
    resetReport: 'after-shutdown',
    ...options,
    version: '$LATEST',
    functionArn: `arn:aws:lambda:${region}:${account}:function:${options.name}`,
    region,
    account,
    credentials: lambda.credentials ?? { accessKeyId: 'test', secretAccessKey: 'test', sessionToken: 'test' },
    nodePath: lambda.nodePath ?? process.execPath,
    tempFolder: lambda.tempFolder,
    telemetryHosts: lambda.telemetryHosts ?? TELEMETRY_HOSTS,
  }
}
