import assert from 'node:assert/strict'
import { startKinesis } from '@weir/emulator'
import { makeKeys } from '@weir/schema/open'
import type { Counterpart, Stand } from '../counterparts/counterpart.ts'
import { type Account, account } from './account.ts'
import { furnish, onOurEmulator } from './ground.ts'
import { killAtRandom, random, unsteady } from './kills.ts'
import { onRie } from './rie-ground.ts'
import { addressIn, startTap, type Tap, type Telemetry } from './tap.ts'

/** What is killed, and whether anything may be lost by it. */
export interface Trial {
  readonly platform: 'emulator' | 'rie'
  readonly what: string
  /** Of the kills that were asked for. */
  readonly share: number
  readonly journal: boolean
  readonly comesBack: boolean
}

export const TRIALS: readonly Trial[] = [
  { platform: 'emulator', what: 'the sandbox comes back', share: 1, journal: true, comesBack: true },
  { platform: 'emulator', what: 'the sandbox comes back, without a journal', share: 0.1, journal: false, comesBack: true },
  { platform: 'emulator', what: 'the sandbox does not come back', share: 0.1, journal: true, comesBack: false },
  { platform: 'rie', what: 'the sandbox comes back', share: 1, journal: true, comesBack: true },
  { platform: 'rie', what: 'the sandbox comes back, without a journal', share: 0.1, journal: false, comesBack: true },
]

export const COLUMNS = [
  'platform',
  'what is killed',
  'kills',
  'lines acknowledged',
  'of these lost',
  'processes that lost some',
  'of these never heard of',
  'events again, under the same uid',
  'processes in the ledger',
  'of these without an end',
]

const PROGRESS_MS = 30_000
/** So many kills lose something where nothing is kept. */
const ENOUGH = 20

interface Fate {
  readonly kills: number
  /** Line → the process that acknowledged it. */
  readonly acknowledged: ReadonlyMap<string, number>
  readonly found: Account
}

/** A trial as a counterpart, so that it is told, cleaned up and skipped as they are. `row` gets its line of the table. */
export const asCounterpart = (
  trial: Trial,
  runs: number,
  seed: number,
  row: (cells: readonly string[]) => void,
): Counterpart => ({
  name: trial.what,
  async run(stand) {
    const fate = await kill(stand, trial, Math.max(1, Math.round(runs * trial.share)), seed)
    await judge(stand, trial, fate, row)
  },
})

async function kill(stand: Stand, { platform, journal, comesBack }: Trial, runs: number, seed: number): Promise<Fate> {
  const keys = makeKeys()
  const dice = random(seed)
  const kinesis = await startKinesis({ streams: { telemetry: 4 }, faults: { call: unsteady(dice) }, throttle: false })
  const acknowledged = new Map<string, number>()
  const take = ({ type, record }: Telemetry, life: number) => {
    if (type === 'function' && typeof record === 'string') acknowledged.set(record.trimEnd(), life)
  }
  let tap: Tap | undefined
  try {
    const furniture = await furnish(stand.temp, async upstream => (tap = await startTap(addressIn(upstream), take)))
    const env = journal ? { WEIR_JOURNAL_KEY: keys.public } : {}
    const ground =
      platform === 'rie' ? await onRie(stand, furniture, kinesis, env) : onOurEmulator(furniture, kinesis, env, comesBack)
    const began = Date.now()
    let told = began
    const kills = await killAtRandom(ground, runs, dice, done => {
      if (Date.now() - told < PROGRESS_MS) return
      told = Date.now()
      stand.note(`${done} kills, ${((told - began) / 1000).toFixed(0)} s`)
    })
    kinesis.faults.call = undefined
    for (const name of ['last', 'very-last']) await ground.invoke({ name, lines: 3, ms: 0 })
    await ground.end()
    return { kills, acknowledged, found: await account(kinesis, keys.private) }
  } finally {
    tap?.close()
    await kinesis.close()
  }
}

async function judge(
  stand: Stand,
  { platform, what, journal, comesBack }: Trial,
  { kills, acknowledged, found }: Fate,
  row: (cells: readonly string[]) => void,
): Promise<void> {
  const { lines, lives, repeated, quarantined, ledger, wrong } = found
  const ended = new Set(ledger.sandboxes.flatMap(each => (each.ended ? each.sandbox : [])))
  const lost = [...acknowledged].filter(([line]) => !lines.has(line))
  const losers = new Set(lost.map(([, life]) => life))
  const unheard = [...losers].filter(life => !lives.has(life))
  const counts = [kills, acknowledged.size, lost.length, losers.size, unheard.length, repeated, ledger.sandboxes.length]
  row([platform, what, ...[...counts, ledger.sandboxes.length - ended.size].map(String)])

  await stand.step('lines were acknowledged, and without a journal some are lost', () => {
    assert.ok(acknowledged.size >= kills, `${acknowledged.size} lines in ${kills} kills`)
    if (!journal && kills >= ENOUGH) assert.ok(lost.length > 0)
  })
  if (journal && comesBack)
    await stand.step('every line that was acknowledged has arrived', () => assert.deepEqual(lost.slice(0, 20), []))
  await stand.step('each process that lost a line and was ever heard of stands in the ledger without an end', () => {
    const open = new Set(ledger.sandboxes.flatMap(each => (each.ended ? [] : each.sandbox)))
    assert.deepEqual(
      [...losers].filter(life => lives.has(life) && !open.has(lives.get(life) ?? '')),
      [],
    )
  })
  await stand.step('what arrived twice has one uid, nothing is in quarantine, the ledger adds up', () => {
    assert.deepEqual(
      [...lines].filter(([, names]) => names.length > 1),
      [],
    )
    assert.equal(quarantined, 0)
    assert.deepEqual(wrong, [])
  })
}
