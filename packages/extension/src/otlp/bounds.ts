/** A body that is no OTLP, or more than we look at: the status that it is answered with. */
export class Refused extends Error {
  readonly status: 400 | 413 | 415
  constructor(status: 400 | 413 | 415, message: string) {
    super(message)
    this.status = status
  }
}

/** Messages within messages. Three to a level of an attribute's value; ingest takes bodies 64 levels deep. */
export const MAX_DEPTH = 100
/** Values in one request, of some 100 bytes of heap each: what a hostile body can cost. 512 spans with 20 attributes each are half of it. */
export const MAX_VALUES = 100_000

/** What one request may still cost. */
export interface Allowance {
  /** One more value. Throws Refused. */
  spend(values?: number): void
}

export function allowance(values = MAX_VALUES): Allowance {
  let left = values
  return {
    spend(values = 1) {
      left -= values
      if (left < 0) throw new Refused(413, 'more values in one request than Weir takes')
    },
  }
}
