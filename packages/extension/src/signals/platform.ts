import { resume } from '../aside.ts'
import { REQUEST_ID_NAMES, requestIdIn } from '../request-id.ts'
import type { Signal } from './signal.ts'

/** `platform.*`: what the platform says of the sandbox and its invocations, every type of it, older and newer ones than are documented too. */
export const platform: Signal = {
  name: 'platform',
  takes: ['platform.*'],
  capture({ type, time, record }, to) {
    if (type === 'platform.logsDropped')
      to.counters.drop('logs-dropped', count(record, 'droppedRecords'), count(record, 'droppedBytes'))
    const invocation = requestIdIn(record, REQUEST_ID_NAMES) || to.sandbox.attribute(time)
    to.json(type, record, 'kept', { time, invocation })
    if (type === 'platform.runtimeDone') resume(to)
  },
}

const field = (record: unknown, name: string): unknown =>
  typeof record === 'object' && record !== null ? Reflect.get(record, name) : undefined

function count(record: unknown, name: string): number {
  const value = field(record, name)
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0
}
