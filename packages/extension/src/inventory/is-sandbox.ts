import { NAME } from '../config.ts'
import { perSandbox } from '../per-sandbox.ts'
import type { Recording } from '../signals/signal.ts'

const stateOf = perSandbox<{ is?: boolean }>(() => ({}))

/**
 * Whether Lambda itself has started us: then we stand where it looks for extensions. On a laptop /proc is that of the laptop, and what runs there is
 * nobody's business.
 */
export function isSandbox(to: Recording): boolean {
  const state = stateOf(to)
  state.is ??= to.host.files.stat(`/opt/extensions/${NAME}`)?.kind === 'file'
  return state.is
}
