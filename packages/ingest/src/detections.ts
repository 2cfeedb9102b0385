import { detectors } from '@weir/detections'
import { type CorrelationRule, createCorrelator, type Level, type OpenPack } from '@weir/sigma'
import { choose, isChosen } from './chosen.ts'
import type { Config } from './config.ts'
import { correlatorOptions, type EventCorrelator } from './correlate.ts'
import type { Detections } from './detect.ts'
import type { Log } from './observe.ts'

/** What a pack runs under beside its config. */
export interface Running {
  readonly log: Log
  /** Findings below this level are not made. */
  readonly minLevel?: Level | undefined
  /** What counts for the correlations; a correlator as the config says unless given. */
  readonly correlatorOf?: (correlations: readonly CorrelationRule[]) => EventCorrelator
}

/** What a pack finds under a config, with Weir's own detectors. Throws where its correlations cannot run. */
export function detectionsOf(
  pack: OpenPack,
  { rules, detections }: Pick<Config, 'rules' | 'detections'>,
  { log, minLevel = 'informational', correlatorOf = rules => createCorrelator(rules, correlatorOptions(detections)) }: Running,
): Detections {
  const choice = { disable: rules.disable, minLevel }
  const { correlations, isHeard, notes } = choose(pack, choice)
  for (const note of notes) log.warn(note)
  const feeding = new Set(correlations.flatMap(({ inputs }) => inputs.map(({ id }) => id)))
  return {
    engine: pack.engine,
    ...(correlations.length > 0 ? { correlations: { correlator: correlatorOf(correlations), feeding } } : {}),
    isHeard,
    detectors: rules.builtin ? detectors.filter(({ meta }) => isChosen(meta, choice)) : [],
    options: detections,
    pack: pack.hash,
  }
}
