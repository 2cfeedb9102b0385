import type { Packing } from '../state.ts'
import { DIGEST_LENGTH } from './digest.ts'
import type { Entry, Group } from './group-state.ts'
import { sizeOf } from './room.ts'

/** One group's state as JSON: an entry is a text of some twenty characters, beside its uid. */
export interface Packed extends Omit<Group, 'entries' | 'size'> {
  /** Epoch milliseconds from which times are counted. */
  readonly at: number
  readonly rows: readonly string[]
  /** What entries carry; rows name it by its place. */
  readonly texts?: readonly (readonly string[])[]
}

const NONE: readonly [] = []

export const packing: Packing<Group, Packed> = {
  pack({ by, entries, fired, lost, judged, grace, pending, retry }) {
    const at = entries[0]?.time ?? 0
    const texts = new Texts()
    const rows = entries.map(entry => writeRow(entry, at, texts))
    return { by, at, rows, ...(texts.all.length > 0 ? { texts: texts.all } : {}), fired, lost, judged, grace, pending, retry }
  },
  unpack({ by, at, rows, texts = NONE, ...rest }) {
    const entries = rows.map(row => readRow(row, at, texts))
    return { by, entries, size: sizeOf(entries), ...rest }
  },
}

/** Numbers what entries carry, so that it is written once. */
class Texts {
  readonly all: (readonly string[])[] = []
  readonly #places = new Map<string, number>()

  place(carried: readonly string[]): number {
    const key = JSON.stringify(carried)
    let place = this.#places.get(key)
    if (place === undefined) this.#places.set(key, (place = this.all.push(carried) - 1))
    return place
  }
}

function writeRow({ id, time, rules, values, carried, unit, flags, uid }: Entry, at: number, texts: Texts): string {
  let row = id + (time - at).toString(36)
  if (rules !== 0) row += ` r${rules.toString(36)}`
  if (flags !== 0) row += ` f${flags}`
  if (values.length > 0) row += ` v${values.join(',')}`
  if (carried.length > 0) row += ` c${carried.map(each => texts.place(each)).join(',')}`
  if (unit !== id) row += ` u${unit}`
  return uid === '' ? row : `${row} i${uid}`
}

/** The parts of a row begin with a space and a letter; the uid, which may hold spaces, is the last. */
function readRow(row: string, at: number, texts: readonly (readonly string[])[]): Entry {
  const id = row.slice(0, DIGEST_LENGTH)
  let end = partEnd(row, DIGEST_LENGTH)
  const time = at + Number.parseInt(row.slice(DIGEST_LENGTH, end), 36)
  let [rules, flags, unit, uid] = [0, 0, id, '']
  let values: Entry['values'] = NONE
  let carried: Entry['carried'] = NONE
  while (end < row.length) {
    const letter = row[end + 1]
    const from = end + 2
    end = letter === 'i' ? row.length : partEnd(row, from)
    const part = row.slice(from, end)
    if (letter === 'i') uid = part
    else if (letter === 'r') rules = Number.parseInt(part, 36)
    else if (letter === 'f') flags = Number(part)
    else if (letter === 'v') values = part.split(',')
    else if (letter === 'u') unit = part
    else if (letter === 'c') carried = part.split(',').map(place => texts[Number(place)] ?? NONE)
  }
  return { id, time, rules, values, carried, unit, uid, flags }
}

function partEnd(row: string, from: number): number {
  const at = row.indexOf(' ', from)
  return at < 0 ? row.length : at
}
