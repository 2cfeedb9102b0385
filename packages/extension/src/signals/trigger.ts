import { loaded } from '../aside.ts'
import { functionLog } from './function-log.ts'
import type { Signal } from './signal.ts'

/** Keys that the events of AWS services have, as JSON and Python quote them. To look for the words alone first costs a tenth. */
const MARKS = ['requestContext', 'Records', 'detail-type', 'triggerSource']
const KEYS = /["'](requestContext|Records|detail-type|triggerSource)["']/
/** A longer line is not parsed for its source. */
const MAX_LINE = 64 * 1024

/**
 * `weir.trigger`, once an invocation: where its request came from, when the function prints the event that it was given: see `tellTrigger`. Takes the
 * lines themselves to `function`.
 */
export const trigger: Signal = {
  name: 'weir.trigger',
  takes: ['function'],
  capture(event, to) {
    functionLog.capture?.(event, to)
    const { record } = event
    const text: unknown = typeof record === 'object' && record ? Reflect.get(record, 'message') : record
    if (typeof text === 'string' && (text.length > MAX_LINE || !MARKS.some(mark => text.includes(mark)) || !KEYS.test(text)))
      return
    loaded('weir.trigger', to, side => side.tellTrigger(event, to))
  },
}
