import { elastic } from './elastic.ts'
import { sentinel } from './sentinel.ts'
import { splunk } from './splunk.ts'

/** Every sink by the word that stands after `type:` in the config. All of them together are a few kilobytes, so none is loaded lazily. */
export const sinks = { splunk, elastic, sentinel } as const

export type SinkName = keyof typeof sinks
