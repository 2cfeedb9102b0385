import { CLASS } from '@weir/schema/ocsf'
import type { Activity } from '../shared/ocsf.ts'
import { type Fields, textOf } from '../shared/values.ts'
import { SHAPES } from './shapes/index.ts'

const START: Kind = [CLASS.applicationLifecycle, 3, 'Start']
const STOP: Kind = [CLASS.applicationLifecycle, 4, 'Stop']
const RESTART: Kind = [CLASS.applicationLifecycle, 5, 'Restart']
const FAULT: Kind = [CLASS.applicationError, 1, 'General Error']
const progress = (name: string): Kind => [CLASS.applicationLifecycle, 99, name]
const log = (name: string): Kind => [CLASS.baseEvent, 99, name]

type Kind = readonly [classUid: number, activityId: number, activityName: string]

/** Signals → class and activity. Names: Lambda's Telemetry API schema 2025-01-29, and Weir's own. */
const KINDS: Readonly<Record<string, Kind>> = {
  'platform.initStart': START,
  'platform.initRuntimeDone': progress('Init Done'),
  'platform.initReport': progress('Init Report'),
  'platform.start': START,
  'platform.runtimeDone': STOP,
  'platform.report': progress('Report'),
  'platform.end': STOP,
  'platform.restoreStart': RESTART,
  'platform.restoreRuntimeDone': progress('Restore Done'),
  'platform.restoreReport': progress('Restore Report'),
  'platform.extension': START,
  'platform.telemetrySubscription': progress('Telemetry Subscription'),
  'platform.fault': FAULT,
  'platform.logsDropped': log('Logs Dropped'),
  'weir.start': START,
  'weir.end': STOP,
  function: log('Log'),
  extension: log('Log'),
}

/** What a telemetry record is: a step in a function's life, an error where that step failed, else a log. */
export function classify(signal: string, body: Fields | undefined): Activity {
  if (Object.hasOwn(SHAPES, signal)) return SHAPES[signal]?.activity(body) ?? activityOf(log(signal))
  const kind = Object.hasOwn(KINDS, signal) ? KINDS[signal] : undefined
  return activityOf(kind?.[0] === CLASS.applicationLifecycle && hasFailed(body) ? FAULT : (kind ?? log(signal)))
}

const activityOf = ([classUid, id, name]: Kind): Activity => ({ classUid, id, name })

/** A step that ended other than in success, or an extension that did not come up. */
function hasFailed(body: Fields | undefined): boolean {
  const status = textOf(body?.['status'])
  return (status !== undefined && status !== 'success') || textOf(body?.['errorType']) !== undefined
}
