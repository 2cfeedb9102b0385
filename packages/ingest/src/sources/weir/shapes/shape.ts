import type { Activity } from '../../shared/ocsf.ts'
import type { Fields } from '../../shared/values.ts'

/**
 * How one signal stands in OCSF where it is more than a step in a function's life or a log: its class, and the fields of that class. One more is
 * one file beside this one and one line in `index.ts`.
 */
export interface Shape {
  /** `body` is a claim and may be anything, or nothing. */
  activity(body: Fields | undefined): Activity
  /** Fields of the class, laid over those that every event of the extension has. What is undefined is left out. */
  fields(body: Fields): Fields
}
