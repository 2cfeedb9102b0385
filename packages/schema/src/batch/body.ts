import { parseJson } from '../json.ts'
import { unpackPlatform } from './unpack.ts'
import type { ContentType, TelemetryRecord } from './types.ts'

const READERS: Readonly<Record<ContentType, (record: TelemetryRecord) => unknown>> = {
  'application/json': ({ body }) => parseJson(bufferOf(body).toString('utf8')),
  'text/plain': ({ body }) => bufferOf(body).toString('utf8'),
  'application/octet-stream': ({ body }) => bufferOf(body).toString('base64'),
  'application/vnd.weir.platform': record => unpackPlatform(record.body, record),
}

/**
 * A record's body as a value: JSON parsed (at most 64 levels deep; a `__proto__` key is an ordinary own key), text as a string (invalid UTF-8
 * becomes U+FFFD), a compact form as what it was made of, other bytes as a base64 string. Throws BodyError.
 */
export function readBody(record: TelemetryRecord): unknown {
  return READERS[record.contentType](record)
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
