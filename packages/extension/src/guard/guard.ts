import module from 'node:module'
import { threadId } from 'node:worker_threads'
import { watchCode } from './code.ts'
import { watchFiles } from './files.ts'
import { guardFolder, openLines } from './lines.ts'
import { watchNetwork } from './network.ts'
import { watchProcesses } from './processes.ts'
import { createSight, type Sight } from './sight.ts'

/**
 * The guard: loaded into the function's own process by `NODE_OPTIONS="--import /opt/weir/guard.mjs"`, before the function's code. Tells what that
 * code does which only the inside can see: programs it starts, places it connects to, credentials it reads, code it makes, and which package
 * it was. A tripwire, not a sandbox: code in the same process can get around it. It changes nothing, prints nothing, keeps nothing alive, and
 * whatever fails here is left out. `WEIR_GUARD=0` switches it off.
 */
function start(env: Readonly<Record<string, string | undefined>>): void {
  // Lambda sets this for the runtime, and not for extensions, which see the same NODE_OPTIONS.
  if (env['_HANDLER'] === undefined || env['WEIR_GUARD'] === '0') return
  const lines = openLines(guardFolder(env), `${process.pid}-${threadId}`)
  const sight = createSight(lines, Date.now)
  const watches: readonly (readonly [what: string, watch: (sight: Sight) => void])[] = [
    ['process', watchProcesses],
    ['network', sight => watchNetwork(sight, env)],
    ['files', watchFiles],
    ['code', sight => watchCode(sight, env['LAMBDA_TASK_ROOT'])],
  ]
  const watched = watches.flatMap(([what, watch]) => (attempt(() => watch(sight)) ? [what] : []))
  // What is imported by name from a built-in module is bound before: bring it up to date.
  attempt(() => module.syncBuiltinESMExports())
  lines.write({ t: Date.now(), kind: 'start', node: process.version, watched })
}

function attempt(task: () => void): boolean {
  try {
    task()
    return true
  } catch {
    return false
  }
}

attempt(() => start(process.env))
