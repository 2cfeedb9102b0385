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

/** The sources with these names, in the order in which they are asked. */
export function allowedSources(names: readonly string[]): readonly Source[] {
  return ORDER.filter(source => names.includes(source.name))
}

/** The source of a record among those its stream may carry. */
export function recognize(record: DecodedRecord, allowed: readonly Source[]): Source | undefined {
  for (const source of allowed) if (source.recognize(record)) return source
  return undefined
}

/** What a record looks like, whatever its stream may carry: for a person to read. */
export function identify(record: DecodedRecord): string {
  return ORDER.find(source => source.recognize(record))?.name ?? 'unknown'
}
