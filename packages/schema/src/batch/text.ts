/** A surrogate without its other half, which UTF-8 cannot hold. */
export const LONE_SURROGATE = /\p{Surrogate}/u
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** A UUID in the lower-case form that AWS writes. */
export const isUuid = (text: string): boolean => text.length === 36 && UUID.test(text)

/** 32 hexadecimal digits as a lower-case UUID. */
export function uuidText(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** The last minute that was read, as text and as time. Times come in clusters, and a Date for each costs more than all else of a line. */
let minute = '-'
let began = 0
const REST = /^[0-5]\d\.\d{3}Z$/
const MINUTE_LENGTH = 17

/** Epoch milliseconds of a text that `toISOString` would write, and of no other. */
export function isoMillis(text: string): number | undefined {
  if (text.length !== 24) return undefined
  const rest = text.slice(MINUTE_LENGTH)
  const milliseconds = Math.round(1000 * Number(rest.slice(0, -1)))
  if (text.startsWith(minute) && REST.test(rest)) return began + milliseconds
  const time = Date.parse(text)
  if (Number.isNaN(time) || new Date(time).toISOString() !== text) return undefined
  minute = text.slice(0, MINUTE_LENGTH)
  began = time - milliseconds
  return time
}
