import { MAX_BUNDLE_BYTES, ORDINARY } from '@weir/extension'
import { natives, ours, type Tell } from './contenders.ts'
import { type Weight, weigh, weighBare } from './weigh.ts'

const STARTS = 7
/** In so many of them it is invoked as well. */
const INVOKED = 2
const INVOCATIONS = 300

/**
 * Limits that hold on any machine: multiples of the bare runtime and of the smallest native extension, measured in turn, and sizes. The best of
 * all starts counts, and the limits are half as much again as what was measured, twice for time: a check that fails means that something was added,
 * not that the machine was busy.
 */
const LIMITS = {
  node: { ready: 4, cpuToReady: 2.6, anonymous: 2.2 },
  runtime: { ready: 8, cpuToReady: 6, anonymous: 6 },
  cpuOfNative: 12,
  layerBytes: 250_000,
  runtimeBytes: 130_000_000,
} as const

/** `npm run bench -- extension --check`: a few starts and one run, a line per limit, and a failing exit where one is passed. */
export async function checkBudget(folder: string, tell: Tell): Promise<void> {
  const own = await ours(folder, tell)
  const [smallest] = await natives(folder, tell, ['rust', 'native'])
  const figures = new Map<string, Weight[]>()
  const note = (name: string, one: Weight) => figures.set(name, [...(figures.get(name) ?? []), one])
  for (let round = 0; round < STARTS; round++) {
    for (const each of [own.onNode, own.onRuntime, smallest])
      if (each) note(each.name, await weigh(each, round < INVOKED ? INVOCATIONS : 0))
    for (const each of own.bare) note(each.name, await weighBare(each))
  }
  const best = (name: string | undefined, key: keyof Weight): number =>
    Math.min(...(figures.get(name ?? '') ?? []).map(weight => weight[key] ?? Infinity))
  let failed = 0
  const hold = (what: string, value: number, limit: number, unit: string): void => {
    const held = value <= limit
    if (!held) failed++
    tell(
      `  ${held ? 'ok    ' : 'FAILED'}  ${what}: ${unit === '×' ? value.toFixed(2) : Math.round(value)} ${unit}, limit ${limit}`,
    )
  }
  const pairs = [
    [own.onNode, own.bare[0], LIMITS.node],
    [own.onRuntime, own.bare[1], LIMITS.runtime],
  ] as const
  for (const [ours, bare, limits] of pairs) {
    if (!ours || !bare) continue
    for (const key of ['ready', 'cpuToReady', 'anonymous'] as const)
      hold(`${ours.name}: ${key} beside ${bare.name}`, best(ours.name, key) / best(bare.name, key), limits[key], '×')
    if (smallest) {
      const cpu = best(ours.name, 'cpuPerThousand') / best(smallest.name, 'cpuPerThousand')
      hold(`${ours.name}: CPU per invocation beside ${smallest.name}`, cpu, LIMITS.cpuOfNative, '×')
    }
  }
  hold('JavaScript that is read before it is ready', own.script.first, MAX_BUNDLE_BYTES, 'bytes')
  hold('JavaScript that each sandbox reads', own.script.ordinary, ORDINARY.maxBytes, 'bytes')
  hold('the layer, unzipped', own.onNode.size?.bytes ?? NaN, LIMITS.layerBytes, 'bytes')
  if (own.onRuntime) hold('both layers, unzipped', own.onRuntime.size?.bytes ?? NaN, LIMITS.runtimeBytes, 'bytes')
  if (failed > 0) process.exitCode = 1
}
