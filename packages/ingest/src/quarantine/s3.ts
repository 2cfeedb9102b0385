import { type S3BlobsOptions, s3Blobs } from '../spool/blobs-s3.ts'
import type { Quarantine } from '../spool/spool.ts'
import { quarantineOver } from './stored.ts'

/** A quarantine in a bucket: `<prefix><yyyy>/<mm>/<dd>/<hh>/<hash>.ndjson.gz`, by the hour the input arrived. */
export const s3Quarantine = (options: S3BlobsOptions): Quarantine => quarantineOver(s3Blobs(options))
