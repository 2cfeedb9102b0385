import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { InitializationType, SandboxSpec } from './options.ts'

/** How to start a runtime process, and how the platform names it. */
export interface RuntimeCommand {
  command: string
  args: readonly string[]
  runtimeDir: string
  executionEnv: string
  /** As in `platform.initStart` (`nodejs:24.v21`). */
  runtimeVersion: string
  /** Variables that it needs besides those of Lambda and the function. */
  needs: Readonly<Record<string, string>>
}

const RIC = createRequire(import.meta.url).resolve('aws-lambda-ric/index.mjs')
const TRANSPORT = fileURLToPath(new URL('ric-transport.cjs', import.meta.url))

/** Lambda does not run Node under SnapStart, and its client wants these; on a managed instance it would start eight threads a processor. */
const NODE_NEEDS: Partial<Record<InitializationType, Readonly<Record<string, string>>>> = {
  'snap-start': { AWS_LAMBDA_LOG_GROUP_NAME: 'none', AWS_LAMBDA_LOG_STREAM_NAME: 'none' },
  'lambda-managed-instances': { AWS_LAMBDA_NODEJS_WORKER_COUNT: '1' },
}

/**
 * The runtime of a function. `nodejs` is AWS's own runtime client, aws-lambda-ric, on the given Node; its native transport is replaced by
 * one in JavaScript, because the addon would have to be compiled on every machine.
 */
export function runtimeCommand({ runtime, nodePath, taskRoot, initializationType }: SandboxSpec): RuntimeCommand {
  if (runtime !== 'nodejs')
    return {
      ...runtime,
      runtimeDir: taskRoot,
      executionEnv: 'AWS_Lambda_provided.al2023',
      runtimeVersion: 'provided:al2023.v1',
      needs: {},
    }
  const [major, minor] = process.versions.node.split('.')
  return {
    command: nodePath,
    args: ['--require', TRANSPORT, RIC],
    runtimeDir: dirname(RIC),
    executionEnv: `AWS_Lambda_nodejs${major}.x`,
    runtimeVersion: `nodejs:${major}.v${minor}`,
    needs: NODE_NEEDS[initializationType] ?? {},
  }
}
