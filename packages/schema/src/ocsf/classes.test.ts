import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { activityName, checkOcsf, isClassUid, ocsfHead, typeUid } from './classes.ts'
import { CLASS, type OcsfEvent } from './types.ts'

const event = (more: Record<string, unknown> = {}): OcsfEvent => ({
  ...ocsfHead(CLASS.apiActivity, 1, 1),
  time: 1_789_000_000_000,
  metadata: { version: '1.8.0', uid: 'u', product: { vendor_name: 'Weir', name: 'Weir' } },
  actor: {},
  api: {},
  src_endpoint: {},
  ...more,
})

describe('ocsfHead', () => {
  it('says in words what the ids say', () => {
    expect(ocsfHead(CLASS.detectionFinding, 1, 4)).toEqual({
      class_uid: 2004,
      class_name: 'Detection Finding',
      category_uid: 2,
      category_name: 'Findings',
      activity_id: 1,
      activity_name: 'Create',
      type_uid: 200401,
      type_name: 'Detection Finding: Create',
      severity_id: 4,
      severity: 'High',
    })
  })

  it('knows Unknown and Other in every class, and refuses what a class has not', () => {
    for (const uid of Object.values(CLASS)) {
      expect(activityName(uid, 0)).toBe('Unknown')
      expect(ocsfHead(uid, 99, 99)).toMatchObject({ type_uid: typeUid(uid, 99), activity_name: 'Other', severity: 'Other' })
      expect(() => ocsfHead(uid, 50, 1)).toThrow(`OCSF class ${uid}: no activity 50`)
    }
  })
})

describe('checkOcsf', () => {
  it('finds nothing wrong with a sound event', () => {
    expect(checkOcsf(event())).toEqual([])
  })

  it.each<[string, Record<string, unknown>]>([
    ['class_uid: 9 is not a class that Weir emits', { class_uid: 9 }],
    ['activity_id: class 6003 has no 7', { activity_id: 7, type_uid: 600307 }],
    ['type_uid: expected class_uid × 100 + activity_id', { type_uid: 1 }],
    ['category_uid: expected 6', { category_uid: 3 }],
    ['time: expected epoch milliseconds', { time: 1.5 }],
    ['severity_id: expected 0–6 or 99', { severity_id: 7 }],
    ['api: required by class 6003', { api: undefined }],
    ['status_detail: null; leave it out', { status_detail: null }],
    ['metadata.uid: missing', { metadata: { version: '1.8.0', uid: '' } }],
    ['metadata.version: expected 1.8.0', { metadata: { version: '1.7.0', uid: 'u' } }],
  ])('says %s', (message, more) => {
    expect(checkOcsf(event(more))).toEqual([message])
  })

  it('asks for one of several where the class does', () => {
    const http = { ...event(), ...ocsfHead(CLASS.httpActivity, 3, 1) }
    expect(checkOcsf(http)).toEqual(['class 4002 needs one of http_request, http_response'])
    expect(checkOcsf({ ...http, http_request: {} })).toEqual([])
  })
})

interface SchemaClass {
  readonly caption: string
  readonly category_uid: number
  readonly constraints?: { readonly at_least_one?: readonly string[] }
  readonly attributes: Readonly<Record<string, { readonly r?: string; readonly p?: string; readonly e?: readonly string[] }>>
}

const SCHEMA = new URL('../../../../../shared/data/schemas/ocsf-1.8.0.json', import.meta.url)
if (!existsSync(SCHEMA)) process.stdout.write('skipped: the OCSF schema is not beside this repository\n')

it.skipIf(!existsSync(SCHEMA))('agrees with the OCSF 1.8.0 schema in what its classes have and ask', () => {
  const { classes } = JSON.parse(readFileSync(SCHEMA, 'utf8')) as { classes: Readonly<Record<string, SchemaClass>> }
  const base = new Set(['activity_id', 'category_uid', 'class_uid', 'metadata', 'severity_id', 'time', 'type_uid'])
  for (const uid of Object.values(CLASS)) {
    const { caption, category_uid, constraints, attributes } = classes[uid] as SchemaClass
    expect(isClassUid(uid)).toBe(true)
    expect(ocsfHead(uid, 0, 0)).toMatchObject({ class_name: caption, category_uid })
    const ids = (attributes['activity_id']?.e ?? []).map(Number)
    expect(ids.filter(id => activityName(uid, id) === undefined)).toEqual([])
    expect(activityName(uid, Math.max(...ids.filter(id => id < 99)) + 1)).toBeUndefined()
    const required = Object.entries(attributes).flatMap(([name, { r, p }]) =>
      r === 'required' && !p && !base.has(name) ? [name] : [],
    )
    const empty = { ...ocsfHead(uid, 0, 0), time: 0, metadata: event().metadata }
    const wrong = checkOcsf(empty)
    expect(wrong.filter(message => message.includes('required'))).toEqual(
      required.toSorted((a, b) => a.localeCompare(b)).map(name => `${name}: required by class ${uid}`),
    )
    // The merged schema has lost the constraints that a class inherits, so ours may ask for more.
    if (constraints?.at_least_one) expect(wrong).toContain(`class ${uid} needs one of ${constraints.at_least_one.join(', ')}`)
  }
})
