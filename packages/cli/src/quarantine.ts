import type { Quarantined } from '@weir/ingest'
import { plain } from './terminal.ts'

const SHOWN = 3 // places of one reason

/** What a run put into quarantine, and why, for the terminal. */
export class QuarantineReport {
  readonly #byReason = new Map<string, { records: number; readonly places: string[] }>()

  add({ reason, origin, detail, records }: Quarantined): void {
    const group = this.#byReason.get(reason) ?? { records: 0, places: [] }
    this.#byReason.set(reason, group)
    group.records += records
    if (group.places.length <= SHOWN) group.places.push(plain(`${origin.stream}: ${detail}`))
  }

  get records(): number {
    return [...this.#byReason.values()].reduce((sum, { records }) => sum + records, 0)
  }

  /** A line for each reason, and below it the first places. */
  lines(): string[] {
    return [...this.#byReason].flatMap(([reason, { records, places }]) => [
      `quarantined ${records} ${records === 1 ? 'record' : 'records'}: ${reason}`,
      ...places.slice(0, SHOWN).map(place => `  ${place}`),
      ...(places.length > SHOWN ? ['  … and more'] : []),
    ])
  }
}
