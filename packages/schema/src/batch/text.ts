/** A surrogate without its other half, which UTF-8 cannot hold. */
export const LONE_SURROGATE = /\p{Surrogate}/u
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** A UUID in the lower-case form that AWS writes. */
export const isUuid = (text: string): boolean => text.length === 36 && UUID.test(text)

/** 32 hexadecimal digits as a lower-case UUID. */
export function uuidText(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** Epoch milliseconds of a text that `toISOString` would write, and of no other. */
export function isoMillis(text: string): number | undefined {
  if (text.length !== 24) return undefined
  const time = Date.parse(text)
  return Number.isNaN(time) || new Date(time).toISOString() !== text ? undefined : time
}
