/** The most bytes a batch may have before compression, and after inflating: four times what the extension puts into one. */
export const MAX_RAW_BYTES = 4 * 1024 * 1024

/**
 * The most array items in one batch, of all arrays together. A quarter of it is the most records, twice what the extension puts into one: each
 * may bring a name and an id.
 */
export const MAX_ITEMS = 80_000

/** Whether a number can be written as a long: whole and within ±(2^53 − 2), the range that avsc reads. */
export const isLong = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && Math.abs(value) < Number.MAX_SAFE_INTEGER
