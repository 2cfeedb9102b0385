/** Readers for fields of hostile or merely odd records: each gives `undefined` where the field is not what it should be. Never throw. */
export type Fields = Readonly<Record<string, unknown>>

export function objectAt(fields: Fields | undefined, key: string): Fields | undefined {
  const value = ownValue(fields, key)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}

export function textAt(fields: Fields | undefined, key: string): string | undefined {
  const value = ownValue(fields, key)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A finite number that is not negative. */
export function amountAt(fields: Fields | undefined, key: string): number | undefined {
  const value = ownValue(fields, key)
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}

/** The texts of a list, or the one text that stands in its place. */
export function textsAt(fields: Fields | undefined, key: string): readonly string[] {
  const value = ownValue(fields, key)
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  return list.filter((each): each is string => typeof each === 'string')
}

/** The JSON body of a telemetry record; `undefined` for a line of text. */
export const bodyOf = (record: Fields): Fields | undefined => objectAt(record, 'record')

function ownValue(fields: Fields | undefined, key: string): unknown {
  return fields && Object.hasOwn(fields, key) ? fields[key] : undefined
}
