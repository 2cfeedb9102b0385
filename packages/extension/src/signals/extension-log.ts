import { OWN_PREFIX } from '../config.ts'
import { captureLog } from './function-log.ts'
import type { Signal } from './signal.ts'

/**
 * `extension`: what extensions print; only where WEIR_EXTENSION_LOGS=1 subscribed to it. Our own lines would come back to us for ever, so they
 * are dropped and counted.
 */
export const extensionLog: Signal = {
  name: 'extension',
  takes: ['extension'],
  capture(event, to) {
    const { record } = event
    if (typeof record === 'string' && record.startsWith(OWN_PREFIX)) to.counters.drop('own-log', 1, record.length)
    else captureLog(event, to)
  },
}
