/** The last millisecond of the year 9999. */
const MAX_TIME = 253_402_300_799_999

/** A time as the wire carries it: whole milliseconds from 1970 to 9999, and 0 for anything else (a hostile or broken clock). */
export function wireTime(time: number): number {
  const whole = Math.trunc(time)
  return whole >= 0 && whole <= MAX_TIME ? whole + 0 : 0
}
