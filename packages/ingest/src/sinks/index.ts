import { elastic } from './elastic.ts'
import { file } from './file.ts'
import { otlp } from './otlp.ts'
import { sentinel } from './sentinel.ts'
import { splunk } from './splunk.ts'
import { sqlite } from './sqlite.ts'

/** Every sink by the word that stands after `type:` in the config. All together are a few kilobytes, so none is loaded lazily. */
export const sinks = { splunk, elastic, sentinel, otlp, file, sqlite } as const

export type SinkName = keyof typeof sinks
