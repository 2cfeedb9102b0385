import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createRedactor } from '@weir/schema/redact'
import { type CorrelationRule, createCorrelator, type Level, type OpenPack, type StateStore } from '@weir/sigma'
import type { Config, Route } from './config.ts'
import { correlatorOptions } from './correlate.ts'
import { detectionsOf } from './detections.ts'
import { type ConfiguredSink, createForwarder, type Forwarder } from './forward.ts'
import { createRequester } from './http.ts'
import type { Ledger } from './ledger/ledger.ts'
import { createLog, type Log } from './observe.ts'
import { createOnFailure, type OnFailure } from './on-failure.ts'
import { followPack } from './packs/follow.ts'
import { openLogged } from './packs/open.ts'
import type { PackPlace } from './packs/places.ts'
import type { Parts } from './pipeline.ts'
import { createReplay, REPLAY_LATENESS_MS, type Replay } from './replay.ts'
import { describe } from './errors.ts'
import { openSealKeys } from './seal-keys.ts'
import { createSecretResolver, type SecretResolver } from './secrets.ts'
import type { Sink } from './sink.ts'
import { sinks } from './sinks/index.ts'
import type { Quarantine, Spool } from './spool/spool.ts'

/** Everything one process runs on. */
export interface Assembled {
  readonly config: Config
  /** What runs now. One batch keeps the parts that it began with: another pack may come before the next. */
  readonly parts: Parts
  /** Takes over a pack that was published since, if packs are followed, and keys that were changed: before a batch, not within it. Never throws. */
  look(): Promise<void>
  readonly forwarder: Forwarder
  readonly spool: Spool
  readonly quarantine: Quarantine
  readonly ledger: Ledger
  readonly onFailure: OnFailure | undefined
  readonly replay: Replay | undefined
  readonly telemetry: { flush(): Promise<void>; close(): Promise<void> }
  close(): Promise<void>
}

/** What a caller brings beside the config: the rules come from whoever knows where they lie. */
export interface Surroundings {
  readonly pack: OpenPack
  /** Where packs are published that take the place of this one; `running` is the SHA-256 of its bytes, so that it is not taken over by itself. */
  readonly follow?: { readonly place: PackPlace; readonly running?: string }
  readonly env: Readonly<Record<string, string | undefined>>
  readonly telemetry?: Assembled['telemetry']
  readonly tap?: Parts['tap']
  readonly log?: Parts['log']
  readonly now?: () => number
  /** The input is of the past: correlations are held back until `finishReplay`, when all of it has come. */
  readonly replay?: boolean
  /** Findings below this level are not made. */
  readonly minLevel?: Level
  /** Replaces the stores that the config names: `weir run` without `--deliver` keeps all in memory. */
  readonly stores?: Partial<Pick<Assembled, 'spool' | 'quarantine' | 'ledger'>> & { readonly state?: StateStore }
}

