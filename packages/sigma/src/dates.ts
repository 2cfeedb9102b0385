import type { DatePart } from './tree.ts'

const WRITTEN = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2}))?/

/** The range of each part, as the modifiers appendix of Sigma 2.1.0 gives it; ISO 8601 has a week 53 in some years. */
export const DATE_PARTS: Readonly<Record<DatePart, readonly [number, number]>> = {
  minute: [0, 59],
  hour: [0, 23],
  day: [1, 31],
  week: [1, 53],
  month: [1, 12],
  year: [0, 9999],
}

/**
 * One part of a date, or undefined when `value` is none. A text (`2026-08-05T23:10:00+02:00`) is read as it is written, without its
 * offset: Sigma's time modifiers do no time-zone conversion. A number is an epoch time in UTC, milliseconds from 1e11 on and seconds
 * below (1e11 seconds is the year 5138).
 */
export function datePart(value: unknown, part: DatePart): number | undefined {
  const date = typeof value === 'string' ? written(value) : typeof value === 'number' ? epoch(value) : undefined
  if (!date) return undefined
  switch (part) {
    case 'minute':
      return date.timed ? date.at.getUTCMinutes() : undefined
    case 'hour':
      return date.timed ? date.at.getUTCHours() : undefined
    case 'day':
      return date.at.getUTCDate()
    case 'week':
      return isoWeek(date.at)
    case 'month':
      return date.at.getUTCMonth() + 1
    case 'year':
      return date.at.getUTCFullYear()
  }
}

interface Moment {
  readonly at: Date
  readonly timed: boolean
}

function written(text: string): Moment | undefined {
  const found = WRITTEN.exec(text)
  if (!found) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = found.slice(1).map(digits => Number(digits ?? 0))
  const at = new Date(0)
  at.setUTCFullYear(year, month - 1, day)
  at.setUTCHours(hour, minute)
  // A date that does not exist, such as February 30, would have moved to another day.
  const real =
    at.getUTCMonth() === month - 1 && at.getUTCDate() === day && at.getUTCHours() === hour && at.getUTCMinutes() === minute
  return real ? { at, timed: found[4] !== undefined } : undefined
}

function epoch(value: number): Moment | undefined {
  const at = new Date(Math.abs(value) >= 1e11 ? value : value * 1000)
  return Number.isNaN(at.getTime()) ? undefined : { at, timed: true }
}

/** ISO 8601: weeks begin on Monday, and a week belongs to the year that has its Thursday. */
function isoWeek(at: Date): number {
  const thursday = new Date(at)
  thursday.setUTCDate(at.getUTCDate() - ((at.getUTCDay() + 6) % 7) + 3)
  const first = new Date(0)
  first.setUTCFullYear(thursday.getUTCFullYear(), 0, 1)
  return 1 + Math.floor((midnight(thursday) - first.getTime()) / (7 * 86_400_000))
}

const midnight = (at: Date): number => Math.floor(at.getTime() / 86_400_000) * 86_400_000
