import { bytesOf, jsonBytes } from './bytes.ts'
import { DIGEST_LENGTH } from './digest.ts'
import type { Entry, Group, Span } from './group-state.ts'

export interface Limits {
  /** Entries of one group. */
  readonly entries: number
  /** Bytes of a group's state as JSON in UTF-8, without the findings that wait in it to be delivered. */
  readonly bytes: number
}

/** What of `Limits.bytes` uids may take: they only serve to be shown. */
const UID_SHARE = 0.3
const UID_BYTES = 130
/** Milliseconds of some years in base 36, with a sign. */
const TIME_LENGTH = 9

export interface Fitted {
  readonly entries: readonly Entry[]
  readonly size: number
  readonly lost: Span | undefined
}

/** Bytes that a group's state takes beside its entries. */
export function besideOf({ by, fired = [] }: Pick<Group, 'by' | 'fired'>): number {
  let bytes = 0
  for (const text of by) bytes += jsonBytes(text) + 1
  // The latest number is the longest, but for a sign.
  return fired.length === 0 ? bytes : bytes + fired.length * (String(fired.at(-1)).length + 2)
}

/**
 * Leaves out what does not fit, and says what was dropped: of the rules seen most often, the oldest, or with `keepOldest` the newest. `size` says
 * how many bytes the entries take at most, `beside` how many the rest of the state; only where that is too many, they are counted.
 */
export function fit(
  entries: readonly Entry[],
  size: number,
  beside: number,
  lost: Span | undefined,
  limits: Limits,
  keepOldest: boolean,
): Fitted {
  const bytes = Math.max(0, limits.bytes - beside)
  const most = bytes * (1 - UID_SHARE)
  if (entries.length <= limits.entries && size <= most) return { entries, size, lost }
  let kept = entries
  let taken = 0
  for (let room = limits.entries; ; room = Math.min(Math.floor(room * 0.9), kept.length - 1)) {
    if (kept.length > room) kept = drop(kept, kept.length - room, keepOldest)
    taken = rowsLength(kept, most)
    if (taken <= most || kept.length <= 1) break
  }
  const fitted = withUids(kept, bytes - taken, keepOldest)
  return {
    entries: fitted.entries,
    size: bareSizeOf(kept) + fitted.uids,
    lost: kept === entries ? lost : spanOf(entries, kept, lost),
  }
}

/** Bytes of an entry's row in JSON at most, without its time, its uid and the texts that it carries. */
function rowLength({ id, rules, values, carried, unit, flags }: Entry): number {
  let length = DIGEST_LENGTH + 3
  if (rules !== 0) length += 8
  if (flags !== 0) length += 3
  if (values.length > 0) {
    length += 1
    for (const value of values) length += value.length + 1
  }
  if (carried.length > 0) length += 2 + 5 * carried.length
  if (unit !== id) length += 2 + unit.length
  return length
}

/** Bytes that entries take as JSON at most, whatever stands beside them. A uid too long to be kept makes it endless, so that it is looked at. */
export function sizeOf(entries: readonly Entry[]): number {
  let size = bareSizeOf(entries)
  for (const { uid } of entries) {
    if (uid === '') continue
    const bytes = jsonBytes(uid)
    size += bytes <= UID_BYTES ? bytes : Number.POSITIVE_INFINITY
  }
  return size
}

/** The same without uids. */
function bareSizeOf(entries: readonly Entry[]): number {
  let size = 0
  for (const entry of entries) {
    size += rowLength(entry) + TIME_LENGTH
    for (const each of entry.carried) for (const text of each) size += jsonBytes(text) + 14
  }
  return size
}

/** Bytes of all rows without uids and of what they carry, exactly where it is about `most`. */
function rowsLength(entries: readonly Entry[], most: number): number {
  const span = ((entries.at(-1)?.time ?? 0) - (entries[0]?.time ?? 0)).toString(36).length
  let size = 0
  let carried = 0
  for (const entry of entries) {
    size += rowLength(entry) + span
    for (const each of entry.carried) for (const text of each) carried += jsonBytes(text) + 14
  }
  if (carried === 0 || size + carried <= most) return size + carried
  // What several entries carry is written once, and each names its place.
  const texts = new Map<string, readonly string[]>()
  for (const entry of entries) for (const each of entry.carried) texts.set(JSON.stringify(each), each)
  for (const each of texts.values()) size += bytesOf(each) + 1
  return size
}

function spanOf(entries: readonly Entry[], kept: readonly Entry[], lost: Span | undefined): Span {
  const stays = new Set(kept)
  let [from, to] = lost ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const entry of entries) {
    if (stays.has(entry)) continue
    from = Math.min(from, entry.time)
    to = Math.max(to, entry.time)
  }
  return [from, to]
}

function drop(entries: readonly Entry[], count: number, keepOldest: boolean): readonly Entry[] {
  const frequency = new Map<number, number>()
  for (const { rules } of entries) frequency.set(rules, (frequency.get(rules) ?? 0) + 1)
  if (frequency.size === 1) return keepOldest ? entries.slice(0, -count) : entries.slice(count)
  const order = keepOldest ? entries.toReversed() : entries
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

/** Uids stay while there is room: of what is judged at the end of its window the earliest, else the newest; `uids` are their bytes. */
function withUids(
  entries: readonly Entry[],
  room: number,
  earliest: boolean,
): { readonly entries: readonly Entry[]; readonly uids: number } {
  const sizes = entries.map(({ uid }) => (uid === '' ? 0 : jsonBytes(uid)))
  let uids = 0
  let out: Entry[] | undefined
  let full = false
  for (let n = 0; n < entries.length; n++) {
    const i = earliest ? n : entries.length - 1 - n
    const bytes = sizes[i] as number
    if (bytes <= UID_BYTES && !full) full = uids + bytes > room
    if (bytes <= UID_BYTES && !full) uids += bytes
    else if (bytes > 0) {
      out ??= [...entries]
      out[i] = { ...(entries[i] as Entry), uid: '' }
    }
  }
  return { entries: out ?? entries, uids }
}
