import { createOpener, type Opener } from '@weir/schema/open'
import type { Config } from './config.ts'
import { ConfigError, describe } from './errors.ts'
import type { Log } from './observe.ts'
import type { SecretResolver } from './secrets.ts'

/** The private keys of the config, as they are now. */
export interface SealKeys {
  /** Absent where no key is configured, or none could be had. */
  readonly opener: Opener | undefined
  /** Asks for the keys again, as often as secrets are asked for. Never throws: what cannot be had is told in the log, once. */
  refresh(): Promise<void>
}

/** Reads the keys of `journal` in the config. What is sealed to a key that is not here waits in quarantine, so events flow without it. */
export async function openSealKeys(
  { key, formerKeys }: Config['journal'],
  resolver: SecretResolver,
  log: Log,
): Promise<SealKeys> {
  const references = [...(key === undefined ? [] : [key]), ...formerKeys]
  let opener: Opener | undefined
  let known = ''
  const told = new Set<string>()
  const keys: SealKeys = {
    get opener() {
      return opener
    },
    async refresh() {
      const found: Uint8Array[] = []
      for (const reference of references) {
        try {
          found.push(privateKey(reference, await resolver.resolve(reference)))
        } catch (error) {
          const why = describe(error)
          if (!told.has(why))
            log.error({ error: why }, 'a key of the journal cannot be had: what is sealed to it goes to quarantine')
          told.add(why)
        }
      }
      const now = found.map(each => Buffer.from(each).toString('base64')).join()
      if (found.length > 0 && now !== known) opener = createOpener(found)
      known = now
    },
  }
  await keys.refresh()
  return keys
}

function privateKey(reference: string, text: string): Uint8Array {
  const key = Buffer.from(text, 'base64')
  if (key.length === 32 && /^[\w+/-]+=?$/.test(text)) return key
  throw new ConfigError(`${reference}: expected a private key as \`weir keys\` writes it, 32 bytes in base64`)
}
