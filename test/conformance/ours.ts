import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLambda } from '@weir/emulator'
import type { Entry, Platform, Traits } from './platform.ts'
import { furnish, readDiary } from './probe.ts'

/** Weir's own emulator. */
export const ours = (name: string, traits: Traits): Platform => ({
  name,
  traits,
  async open(setup) {
    const folder = mkdtempSync(join(tmpdir(), 'weir-conformance-'))
    const { extensions, bootstrap, env } = furnish(folder, setup)
    const lambda = startLambda({ tempFolder: folder })
    const f = lambda.createFunction({
      name: 'probed',
      taskRoot: folder,
      runtime: { command: bootstrap, args: [] },
      extensions: extensions.map(path => ({ path })),
      env,
      timeoutSeconds: setup.timeoutSeconds ?? 10,
      ...(setup.initTimeoutMs !== undefined && { initTimeoutMs: setup.initTimeoutMs }),
      maxConcurrency: 1,
      telemetry: traits.telemetry ? 'full' : 'unsupported',
      ...(traits.managed && { initializationType: 'lambda-managed-instances', perExecutionEnvironmentMaxConcurrency: 2 }),
    })
    let ended: readonly Entry[] | undefined
    return {
      invoke: async event => (await f.invoke(event)).payload,
      async end() {
        if (ended) return
        await lambda.close()
        ended = readDiary(folder)
        rmSync(folder, { recursive: true, force: true })
      },
      diary: () => ended ?? readDiary(folder),
      reason: word => word,
    }
  },
})
