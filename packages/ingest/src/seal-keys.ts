import { createOpener, type Opener, SealError } from '@weir/schema/open'
import type { Config } from './config.ts'
import { ConfigError, describe, SourceUnavailable, WeirError } from './errors.ts'
import type { Log } from './observe.ts'
import type { SecretResolver } from './secrets.ts'

/** The private keys of the config, as they are now. */
export interface SealKeys {
  /**
   * Absent where no key is configured, or none will be had as things are. Where a key could not be had for a passing reason, it throws
   * KeyUnavailable for what is sealed to none of the others, and that input comes again; see `MAX_WAITS`.
   */
  readonly opener: Opener | undefined
  /** Asks for the keys again, as often as secrets are asked for, all at once. Never throws: what cannot be had is told in the log, once. */
  refresh(): Promise<void>
}

/** The input must come again: it is sealed to a key that could not be had just now. */
export class KeyUnavailable extends WeirError {}

/** How long a batch waits for keys; an answer that comes later is there for the next. At the start the clients are loaded too. */
const WITHIN_MS = 2_000
const FIRST_WITHIN_MS = 5_000
/**
 * How often an input is given back for want of a key, until one is had. Each time asks anew, so an outage of seconds costs nothing but time; then it
 * is quarantine after all. Waiting longer would stop the stream, and when its own tries were used up (50 in the stack that we deploy), all that
 * stands behind the input would go to the on-failure bucket with it.
 */
const MAX_WAITS = 10

/**
 * Reads the keys of `journal` in the config. What is sealed to a key that is not here waits in quarantine, so events flow without it. `within`: in
 * place of the bounds above, milliseconds.
 */
export async function openSealKeys(
  { key, formerKeys }: Config['journal'],
  resolver: SecretResolver,
  log: Log,
  within?: number,
): Promise<SealKeys> {
  const references = [...(key === undefined ? [] : [key]), ...formerKeys]
  const told = new Set<string>()
  let opener: Opener | undefined
  let known = ''
  let missing: ReadonlySet<string> = new Set()
  let passing = false
  let waits = 0
  let wanted = false

  async function ask(reference: string, withinMs: number): Promise<Uint8Array | 'later' | 'never'> {
    try {
      const fresh = wanted && missing.has(reference)
      return privateKey(reference, await resolver.resolve(reference, { fresh, withinMs }))
    } catch (error) {
      const why = describe(error)
      if (!told.has(why)) log.error({ error: why }, 'a key of the journal cannot be had: what is sealed to it cannot be opened')
      told.add(why)
      return error instanceof SourceUnavailable ? 'later' : 'never'
    }
  }

  async function refresh(withinMs: number): Promise<void> {
    const found = await Promise.all(references.map(reference => ask(reference, withinMs)))
    missing = new Set(references.filter((_, index) => typeof found[index] === 'string'))
    wanted = false
    passing = found.includes('later')
    if (!passing) waits = 0
    const keys = found.filter(each => typeof each !== 'string')
    const now = keys.map(each => Buffer.from(each).toString('base64')).join()
    if (keys.length > 0 && now !== known) opener = createOpener(keys)
    known = now
  }

  /** Finds out first whether what came is whole and of a key that is not here: whatever else is wrong with it, waiting will not mend. */
  const waiting = (keys: Opener): Opener => ({
    keys: keys.keys,
    open(sealed) {
      try {
        return keys.open(sealed)
      } catch (error) {
        if (!(error instanceof SealError) || error.reason !== 'unknown-key') throw error
        waits++
        wanted = true
        throw new KeyUnavailable('sealed, and a key of journal cannot be had now: the input comes again', { cause: error })
      }
    },
  })

  await refresh(within ?? FIRST_WITHIN_MS)
  return {
    get opener() {
      return passing && waits < MAX_WAITS ? waiting(opener ?? createOpener([])) : opener
    },
    refresh: () => refresh(within ?? WITHIN_MS),
  }
}

function privateKey(reference: string, text: string): Uint8Array {
  const key = Buffer.from(text, 'base64')
  if (key.length === 32 && /^[\w+/-]+=?$/.test(text)) return key
  throw new ConfigError(`${reference}: expected a private key as \`weir keys\` writes it, 32 bytes in base64`)
}
