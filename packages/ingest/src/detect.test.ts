import type { Detector, DetectorEvent } from '@weir/detections'
import { createEngine, type LogSource } from '@weir/sigma'
import { describe, expect, it } from 'vitest'
import { validateConfig } from './config.ts'
import { detect } from './detect.ts'
import { memoryState } from './state/memory.ts'
import { lazyEvent } from './sources/shared/event.ts'

const event = (uid: string, logsource: LogSource) =>
  lazyEvent(
    { uid, time: 1, source: 'test', classUid: 0, logsource, record: {}, identity: { account: '111122223333', claimed: false } },
    () => {
      throw new Error('nobody reads the body')
    },
  )

/** A detector that notes what it was given. */
function noting(title: string, logsource: LogSource, given: Map<string, string[]>): Detector {
  return {
    meta: { id: title, title, level: 'low' },
    logsource,
    detect(events: readonly DetectorEvent[]) {
      given.set(
        title,
        events.map(({ uid }) => uid),
      )
      if (title === 'broken') throw new Error('a bug')
      return []
    },
  } as unknown as Detector
}

describe('detect', () => {
  it('gives each detector the events of its log source, in their order, and goes on when one throws', async () => {
    const shared = { product: 'aws', service: 'cloudtrail' }
    const events = [
      event('a', shared),
      event('b', { product: 'weir', service: 'telemetry' }),
      event('c', { product: 'aws', service: 'cloudtrail' }),
      event('d', { product: 'aws', service: 'waf' }),
      event('e', shared),
      event('f', {}),
    ]
    const given = new Map<string, string[]>()
    const detectors = [
      noting('trail', { product: 'aws', service: 'cloudtrail' }, given),
      noting('broken', { product: 'weir' }, given),
      noting('all of aws', { product: 'aws' }, given),
      noting('trail again', { service: 'cloudtrail' }, given),
      noting('anything', {}, given),
      noting('nothing', { category: 'process_creation' }, given),
    ]
    const options = validateConfig({}).detections
    const detections = { engine: createEngine([]), isHeard: () => true, detectors, options, pack: '' }
    const { findings, failed } = await detect(events, 'batch', 1, memoryState(), detections)
    expect(Object.fromEntries(given)).toEqual({
      trail: ['a', 'c', 'e'],
      broken: ['b'],
      'all of aws': ['a', 'c', 'd', 'e'],
      'trail again': ['a', 'c', 'e'],
      anything: ['a', 'b', 'c', 'd', 'e', 'f'],
    })
    expect(findings).toEqual([])
    expect(failed.map(({ title }) => title)).toEqual(['broken'])
  })
})
