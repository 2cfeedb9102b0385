import { setTimeout as sleep } from 'node:timers/promises'
import type { CallFault } from '@weir/emulator'
import type { Ground } from './ground.ts'

/** The same seed kills at the same points, as far as the machine lets it. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A stream that is slow, throttles, hangs up before and after it has taken what came: a kill shall meet each state of a flush. */
export function unsteady(dice: () => number): (operation: string) => CallFault | undefined {
  return operation => {
    if (operation !== 'PutRecords') return undefined
    const throw_ = dice()
    if (throw_ < 0.1) return { kind: 'error', type: 'ProvisionedThroughputExceededException' }
    if (throw_ < 0.15) return { kind: 'reset' }
    if (throw_ < 0.2) return { kind: 'reset', after: true }
    if (throw_ < 0.8) return { kind: 'delay', ms: dice() * 60 }
    return undefined
  }
}

const MAX_MISSED = 40
const MAX_LINES = 60
const MAX_HANDLER_MS = 80

/** Invokes and kills, again and again; every tenth invocation is left to end. Answers how many kills there were. */
export async function killAtRandom(
  ground: Ground,
  runs: number,
  dice: () => number,
  progress: (done: number) => void,
): Promise<number> {
  let kills = 0
  let missed = 0
  for (let run = 1; kills < runs; run++) {
    if (missed >= MAX_MISSED)
      throw new Error(`${missed} invocations in a row without anything to kill: the extension does not come up`)
    const order = { name: `run${run}`, lines: 1 + Math.floor(dice() * MAX_LINES), ms: dice() * MAX_HANDLER_MS }
    const answered = ground.invoke(order)
    const spared = dice() < 0.1
    await sleep(dice() * ground.lifeMs)
    missed++
    if (!spared && ground.kill()) {
      missed = 0
      kills++
    }
    progress(kills)
    await answered
  }
  return kills
}
