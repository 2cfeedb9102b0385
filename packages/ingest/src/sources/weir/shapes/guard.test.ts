import { CLASS, checkOcsf } from '@weir/schema/ocsf'
import { describe, expect, it } from 'vitest'
import { hasValidator, testOrigin, validate, weirRecord } from '../../testing/records.ts'
import { weir } from '../../weir.ts'

const ocsf = (body: unknown) => weir.normalize(weirRecord(body, { record: { signal: 'weir.guard' } }), testOrigin()).ocsf
const by = { package: '@evil/left-pad', via: ['.'], frame: '/var/task/node_modules/@evil/left-pad/index.js:3' }
const actor = { app_name: '@evil/left-pad' }

const SEEN: readonly (readonly [object, object])[] = [
  [
    { kind: 'process', command: 'sh', args: 2, runs: ['curl', 'sh'], method: 'spawn', eval: true, ...by },
    {
      class_uid: CLASS.processActivity,
      activity_id: 1,
      actor,
      process: { name: 'sh' },
      message: 'weir.guard: process sh (curl, sh) by @evil/left-pad, from code made at run time',
    },
  ],
  [
    { kind: 'outbound', host: 'evil.example.com', port: 443, ...by },
    { class_uid: CLASS.networkActivity, activity_id: 1, actor, dst_endpoint: { hostname: 'evil.example.com', port: 443 } },
  ],
  [
    { kind: 'credentials', what: 'instance-metadata', host: '169.254.169.254', port: 80, ...by },
    {
      class_uid: CLASS.networkActivity,
      dst_endpoint: { ip: '169.254.169.254', port: 80 },
      observables: [{ name: 'device.uid' }, { name: 'dst_endpoint.ip', value: '169.254.169.254' }],
      message: 'weir.guard: credentials instance-metadata 169.254.169.254 port 80 by @evil/left-pad',
    },
  ],
  [
    { kind: 'read', what: 'environment', path: '/proc/self/environ' },
    {
      class_uid: CLASS.fileActivity,
      activity_id: 14,
      actor: { app_name: 'orders' },
      file: { name: 'environ', path: '/proc/self/environ' },
    },
  ],
  [
    { kind: 'code', what: 'Function', ...by },
    { class_uid: CLASS.baseEvent, activity_name: 'Code Made' },
  ],
  [
    { kind: 'load', what: 'require', path: '/tmp/x.js' },
    { class_uid: CLASS.baseEvent, activity_name: 'Code Loaded' },
  ],
  [
    { kind: 'start', node: 'v24.21.0', watched: ['process'] },
    { activity_name: 'Guard Start', message: 'weir.guard: start v24.21.0' },
  ],
  [{ kind: 'process' }, { class_uid: CLASS.baseEvent, activity_name: 'Guard' }],
]

describe('what the guard saw', () => {
  it.each(SEEN)('%j', (body, expected) => {
    const event = ocsf(body)
    expect(event).toMatchObject(expected)
    expect(checkOcsf(event)).toEqual([])
    expect(event['unmapped']).toMatchObject({ record: body })
  })

  it.skipIf(!hasValidator)('is valid OCSF 1.8.0', () => {
    const events = SEEN.map(([body]) => ocsf(body))
    expect(validate(events)).toBe(`${events.length} events, 0 invalid`)
  })
})
