import assert from 'node:assert/strict'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CLASSIC, type Difference, MANAGED, REASONS, UNASKED } from '../conformance/differences.ts'
import type { Platform, Traits } from '../conformance/platform.ts'
import { furnish, readDiary } from '../conformance/probe.ts'
import { hold } from '../conformance/scenario.ts'
import { scenarios } from '../conformance/scenarios/index.ts'
import type { Stand } from './counterpart.ts'
import { startRie } from './rie-sandbox.ts'

/** AWS's emulator as a platform that scenarios can be asked of. */
function theirs(stand: Stand, name: string, traits: Traits): Platform {
  let runs = 0
  return {
    name,
    traits,
    async open(setup) {
      const root = join(stand.temp, `${name}-${runs++}`)
      const opt = join(root, 'opt')
      await mkdir(opt, { recursive: true })
      const { env } = furnish(opt, setup)
      // Managed instances run what they start as a user of no rights, and /opt is read only.
      await mkdir(join(root, 'var'))
      await writeFile(join(root, 'var/diary.jsonl'), '')
      await chmod(join(root, 'var/diary.jsonl'), 0o666)
      const sandbox = await startRie(stand, root, '/opt/bootstrap', {
        ...env,
        PROBE_DIARY: '/var/diary.jsonl',
        AWS_LAMBDA_FUNCTION_TIMEOUT: String(setup.timeoutSeconds ?? 10),
        ...(traits.managed && { AWS_LAMBDA_MAX_CONCURRENCY: '2' }),
      })
      return {
        invoke: event => sandbox.invoke(event).catch(() => ({ errorType: lastWords(sandbox.process.output()) })),
        end: () => sandbox.process.stop(),
        diary: () => readDiary(join(root, 'var')),
        reason: word => REASONS[word] ?? word,
      }
    },
  }
}

/** A managed instance whose Init fails ends, with or without an answer to who waits for one. */
const lastWords = (output: string): string | undefined => /msg="INIT failed" err=(\S+)/.exec(output)?.[1]

/** At a time; each has three processes. */
const AT_ONCE = 4

/** The scenarios that our emulator passes in `npm test`, asked of AWS's; what differs is listed in test/conformance/differences.ts. */
export async function holdScenarios(stand: Stand): Promise<void> {
  const asked: readonly (readonly [Platform, readonly Difference[]])[] = [
    [theirs(stand, 'classic', { managed: false, telemetry: false }), CLASSIC],
    [theirs(stand, 'managed', { managed: true, telemetry: true }), MANAGED],
  ]
  for (const [platform, differences] of asked) {
    const possible = scenarios.filter(
      ({ name, unless }) => !unless?.(platform.traits) && !UNASKED.some(({ scenario }) => scenario === name),
    )
    const left = [...possible]
    const work = async (): Promise<void> => {
      for (let scenario = left.shift(); scenario; scenario = left.shift()) {
        const one = scenario
        await stand.step(`${platform.name}: ${one.name}`, async () =>
          assert.deepEqual(await hold(one, platform, differences), []),
        )
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    stand.note(`${platform.name}: ${possible.length} scenarios, ${differences.length} facts differ as listed`)
  }
}
