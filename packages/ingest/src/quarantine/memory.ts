import { memoryBlobs } from '../spool/blobs-memory.ts'
import type { Quarantine } from '../spool/spool.ts'
import { quarantineOver } from './stored.ts'

/** A quarantine that ends with the process. */
export const memoryQuarantine = (options: { readonly maxBytes?: number } = {}): Quarantine => quarantineOver(memoryBlobs(options))
