import assert from 'node:assert/strict'
import { copyFile, link, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readBody } from '@weir/schema'
import { prepareLayer } from './bundle.ts'
import { onStage, PROCESS_CHECKS, type Stage } from './process-checks.ts'
import { type Program, runtimeProgram } from './runtime.ts'

/** Where the outcome of each check goes. `step` runs the work, tells whether it held, and does not throw. */
export interface Report {
  readonly temp: string
  step(what: string, work: () => Promise<void>): Promise<unknown>
  note(line: string): void
}

/**
 * Holds the program of the runtime layer to all that is asked of the extension on Node, and to what only it does: being `/opt/extensions/weir`
 * itself, where there is no bash. False, and nothing checked, where the program cannot be had here; `note` has been told why.
 */
export async function checkRuntime(report: Report): Promise<boolean> {
  const program = await runtimeProgram(line => report.note(line))
  if (!program) return false
  report.note(`${program.path}, ${program.bytes} bytes`)
  const root = join(report.temp, 'opt')
  const launcher = await prepareLayer(root)
  await place(program, join(root, 'weir/rt/weir'))
  const env = { WEIR_ROOT: root, WEIR_NODE: '/does/not/exist' }
  for (const { what, run } of PROCESS_CHECKS) await report.step(what, () => onStage(launcher, env, run))
  await report.step('it was Bun all the time', () => onStage(launcher, env, stage => onBun(stage)))

  const alone = join(report.temp, 'alone/extensions/weir')
  await place(program, alone)
  await report.step('needs no bash where it is the extension itself', () => onStage(alone, {}, onBun))
  return true
}

async function onBun({ platform, kinesis, start, output }: Stage): Promise<void> {
  const exit = start()
  await platform.shutdown()
  assert.equal(await exit, 0)
  assert.equal(output(), '')
  const [begun] = kinesis.batches.flatMap(({ records }) => records).filter(({ signal }) => signal === 'weir.start')
  assert.match(JSON.stringify(begun && readBody(begun)), /"runtime":"bun /)
}

/** A link where the cache is on the same disk: the program is large. */
async function place({ path }: Program, at: string): Promise<void> {
  await mkdir(dirname(at), { recursive: true })
  await link(path, at).catch(() => copyFile(path, at))
}
