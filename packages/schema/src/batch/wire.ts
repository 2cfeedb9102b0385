/** The last millisecond of the year 9999. */
const MAX_TIME = 253_402_300_799_999

/** The longest name, id or version a batch may hold, UTF-16 units; a Lambda ARN has at most 170. Every record repeats them for its reader. */
export const MAX_NAME = 256

/** The most reasons for drops in one batch. */
export const MAX_REASONS = 256

/** A time as the wire carries it: whole milliseconds from 1970 to 9999, and 0 for anything else (a hostile or broken clock). */
export function wireTime(time: number): number {
  const whole = Math.trunc(time)
  return whole >= 0 && whole <= MAX_TIME ? whole + 0 : 0
}

/** A name as the wire carries it: what is too long is cut. */
export const wireName = (name: string): string => (name.length <= MAX_NAME ? name : name.slice(0, MAX_NAME))
