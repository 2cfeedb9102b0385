import { type FileBlobsOptions, fileBlobs } from '../spool/blobs-files.ts'
import type { Quarantine } from '../spool/spool.ts'
import { quarantineOver } from './stored.ts'

/** A quarantine in a folder: one file an entry. */
export const fileQuarantine = (options: FileBlobsOptions): Quarantine => quarantineOver(fileBlobs(options))
