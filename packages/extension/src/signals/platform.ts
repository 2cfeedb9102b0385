import { packPlatform } from '@weir/schema/encode'
import type { Signal } from './signal.ts'

/**
 * `platform.*`: what the platform says of the sandbox and its invocations, every type of it. Those with a typed form travel in it, the others,
 * older and newer ones, as JSON.
 */
export const platform: Signal = {
  name: 'platform',
  takes: ['platform.*'],
  capture({ type, time, record }, to) {
    if (type === 'platform.logsDropped')
      to.counters.drop('logs-dropped', count(record, 'droppedRecords'), count(record, 'droppedBytes'))
    const invocation = requestIdOf(record) || to.sandbox.attribute(time)
    const place = { time, invocation }
    const clean = to.redaction.json(record, { signal: type, ...place })
    const body = packPlatform(type, clean, place)
    if (body) to.emit({ signal: type, ...place, contentType: 'application/vnd.weir.platform', body }, 'kept')
    else to.clean(type, clean, 'kept', place)
  },
}

const field = (record: unknown, name: string): unknown =>
  typeof record === 'object' && record !== null ? Reflect.get(record, name) : undefined

function requestIdOf(record: unknown): string {
  const value = field(record, 'requestId')
  return typeof value === 'string' && value.length <= 64 ? value : ''
}

function count(record: unknown, name: string): number {
  const value = field(record, name)
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0
}
