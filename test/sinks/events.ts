import { readFileSync } from 'node:fs'
import type { OcsfEvent } from '@weir/schema/ocsf'

// The samples are ingest's: data, read in place, as sources and tests read the corpus.
const folder = new URL('../../packages/ingest/src/sinks/testing/', import.meta.url)
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, folder), 'utf8'))

export const samples = read('samples.json') as Readonly<Record<string, OcsfEvent>>
export const hostile = read('hostile.json') as readonly OcsfEvent[]

/** API calls that share a partition at every sink, so that they go in one request. */
export const some = (count: number): OcsfEvent[] =>
  Array.from({ length: count }, (_, i) => {
    const api = samples['apiRead'] as OcsfEvent
    return { ...api, metadata: { ...api.metadata, uid: `uid-${i}` } }
  })
