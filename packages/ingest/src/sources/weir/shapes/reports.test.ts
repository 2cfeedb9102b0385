import { CLASS, checkOcsf } from '@weir/schema/ocsf'
import { describe, expect, it } from 'vitest'
import { testOrigin, weirRecord } from '../../testing/records.ts'
import { weir } from '../../weir.ts'

const ocsf = (signal: string, body: unknown) => weir.normalize(weirRecord(body, { record: { signal } }), testOrigin()).ocsf
const many = Array.from({ length: 11 }, (_, at) => ({ kind: `kind-${at}`, count: at }))

const TOLD: readonly (readonly [signal: string, body: object, message: string, more: object])[] = [
  [
    'weir.load',
    { step: 'summaries', before: 'sample', addedMs: 62, budgetMs: 50 },
    'summaries after sample, 62 ms added to an invocation, 50 ms allowed',
    { class_uid: CLASS.applicationLifecycle, severity_id: 2, severity: 'Low', app: { name: 'weir' } },
  ],
  [
    'weir.load',
    { step: 'all', before: 'overlap', addedMs: 2, budgetMs: 50 },
    'all after overlap, 2 ms added to an invocation, 50 ms allowed',
    { class_uid: CLASS.applicationLifecycle, severity_id: 1 },
  ],
  [
    'weir.summary',
    { lines: 1200, bytes: 96_000, levels: { INFO: 1199, ERROR: 1 }, first: 1_795_166_400_000, last: 1_795_166_401_000 },
    '1200 lines, 96000 characters, 1199 INFO, 1 ERROR',
    { class_uid: CLASS.baseEvent, count: 1200, start_time: 1_795_166_400_000, end_time: 1_795_166_401_000 },
  ],
  [
    'weir.journal',
    { files: 1, frames: 12, torn: 0, lost: 0 },
    '1 journal of processes that were killed, 12 batches',
    { class_uid: CLASS.applicationLifecycle, severity_id: 2 },
  ],
  [
    'weir.journal',
    { files: 2, frames: 1, torn: 1, lost: 300 },
    '2 journals of processes that were killed, 1 batch, 1 journal torn, 300 bytes lost',
    { severity_id: 2 },
  ],
  [
    'weir.redacted',
    { masked: [{ kind: 'jwt', count: 2 }], records: 1, characters: 5000 },
    '2 jwt, 1 record, 5000 characters looked at',
    { class_uid: CLASS.baseEvent, severity_id: 1 },
  ],
  ['weir.redacted', { masked: [], records: 0, characters: 0 }, 'nothing masked, 0 records, 0 characters looked at', {}],
  ['weir.dropped', { reason: 'buffer-full', records: 2, bytes: 300 }, '2 records, 300 bytes, buffer-full', { count: 2 }],
  [
    'weir.fault',
    { kind: 'kinesis:timeout', count: 3 },
    'kinesis:timeout, 3 times',
    { class_uid: CLASS.applicationError, status_code: 'kinesis:timeout', count: 3, severity_id: 2, status: 'Failure' },
  ],
  [
    'weir.secret',
    { signal: 'function', kind: 'jwt', place: 'headers.cookie', fingerprint: 'f', count: 4 },
    'jwt in function, headers.cookie',
    { class_uid: CLASS.baseEvent, count: 4 },
  ],
  [
    'weir.environment',
    { variables: 12, secrets: [{ variable: 'STRIPE_KEY', kind: 'stripe-key', fingerprint: 'f' }] },
    '12 variables, stripe-key in STRIPE_KEY',
    {},
  ],
  ['weir.environment', { variables: 1, secrets: [] }, '1 variable, no secret', {}],
  ['weir.sealed', {}, 'not opened', { class_uid: CLASS.baseEvent }],
]

describe('what the extension tells of itself', () => {
  it.each(TOLD)('is one line of %s %j: %s', (signal, body, message, more) => {
    const event = ocsf(signal, body)
    expect(event).toMatchObject({ message: `${signal}: ${message}`, ...more })
    expect(event['unmapped']).toMatchObject(Object.keys(body).length > 0 ? { record: body } : {})
    expect(checkOcsf(event)).toEqual([])
  })

  it('keeps the line short and true, whatever is claimed', () => {
    expect(ocsf('weir.redacted', { masked: many })['message']).toMatch(
      /^weir\.redacted: 0 kind-0, .*7 kind-7 and 3 more, nothing/,
    )
    expect(ocsf('weir.dropped', { records: -1, bytes: 1.5, reason: {} })).toMatchObject({ message: 'weir.dropped: nothing' })
    expect(ocsf('weir.dropped', { records: -1 })).not.toHaveProperty('count')
    expect(ocsf('weir.summary', { lines: '7', levels: { INFO: 'x' }, first: 'now' })['message']).toBe('weir.summary: INFO')
    expect(ocsf('weir.journal', {})['message']).toBe('weir.journal: journals of processes that were killed')
  })

  it('stands any body that is no object', () => {
    for (const [signal] of TOLD) for (const body of ['text', 7, null, []]) expect(checkOcsf(ocsf(signal, body))).toEqual([])
  })
})
