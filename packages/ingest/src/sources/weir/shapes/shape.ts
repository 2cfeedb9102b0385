import { CLASS } from '@weir/schema/ocsf'
import { type Activity, SEVERITIES } from '../../shared/ocsf.ts'
import type { Fields } from '../../shared/values.ts'
import type { Telemetry } from '../telemetry.ts'

/**
 * How one signal stands in OCSF where it is more than a step in a function's life or a log: its class, and the fields of that class. One more is
 * one file beside this one and one line in `index.ts`.
 */
export interface Shape {
  /** `body` is a claim and may be anything, or nothing: what does not have what the class requires is a log, see `plain`. */
  activity(body: Fields | undefined): Activity
  /** Fields of the class, laid over those that every event of the extension has. What is undefined is left out; `observables` are added. */
  fields(body: Fields, telemetry: Telemetry): Fields
  /** Keys of the body that stand in `fields` as a whole, and are not repeated in `unmapped`. */
  readonly placed?: readonly string[]
  /** Profiles of OCSF that `fields` follow, beside `cloud` and `host`. */
  readonly profiles?: readonly string[]
}

/** The most characters of a message: what a body says at length stands in `unmapped` all the same. */
const MAX_MESSAGE = 1_024
/** The most names that a message is made of. */
export const MAX_LISTED = 32
export const messageText = (text: string): string => text.slice(0, MAX_MESSAGE)

/** A log of this name. */
export const plain = (name: string): Activity => ({ classUid: CLASS.baseEvent, id: 99, name })

/** The function as a software package; OCSF wants a name and a version of it. */
export const functionPackage = ({ arn, batch }: Telemetry): Fields & { readonly name: string; readonly version: string } => ({
  name: arn?.name ?? 'unknown',
  version: batch.function.version || 'unknown',
  type_id: 1,
  type: 'Application',
})

/** OCSF's severity by number, for a shape that knows better than the level that the body names. */
export const severityOf = (id: number): Fields => ({ severity_id: id, severity: SEVERITIES[id] ?? 'Other' })
