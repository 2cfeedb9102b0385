import assert from 'node:assert/strict'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CLASSIC, type Difference, MANAGED, REASONS, UNASKED } from '../conformance/differences.ts'
import type { Platform, Traits } from '../conformance/platform.ts'
import { furnish, readDiary } from '../conformance/probe.ts'
import { hold, type Scenario } from '../conformance/scenario.ts'
import { scenarios } from '../conformance/scenarios/index.ts'
import type { Stand } from './counterpart.ts'
import { type RieSandbox, startRie, stuck, TRIES } from './rie-sandbox.ts'

/** AWS's emulator as a platform that scenarios can be asked of; `opened` is told of every sandbox. */
function theirs(stand: Stand, name: string, traits: Traits, opened: (sandbox: RieSandbox) => void): Platform {
  return {
    name,
    traits,
    async open(setup) {
      const root = join(stand.temp, `scenario-${runs++}`)
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
      opened(sandbox)
      return {
        invoke: event => sandbox.invoke(event).catch(() => ({ errorType: lastWords(sandbox.process.output()) })),
        end: () => sandbox.process.stop(),
        diary: () => readDiary(join(root, 'var')),
        reason: word => REASONS[word] ?? word,
      }
    },
  }
}

let runs = 0

/** A managed instance whose Init fails ends, with or without an answer to who waits for one. */
const lastWords = (output: string): string | undefined => /msg="INIT failed" err=(\S+)/.exec(output)?.[1]

/** At a time; each has three processes. */
const AT_ONCE = 4

const ASKED: readonly (readonly [string, Traits, readonly Difference[]])[] = [
  ['classic', { managed: false, telemetry: false }, CLASSIC],
  ['managed', { managed: true, telemetry: true }, MANAGED],
]

/** The scenarios that our emulator passes in `npm test`, asked of AWS's; what differs is listed in test/conformance/differences.ts. */
export async function holdScenarios(stand: Stand): Promise<void> {
  for (const [name, traits, differences] of ASKED) {
    const possible = scenarios.filter(each => !each.unless?.(traits) && !UNASKED.some(({ scenario }) => scenario === each.name))
    const left = [...possible]
    const ask = async (scenario: Scenario, tries = 1): Promise<void> => {
      let sandbox: RieSandbox | undefined
      const platform = theirs(stand, name, traits, opened => (sandbox = opened))
      const mismatches = await hold(scenario, platform, differences).catch((error: unknown) => [error])
      if (mismatches.length > 0 && sandbox && stuck(sandbox) && tries < TRIES) return ask(scenario, tries + 1)
      assert.deepEqual(mismatches, [])
    }
    const work = async (): Promise<void> => {
      for (let scenario = left.shift(); scenario; scenario = left.shift()) {
        const one = scenario
        await stand.step(`${name}: ${one.name}`, () => ask(one))
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    stand.note(`${name}: ${possible.length} scenarios, ${differences.length} facts differ as listed`)
  }
}
