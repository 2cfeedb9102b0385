import { readFileSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type KinesisServer, startLambda } from '@weir/emulator'
import { prepareLayer } from '@weir/extension'

/** What the killed function is asked for: so many lines, each with its name and number, spread over so many milliseconds. */
export interface Order {
  readonly name: string
  readonly lines: number
  readonly ms: number
}

/** One sandbox on some platform, whose processes can be killed at any time. */
export interface Ground {
  /** Start, handler, flush and freeze together take about so long: the kill falls anywhere in it. */
  readonly lifeMs: number
  /** Ends when the platform has answered, whatever it answered; true when the function's own answer came. */
  invoke(order: Order): Promise<boolean>
  /** SIGKILL to the groups of the extension and of the function, as they stand. False when there was nothing to kill. */
  kill(): boolean
  /** Lets the sandbox end in an orderly way. */
  end(): Promise<void>
}

/**
 * What every ground needs: the layer behind a wrapper that writes down what the platform said, and a function that prints. The wrapper counts the
 * extension's processes, and gives each its number as a size of memory: it stands in every batch.
 */
export interface Furniture {
  readonly folder: string
  /** To be started as the extension; it is called `weir`. */
  readonly wrapper: string
  readonly taskRoot: string
  /** Where the wrapper writes the platform's address and the number of the process. */
  readonly upstream: string
  readonly kill: () => boolean
}

const HANDLER = `import { writeFileSync } from 'node:fs'
writeFileSync(process.env.CHAOS_FOLDER + '/runtime.pid', process.pid + '\\n')
export const handler = async ({ name, lines, ms }) => {
  for (let n = 1; n <= lines; n++) {
    console.log(name + ':' + n + ' of ' + lines)
    if (n % 4 === 0) await new Promise(resolve => setTimeout(resolve, (ms * 4) / lines))
  }
  return name
}
`

export async function furnish(folder: string, tap: (upstream: string) => Promise<{ readonly api: string }>): Promise<Furniture> {
  const [launcher] = [
    await prepareLayer(join(folder, 'layer')),
    await mkdir(join(folder, 'extensions')),
    await mkdir(join(folder, 'task')),
  ]
  const wrapper = join(folder, 'extensions/weir')
  const upstream = join(folder, 'upstream')
  const { api } = await tap(upstream)
  await writeFile(
    wrapper,
    `#!/bin/bash
echo "$$" >"${folder}/extension.pid"
life=$((1 + $(cat "${folder}/life" 2>/dev/null || echo 0)))
# Whole or not at all: the kill may fall here.
echo "$life" >"${folder}/life.$$" && mv "${folder}/life.$$" "${folder}/life"
echo "$AWS_LAMBDA_RUNTIME_API $life" >"${upstream}.$$" && mv "${upstream}.$$" "${upstream}"
export AWS_LAMBDA_RUNTIME_API=${api} WEIR_ROOT="${folder}/layer" AWS_LAMBDA_FUNCTION_MEMORY_SIZE=$life
exec "${launcher}"
`,
  )
  await chmod(wrapper, 0o755)
  await writeFile(join(folder, 'task/index.mjs'), HANDLER)
  const kill = (name: string): boolean => {
    try {
      // Half a number would be somebody else's, and none at all our own group.
      const [, pid] = /^(\d+)\n$/.exec(readFileSync(join(folder, `${name}.pid`), 'utf8')) ?? []
      if (pid !== undefined) process.kill(-Number(pid), 'SIGKILL')
      return pid !== undefined
    } catch {
      return false // not started yet, or gone
    }
  }
  return {
    folder,
    wrapper,
    upstream,
    taskRoot: join(folder, 'task'),
    kill: () => [kill('extension'), kill('runtime')].includes(true),
  }
}

/** Weir's own emulator. Where the sandbox comes back, its processes begin again in the next invocation; else that has another sandbox. */
export function onOurEmulator(
  furniture: Furniture,
  kinesis: KinesisServer,
  env: Readonly<Record<string, string>>,
  comesBack: boolean,
): Ground {
  const lambda = startLambda({ tempFolder: furniture.folder })
  const killed = lambda.createFunction({
    name: 'killed',
    taskRoot: furniture.taskRoot,
    timeoutSeconds: 10,
    maxConcurrency: 1,
    env: { CHAOS_FOLDER: furniture.folder },
    extensions: [
      {
        path: furniture.wrapper,
        env: {
          WEIR_STREAM_ARN: kinesis.arn('telemetry'),
          WEIR_KINESIS_ENDPOINT: kinesis.endpoint,
          WEIR_TELEMETRY_HOST: '127.0.0.1',
          WEIR_BIND: '127.0.0.1',
          WEIR_NODE: process.execPath,
          WEIR_TMP: '$TMPDIR',
          ...env,
        },
      },
    ],
  })
  return {
    lifeMs: 250,
    async invoke(order) {
      const { functionError } = await killed.invoke(order)
      return functionError === undefined
    },
    kill() {
      if (comesBack) return furniture.kill()
      const any = killed.sandboxes.length > 0
      void killed.kill()
      return any
    },
    async end() {
      await killed.idle()
      await lambda.close()
    },
  }
}
