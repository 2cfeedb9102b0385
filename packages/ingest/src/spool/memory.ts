import { memoryBlobs } from './blobs-memory.ts'
import type { Spool } from './spool.ts'
import { spoolOver } from './stored.ts'

/** A spool that ends with the process. */
export const memorySpool = (options: { readonly maxBytes?: number } = {}): Spool => spoolOver(memoryBlobs(options))
