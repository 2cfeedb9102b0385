/** How long the name of a field may be, in UTF-16 units, and how many dots it may have: each is a step into the event. */
export const FIELD_NAME_LIMIT = 512
export const FIELD_DOTS_LIMIT = 32

/** What is wrong with the name of a field, if anything. */
export function fieldNameError(name: string): string | undefined {
  if (name.length > FIELD_NAME_LIMIT) return `the name of a field has at most ${FIELD_NAME_LIMIT} characters`
  return name.split('.', FIELD_DOTS_LIMIT + 2).length > FIELD_DOTS_LIMIT + 1
    ? `the name of a field has at most ${FIELD_DOTS_LIMIT} dots`
    : undefined
}
