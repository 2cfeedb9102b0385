import { delimiter, dirname } from 'node:path'
import type { Credentials } from '../kinesis/sigv4.ts'
import type { InitializationType } from './options.ts'

/** What a function's environment is made of. */
export interface EnvironmentSpec {
  name: string
  version: string
  handler: string
  taskRoot: string
  runtimeDir: string
  memorySize: number
  region: string
  initializationType: InitializationType
  perExecutionEnvironmentMaxConcurrency: number
  credentials: Credentials
  /** SnapStart: the environment has no credentials, but this token for the endpoint that gives them. */
  credentialsToken: string
  logStream: string
  logFormat: 'Text' | 'JSON'
  executionEnv: string
  nodePath: string
  tempFolder: string
  /** `host:port` of the sandbox's own API. */
  runtimeApi: string
  /** The function's variables, which cannot overwrite the reserved ones. */
  env: Readonly<Record<string, string>>
}

/** Reserved variables that an extension is not given, besides all that begin with `_` (AWS: "Lambda Extensions API", environment variables). */
const NOT_FOR_EXTENSIONS = new Set([
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_MAX_CONCURRENCY',
  'AWS_XRAY_CONTEXT_MISSING',
  'AWS_XRAY_DAEMON_ADDRESS',
  'LAMBDA_RUNTIME_DIR',
  'LAMBDA_TASK_ROOT',
])

/** The environment of the runtime process. PATH and TMPDIR are this machine's; the rest is as in Lambda. */
export function functionEnvironment(spec: EnvironmentSpec): Record<string, string> {
  const snapshot = spec.initializationType === 'snap-start'
  return {
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    PATH: [dirname(spec.nodePath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
    TMPDIR: spec.tempFolder,
    ...spec.env,
    AWS_LAMBDA_RUNTIME_API: spec.runtimeApi,
    AWS_LAMBDA_FUNCTION_NAME: spec.name,
    AWS_LAMBDA_FUNCTION_VERSION: spec.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(spec.memorySize),
    AWS_LAMBDA_INITIALIZATION_TYPE: spec.initializationType,
    // A snapshot becomes many sandboxes, each with a log stream of its own (AWS: "Monitoring for Lambda SnapStart").
    ...(!snapshot && {
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${spec.name}`,
      AWS_LAMBDA_LOG_STREAM_NAME: spec.logStream,
    }),
    ...(spec.initializationType === 'lambda-managed-instances' && {
      AWS_LAMBDA_MAX_CONCURRENCY: String(spec.perExecutionEnvironmentMaxConcurrency),
    }),
    ...(spec.logFormat === 'JSON' && { AWS_LAMBDA_LOG_FORMAT: 'JSON' }),
    AWS_EXECUTION_ENV: spec.executionEnv,
    AWS_REGION: spec.region,
    AWS_DEFAULT_REGION: spec.region,
    ...(snapshot ? containerCredentials(spec) : fixedCredentials(spec)),
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    AWS_XRAY_DAEMON_ADDRESS: '169.254.79.129:2000',
    LAMBDA_TASK_ROOT: spec.taskRoot,
    LAMBDA_RUNTIME_DIR: spec.runtimeDir,
    _HANDLER: spec.handler,
  }
}

const fixedCredentials = ({ credentials: { accessKeyId, secretAccessKey, sessionToken } }: EnvironmentSpec) => ({
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  ...(sessionToken !== undefined && { AWS_SESSION_TOKEN: sessionToken }),
})

const containerCredentials = ({ runtimeApi, credentialsToken }: EnvironmentSpec) => ({
  AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://${runtimeApi}/2021-04-23/credentials`,
  AWS_CONTAINER_AUTHORIZATION_TOKEN: credentialsToken,
})

/** The environment of an extension: the function's without what is the runtime's own. `extra` is for what only a laptop needs. */
export function extensionEnvironment(
  spec: EnvironmentSpec,
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const shared = Object.entries(functionEnvironment(spec)).filter(
    ([name]) => !name.startsWith('_') && !NOT_FOR_EXTENSIONS.has(name),
  )
  return { ...Object.fromEntries(shared), ...extra }
}
