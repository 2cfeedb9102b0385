import type { ByteWindow } from './window.ts'

/** What is known of how values begin where the damage is. */
export interface Surroundings {
  /** The blanks before the damaged value where it stands first on its line. */
  readonly indentation: Buffer | undefined
  /** How the elements of its array begin, up to the first colon. */
  readonly opening: Buffer | undefined
}

/** Where a value begins after damage. */
export interface Landing {
  readonly at: number
  /** The start of its line, when only blanks stand before it there. */
  readonly lineStart: number | undefined
  /** It stands outside any array. */
  readonly leaves: boolean
}

const NEW_LINE = Buffer.from('\n{')

/**
 * The first place in `from` … `to` where a value must begin: a line with the damaged value's own indentation and a brace; in an array without
 * lines, an element that begins as the others do; or a brace at a line's very start, which ends any array.
 */
export function nextValue(
  window: ByteWindow,
  from: number,
  to: number,
  { indentation, opening }: Surroundings,
): Landing | undefined {
  let end = to
  let found: Landing | undefined
  if (indentation?.length) {
    const needle = Buffer.concat([NEW_LINE.subarray(0, 1), indentation, NEW_LINE.subarray(1)])
    const at = window.find(needle, from, end)
    if (at >= 0) {
      found = { at: at + needle.length - 1, lineStart: at + 1, leaves: false }
      end = found.at
    }
  } else if (!indentation && opening) {
    for (let at = window.find(opening, from, end); at >= 0; at = window.find(opening, at + 1, end)) {
      if (!followsComma(window, at)) continue
      found = { at, lineStart: undefined, leaves: false }
      end = at
      break
    }
  }
  const line = window.find(NEW_LINE, from, end)
  return line < 0 ? found : { at: line + 1, lineStart: line + 1, leaves: indentation === undefined || indentation.length > 0 }
}

function followsComma(window: ByteWindow, offset: number): boolean {
  let at = offset - 1
  while (at >= window.base && window.byte(at) === 0x20) at--
  return at >= window.base && window.byte(at) === 0x2c
}

/** How an object begins, up to its first colon, when that is within `limit` bytes. */
export function openingOf(bytes: Buffer, limit: number): Buffer | undefined {
  const colon = bytes.subarray(0, limit).indexOf(0x3a)
  return bytes[0] === 0x7b && colon > 0 ? Buffer.from(bytes.subarray(0, colon + 1)) : undefined
}