/** Builds the pipeline that a config describes. AWS clients are loaded only where the config names them. */
export async function assemble(config: Config, around: Surroundings): Promise<Assembled> {
  const now = around.now ?? Date.now
  const log = around.log ?? createLog(config.log)
  const resolver = createSecretResolver({ env: around.env, now })
  const key = await fingerprintKey(config, resolver, log)
  const redactor = createRedactor({ key, also: config.redaction.also })
  const sealKeys = await openSealKeys(config.journal, resolver, log)

  const state = around.stores?.state ?? (await openState(config))
  const ledger = around.stores?.ledger ?? (await openLedger(config))
  const spool = around.stores?.spool ?? (await openSpool(config))
  const quarantine = around.stores?.quarantine ?? (await openQuarantine(config))

  const configured: ConfiguredSink[] = config.sinks.map(({ name, type, options }) => ({
    name,
    sink: (sinks as Record<string, Sink<unknown>>)[type] as Sink<unknown>,
    options,
  }))
  const forwarder = createForwarder({
    sinks: configured,
    spool,
    quarantine,
    secrets: resolver,
    io: { now, request: createRequester() },
    now,
    random: Math.random,
    sleep: ms => new Promise(resolve => setTimeout(resolve, ms)),
    log,
  })
  let replay: Replay | undefined
  const running = {
    log,
    minLevel: around.minLevel,
    ...(around.replay
      ? {
          correlatorOf: (correlations: readonly CorrelationRule[]) => {
            replay = createReplay(
              createCorrelator(correlations, { ...correlatorOptions(config.detections), lateness: REPLAY_LATENESS_MS }),
              { now },
            )
            return replay.correlator
          },
        }
      : {}),
  }
  const first = detectionsOf(around.pack, config, running)
  const followed = around.follow
    ? followPack(first, around.follow.place, pack => detectionsOf(openLogged(pack, log), config, running), {
        now,
        log,
        running: around.follow.running,
      })
    : { current: first, look: async () => {} }
  const fixed: Omit<Parts, 'detections'> = {
    redact: (value, keep = []) => redactor.json(value, { keep: [...keep, ...config.redaction.keep] }).value,
    redactText: text => redactor.text(text).text,
    forwarder,
    routes: new Map<string, Route>(config.sinks.map(({ name, route }) => [name, route])),
    state,
    quarantine,
    ledger,
    log,
    now,
    ...(around.tap ? { tap: around.tap } : {}),
  }
  const telemetry = around.telemetry ?? { flush: async () => {}, close: async () => {} }
  return {
    config,
    get parts() {
      return { ...fixed, detections: followed.current, opener: sealKeys.opener }
    },
    async look() {
      await Promise.all([followed.look(), sealKeys.refresh()])
    },
    forwarder,
    spool,
    quarantine,
    ledger,
    replay,
    onFailure: config.onFailure ? createOnFailure(config.onFailure, fixed) : undefined,
    telemetry,
    async close() {
      await Promise.allSettled([ledger.close(), state.close(), telemetry.close()])
    },
  }
}

/** Without its key, fingerprints can be joined within this process only; events must flow all the same. */
async function fingerprintKey({ redaction }: Config, resolver: SecretResolver, log: Log): Promise<string | Uint8Array> {
  if (!redaction.key) return randomBytes(32)
  try {
    return await resolver.resolve(redaction.key)
  } catch (error) {
    log.error({ error: describe(error) }, 'redaction.key cannot be had: fingerprints are keyed at random until it can')
    return randomBytes(32)
  }
}

async function openState({ state }: Config): Promise<StateStore> {
  if (state.type === 'memory') return (await import('./state/memory.ts')).memoryState()
  if (state.type === 'dynamodb') return (await import('./state/dynamodb.ts')).dynamodbState({ table: state.table })
  await mkdir(dirname(state.path), { recursive: true })
  return (await import('./state/sqlite.ts')).sqliteState({ path: state.path })
}

/** The ledger lives where the state lives. */
async function openLedger({ state }: Config): Promise<Ledger> {
  if (state.type === 'memory') return (await import('./ledger/memory.ts')).memoryLedger()
  if (state.type === 'dynamodb') return (await import('./ledger/dynamodb.ts')).dynamodbLedger({ table: state.table })
  await mkdir(dirname(state.path), { recursive: true })
  return (await import('./ledger/sqlite.ts')).sqliteLedger({ path: state.path })
}

async function openSpool({ spool }: Config): Promise<Spool> {
  if (spool.type === 's3')
    return (await import('./spool/s3.ts')).s3Spool({ bucket: spool.bucket, prefix: `${spool.prefix}spool/` })
  return (await import('./spool/files.ts')).fileSpool({ path: spool.path, maxBytes: spool.maxBytes })
}

async function openQuarantine({ quarantine }: Config): Promise<Quarantine> {
  if (quarantine.type === 's3') {
    return (await import('./quarantine/s3.ts')).s3Quarantine({
      bucket: quarantine.bucket,
      prefix: `${quarantine.prefix}quarantine/`,
    })
  }
  return (await import('./quarantine/files.ts')).fileQuarantine({ path: quarantine.path, maxBytes: quarantine.maxBytes })
}
