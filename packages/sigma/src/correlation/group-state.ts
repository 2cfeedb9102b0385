/** What is kept of one event in one group of one correlation. */
export interface Entry {
  /** Tells events apart: a digest of the uid. An event is counted once. */
  readonly id: string
  /** Epoch milliseconds. */
  readonly time: number
  /** Which of the correlation's rules it matched, a bit each; 0 where the type does not ask. */
  readonly rules: number
  /** Digests for `value_count`, numbers for the other `value_…` types. */
  readonly values: readonly string[]
  /** For the correlations that name this one: values of `CorrelationRule.carries`, in each way an event has them. */
  readonly carried: readonly (readonly string[])[]
  /** What counts as one: the event, or of another correlation's findings all moments of one. */
  readonly unit: string
  /** '' where it is forgotten, for want of room. */
  readonly uid: string
  /** LATE, CAPPED. */
  readonly flags: number
}

/** The event came later than the lateness bound, or its time lies in the future. */
export const LATE = 1
/** Not all of what the event holds was taken. */
export const CAPPED = 2

/** One group's state as JSON. */
export interface Stored {
  /** Group-by values to be shown. */
  readonly by: readonly string[]
  /** Epoch milliseconds from which times are counted. */
  readonly at: number
  readonly rows: readonly string[]
  /** What entries carry; rows name it by its place. */
  readonly texts?: readonly (readonly string[])[]
  /** Cells of the grid of suppression that have had their finding. */
  readonly fired?: readonly number[]
  /** The event times between which entries were dropped for want of room. */
  readonly lost?: readonly [from: number, to: number]
  /** Up to where windows were judged, epoch milliseconds. */
  readonly judged?: number
  /** Since when late events have come in, and until when windows that hold them stay open. */
  readonly grace?: readonly [since: number, until: number]
  /** Windows that were judged by a tick which has not said that their findings are delivered. */
  readonly pending?: readonly Found[]
  /** When they are named again. */
  readonly retry?: number
}

/** A window in which a correlation holds, as JSON. */
export interface Found {
  readonly start: number
  readonly end: number
  readonly value: number
  /** Times of the first and the last event. */
  readonly from: number
  readonly to: number
  readonly events: readonly string[]
  readonly carried?: readonly (readonly string[])[]
  /** For temporal types: when each rule was first seen, 0 when it was not. */
  readonly seen?: readonly number[]
  readonly flags: number
}

export interface Limits {
  /** Entries of one group. */
  readonly entries: number
  /** Characters of a group's state as JSON. */
  readonly characters: number
}

/** What of `Limits.characters` uids may take: they only serve to be shown. */
const UID_SHARE = 0.3
const UID_LENGTH = 128
const EMPTY: Omit<Stored, 'at'> = { by: [], rows: [] }

export const initialState = (at: number): Stored => ({ ...EMPTY, at })

/** The entries of a state, the earliest first. */
export const readEntries = ({ at, rows, texts = [] }: Stored): Entry[] => rows.map(row => readRow(row, at, texts))

/** Puts in what is not there yet and answers whether anything was new. */
export function insert(entries: Entry[], added: Iterable<Entry>): { readonly since: number } | undefined {
  const known = new Set(entries.map(({ id }) => id))
  let since = Number.POSITIVE_INFINITY
  for (const entry of added) {
    if (known.has(entry.id)) continue
    known.add(entry.id)
    entries.push(entry)
    since = Math.min(since, entry.time)
  }
  if (since === Number.POSITIVE_INFINITY) return undefined
  entries.sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1))
  return { since }
}

