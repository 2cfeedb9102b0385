/** The most bytes a batch may have before compression, and after inflating: eight times Kinesis's default record of 1 MiB. */
export const MAX_RAW_BYTES = 8 * 1024 * 1024

/** The most array items in one batch, of all arrays together. A quarter of it is the most records: each may bring a name and an id. */
export const MAX_ITEMS = 400_000
