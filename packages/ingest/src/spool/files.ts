import { type FileBlobsOptions, fileBlobs } from './blobs-files.ts'
import type { Spool } from './spool.ts'
import { spoolOver } from './stored.ts'

/** A spool in a folder: one folder a sink, one file an entry. A full one refuses (`SpoolFullError`) and never drops what is old. */
export const fileSpool = (options: FileBlobsOptions): Spool => spoolOver(fileBlobs(options))
