import { type OpenOptions, type OpenPack, openPack } from '@weir/sigma'
import { describe } from '../errors.ts'
import type { Log } from '../observe.ts'

/** Opens a pack that events are matched with; each of its rules that turns out to be wrong is logged, once. Throws PackError. */
export function openLogged(json: unknown, log: Log, options: Omit<OpenOptions, 'onFault'> = {}): OpenPack {
  return openPack(json, {
    ...options,
    onFault: ({ rule, error }) =>
      log.error({ rule, error: describe(error) }, 'a rule of the pack cannot be tried or told of in full; the others go on'),
  })
}
