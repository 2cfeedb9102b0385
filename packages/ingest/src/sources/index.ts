import type { DecodedRecord, Source } from '../source.ts'
import { cloudtrail } from './cloudtrail.ts'
import { cloudwatchLogs } from './cloudwatch-logs.ts'
import { other } from './other.ts'
import { weir } from './weir.ts'

/** Every log format that ingest knows, by name, in the order in which they are asked: the first that recognizes a record has it. */
export const sources: Readonly<Record<string, Source>> = {
  weir,
  cloudtrail,
  'cloudwatch-logs': cloudwatchLogs,
  other,
}

const ORDER = Object.values(sources)

/** The source of a record among those its stream may carry. */
export function recognize(record: DecodedRecord, allowed: readonly string[]): Source | undefined {
  return ORDER.find(source => allowed.includes(source.name) && source.recognize(record))
}

/** What a record looks like, whatever its stream may carry: for a person to read. */
export function identify(record: DecodedRecord): string {
  return ORDER.find(source => source.recognize(record))?.name ?? 'unknown'
}