/** Writes entries as rows that fit, and says what was dropped: of the rules seen most often, the oldest, or with `keepOldest` the newest. */
export function writeEntries(
  entries: readonly Entry[],
  before: Pick<Stored, 'at' | 'lost'>,
  limits: Limits,
  keepOldest: boolean,
): Pick<Stored, 'rows' | 'texts' | 'lost'> {
  let kept = entries
  let rows: readonly string[] = []
  let texts = new Texts()
  for (let room = limits.entries; ; room = Math.min(Math.floor(room * 0.9), kept.length - 1)) {
    if (kept.length > room) kept = drop(kept, kept.length - room, keepOldest)
    texts = new Texts()
    rows = kept.map(entry => writeRow(entry, before.at, texts))
    if (size(rows) + texts.size <= limits.characters * (1 - UID_SHARE) || kept.length <= 1) break
  }
  const { lost } = before
  const stays = new Set(kept)
  const times = [...(lost ?? []), ...entries.flatMap(entry => (stays.has(entry) ? [] : [entry.time]))]
  return {
    rows: withUids(rows, kept, limits.characters - size(rows) - texts.size, keepOldest),
    ...(texts.all.length > 0 ? { texts: texts.all } : {}),
    ...(times.length > 0 ? { lost: [Math.min(...times), Math.max(...times)] } : {}),
  }
}

const size = (rows: readonly string[]): number => rows.reduce((sum, row) => sum + row.length + 3, 0)

function drop(entries: readonly Entry[], count: number, keepOldest: boolean): readonly Entry[] {
  const order = keepOldest ? entries.toReversed() : entries
  const frequency = new Map<number, number>()
  for (const { rules } of entries) frequency.set(rules, (frequency.get(rules) ?? 0) + 1)
  const dropped = new Set<Entry>()
  while (dropped.size < count) {
    const [most, often] = [...frequency].reduce((a, b) => (b[1] > a[1] ? b : a))
    const next = Math.max(1, Math.min(count - dropped.size, Math.ceil(often / 10)))
    let left = next
    for (const entry of order) {
      if (left === 0) break
      if (entry.rules !== most || dropped.has(entry)) continue
      dropped.add(entry)
      left--
    }
    frequency.set(most, often - next)
  }
  return entries.filter(entry => !dropped.has(entry))
}

/** Numbers what entries carry, so that it is written once. */
class Texts {
  readonly all: (readonly string[])[] = []
  readonly #places = new Map<string, number>()
  size = 0

  place(carried: readonly string[]): number {
    const key = JSON.stringify(carried)
    let place = this.#places.get(key)
    if (place === undefined) {
      place = this.all.push(carried) - 1
      this.#places.set(key, place)
      this.size += key.length + 1
    }
    return place
  }
}

function writeRow({ id, time, rules, values, carried, unit, flags }: Entry, at: number, texts: Texts): string {
  let row = id + (time - at).toString(36)
  if (rules !== 0) row += ` r${rules.toString(36)}`
  if (flags !== 0) row += ` f${flags}`
  if (values.length > 0) row += ` v${values.join(',')}`
  if (carried.length > 0) row += ` c${carried.map(each => texts.place(each)).join(',')}`
  if (unit !== id) row += ` u${unit}`
  return row
}

/** Uids stand at a row's end while there is room: of what is judged at the end of its window the earliest, else the newest. */
function withUids(rows: readonly string[], entries: readonly Entry[], room: number, earliest: boolean): readonly string[] {
  const out = [...rows]
  for (let n = 0; n < rows.length; n++) {
    const i = earliest ? n : rows.length - 1 - n
    const uid = entries[i]?.uid ?? ''
    if (uid === '' || uid.length > UID_LENGTH) continue
    room -= uid.length + 2
    if (room < 0) break
    out[i] += ` i${uid}`
  }
  return out
}

function readRow(row: string, at: number, texts: readonly (readonly string[])[]): Entry {
  const uidAt = row.indexOf(' i')
  const [head = '', ...rest] = (uidAt < 0 ? row : row.slice(0, uidAt)).split(' ')
  const id = head.slice(0, 8)
  const part = (letter: string): string | undefined => rest.find(each => each.startsWith(letter))?.slice(1)
  return {
    id,
    time: at + Number.parseInt(head.slice(8), 36),
    rules: Number.parseInt(part('r') ?? '0', 36),
    values: part('v')?.split(',') ?? [],
    carried:
      part('c')
        ?.split(',')
        .map(place => texts[Number(place)] ?? []) ?? [],
    unit: part('u') ?? id,
    uid: uidAt < 0 ? '' : row.slice(uidAt + 2),
    flags: Number(part('f') ?? 0),
  }
}
