import { isIP } from 'node:net'
import { CLASS } from '@weir/schema/ocsf'
import { describe, expect, it } from 'vitest'
import { catalogue, hasCatalogues } from '../testing/catalogue.ts'
import { event, hostile, samples } from '../testing/events.ts'
import { ecsFields, kinds, toEcs } from './ecs.ts'

/** Types each category allows; ECS 9.5, field reference of event.category. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  api: ['access', 'admin', 'allowed', 'change', 'creation', 'deletion', 'denied', 'end', 'info', 'start', 'user'],
  authentication: ['start', 'end', 'info'],
  file: ['access', 'change', 'creation', 'deletion', 'info'],
  iam: ['admin', 'change', 'creation', 'deletion', 'group', 'info', 'user'],
  intrusion_detection: ['allowed', 'denied', 'info'],
  network: ['access', 'allowed', 'connection', 'denied', 'end', 'info', 'protocol', 'start'],
  package: ['access', 'change', 'deletion', 'info', 'installation', 'start'],
  process: ['access', 'change', 'end', 'info', 'start'],
  web: ['access', 'error', 'info'],
}

const leaves = (value: unknown, path = ''): [string, unknown][] =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && path !== 'weir.ocsf'
    ? Object.entries(value).flatMap(([key, child]) => leaves(child, path === '' ? key : `${path}.${key}`))
    : [[path, value]]

const all = [...Object.entries(samples), ...hostile.map((each, i) => [`hostile ${i}`, each] as const)]
const eventOf = (sample: keyof typeof samples) => toEcs(samples[sample]!)['event'] as Record<string, unknown>

describe('ECS', () => {
  it.skipIf(!hasCatalogues)('has no field that ECS 9.5 does not have, beside weir.*', () => {
    const known = new Set(catalogue('ecs-9.5.0').map(row => row['field']))
    expect(ecsFields.filter(name => !name.startsWith('weir.') && !known.has(name))).toEqual([])
  })

  it.skipIf(!hasCatalogues)('gives every field the type, the list form and the values that ECS wants', () => {
    const rows = new Map(catalogue('ecs-9.5.0').map(row => [row['field'], row]))
    for (const [name, sample] of all) {
      for (const [field, value] of leaves(toEcs(sample))) {
        if (field.startsWith('weir.')) continue
        const row = rows.get(field)
        expect(Array.isArray(value), `${name}: ${field}`).toBe(row?.['normalize'] === 'array')
        for (const each of [value].flat()) {
          const allowed = row?.['allowed_values'] ?? ''
          if (allowed !== '') expect(allowed.split(','), `${name}: ${field}`).toContain(each)
          const type = row?.['type'] ?? ''
          if (type === 'long') expect(Number.isSafeInteger(each), `${name}: ${field}`).toBe(true)
          else if (type === 'float') expect(typeof each).toBe('number')
          else if (type === 'ip') expect(isIP(String(each)), `${name}: ${field}`).not.toBe(0)
          else if (type === 'date') expect(Date.parse(String(each)), `${name}: ${field}`).not.toBeNaN()
          else expect(['string', 'number', 'boolean'], `${name}: ${field}`).toContain(typeof each)
        }
      }
    }
  })

  it('has what every document must have', () => {
    for (const [name, sample] of all) {
      expect(toEcs(sample), name).toMatchObject({ '@timestamp': expect.stringMatching(/Z$/), ecs: { version: '9.5.0' } })
    }
  })

  it('pairs categories only with types they allow', () => {
    for (const [uid, kind] of Object.entries(kinds)) {
      for (const activity of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 99]) {
        for (const over of [{}, { action_id: 1 }, { action_id: 2 }, { http_response: { code: 500 } }]) {
          const { category, type } = toEcs(event(Number(uid), activity, over))['event'] as { category?: string[]; type: string[] }
          expect(category).toEqual(kind.category === undefined ? undefined : [kind.category])
          for (const each of kind.category === undefined ? [] : type) expect(ALLOWED[kind.category!], uid).toContain(each)
          expect(new Set(type).size).toBe(type.length)
        }
      }
    }
  })

  it('marks findings as alerts, never as signals', () => {
    expect(eventOf('finding')['kind']).toBe('alert')
    expect(eventOf('api')['kind']).toBe('event')
    expect(JSON.stringify(Object.values(samples).map(toEcs))).not.toContain('"signal"')
  })

  it('reads a status by its class: outcomes of activities, none of findings', () => {
    expect(eventOf('finding')).not.toHaveProperty('outcome')
    expect(eventOf('authentication')['outcome']).toBe('failure')
    expect(eventOf('http')['outcome']).toBe('success')
    expect(toEcs(event(6003, 1, { status_id: 99 }))['event'] as object).toMatchObject({ outcome: 'unknown' })
  })

  it('gives a logon its own user, and other changes a target', () => {
    expect(toEcs(samples['authentication']!)['user']).toMatchObject({ name: 'alice' })
    expect(toEcs(samples['account']!)['user']).toMatchObject({ name: 'mallory', target: { name: 'backdoor' } })
  })

  it('keeps an address that is no IP out of ip fields', () => {
    expect(toEcs(event(6003, 1, { src_endpoint: { ip: 'AWS Internal' } }))).toMatchObject({ source: { address: 'AWS Internal' } })
    expect(toEcs(event(6003, 1, { src_endpoint: { ip: 'AWS Internal' } }))).not.toHaveProperty('source.ip')
  })

  it('has a kind for every class that Weir emits', () => {
    expect(Object.values(CLASS).filter(uid => !(uid in kinds))).toEqual([])
  })

  it('names the trace of a log record of a function’s SDK, and the file and the package of the newer classes', () => {
    expect(toEcs(samples['sdkLog']!)).toMatchObject({
      trace: { id: '5b8efff798038103d269b633813fc60c' },
      span: { id: 'eee19b7ec3c1b174' },
    })
    expect(toEcs(samples['file']!)).toMatchObject({
      event: { category: ['file'], type: ['access'] },
      file: { path: '/proc/self/environ', hash: { sha256: 'ab'.repeat(32) } },
    })
    expect(toEcs(samples['inventory']!)).toMatchObject({
      event: { category: ['package'], type: ['info'] },
      package: { name: 'orders', version: '7', checksum: 'd'.repeat(32) },
    })
  })

  it('counts durations in nanoseconds', () => expect(eventOf('http')['duration']).toBe(12_000_000))
})
