import { type S3BlobsOptions, s3Blobs } from './blobs-s3.ts'
import type { Spool } from './spool.ts'
import { spoolOver } from './stored.ts'

/** A spool in a bucket: `<prefix><sink>/<yyyy>/<mm>/<dd>/<hh>/<hash>.ndjson.gz`. */
export const s3Spool = (options: S3BlobsOptions): Spool => spoolOver(s3Blobs(options))
