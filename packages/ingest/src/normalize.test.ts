import type { OcsfEvent } from '@weir/schema/ocsf'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gathered } from './decode.ts'
import { normalize, redactBytes } from './normalize.ts'
import type { DecodedRecord } from './source.ts'
import { bareRecord, FUNCTION_ARN, hasValidator, logRecord, testOrigin, validate, weirRecord } from './sources/testing/records.ts'

const trail = {
  eventVersion: '1.11',
  eventSource: 'iam.amazonaws.com',
  eventName: 'CreateUser',
  userIdentity: { accessKeyId: 'AKIA' },
}
const origin = testOrigin()
const same = (value: unknown): unknown => value

/** A stand-in for the redactor: every text that holds `hunter2` becomes a mask. */
const mask = (value: unknown): unknown =>
  JSON.parse((JSON.stringify(value) ?? 'null').replaceAll('hunter2', '[redacted]')) as unknown

describe('normalize', () => {
  it('makes one event of each record, in order', () => {
    const { events, quarantined } = normalize(
      [bareRecord(trail), logRecord('/ecs/api', 'x'), weirRecord({}), bareRecord(7)],
      origin,
      same,
    )
    expect(events.map(event => event.source)).toEqual(['cloudtrail', 'cloudwatch-logs', 'weir', 'other'])
    expect(quarantined).toEqual([])
  })

  it('sets aside what the stream may not carry, and says what it is', () => {
    const { events, quarantined } = normalize([bareRecord(trail), weirRecord({})], testOrigin({ sources: ['weir'] }), same)
    expect(events.map(event => event.source)).toEqual(['weir'])
    expect(quarantined).toMatchObject([
      { reason: 'wrong-source', records: 1, detail: 'a cloudtrail record on a stream that may carry weir' },
    ])
    expect(quarantined[0]?.bytes).toEqual(bareRecord(trail).bytes)
    const flood = normalize(
      Array.from({ length: 50 }, () => bareRecord(trail)),
      testOrigin({ sources: ['weir'] }),
      same,
    )
    expect(gathered(flood.quarantined)).toMatchObject([{ reason: 'wrong-source', records: 50 }])
  })

  it('redacts body, log line, envelope and header before an event is made', () => {
    const secret = 'password=hunter2'
    const claimed = { arn: FUNCTION_ARN, version: secret, memoryMb: 1, region: '', runtime: secret, initializationType: '' }
    const records: DecodedRecord[] = [
      bareRecord({ ...trail, requestParameters: { secret } }),
      bareRecord(secret),
      logRecord(secret, { a: secret }),
      logRecord('/ecs/api', secret),
      weirRecord({ secret }, { batch: { function: claimed } }),
    ]
    const { events } = normalize(records, origin, mask)
    expect(events).toHaveLength(5)
    for (const event of events) {
      expect(JSON.stringify([event.record, event.ocsf])).toContain('[redacted]')
      expect(JSON.stringify([event.record, event.ocsf])).not.toContain('hunter2')
    }
  })

  it('redacts what a batch says beside its records: signal, invocation, extension', () => {
    const batch = { extension: 'v-hunter2' }
    const records = ['a', 'b'].map(text =>
      weirRecord({ text }, { batch, record: { signal: 'x.hunter2', invocation: 'i-hunter2' } }),
    )
    const { events } = normalize(records, origin, mask)
    expect(events.map(({ record }) => record)).toEqual([
      expect.objectContaining({ signal: 'x.[redacted]', invocation: 'i-[redacted]', extension: 'v-[redacted]' }),
      expect.objectContaining({ signal: 'x.[redacted]', invocation: 'i-[redacted]', extension: 'v-[redacted]' }),
    ])
    for (const event of events) expect(JSON.stringify([event.ocsf, event.identity])).not.toContain('hunter2')
  })

  it('does not let redaction change a uid', () => {
    const record = weirRecord({ text: 'hunter2' })
    expect(normalize([record], origin, mask).events[0]?.uid).toBe(normalize([record], origin, same).events[0]?.uid)
  })

  it('tells the redactor which fields name somebody', () => {
    const kept: unknown[] = []
    normalize([bareRecord(trail), bareRecord('x')], origin, (value, keep) => {
      kept.push(keep)
      return value
    })
    expect(kept).toEqual([['accessKeyId'], undefined])
  })

  it('withholds what cannot be redacted', () => {
    const { events, quarantined } = normalize([bareRecord('hunter2')], origin, () => {
      throw new Error('out of rules')
    })
    expect(events).toEqual([])
    expect(quarantined).toMatchObject([{ reason: 'unmappable', records: 1, bytes: new Uint8Array(0) }])
  })

  it('maps no body that nobody reads, and each once', () => {
    const [event] = normalize([bareRecord(trail)], origin, same).events
    expect(Object.keys(event ?? {})).not.toContain('ocsf')
    expect(event?.ocsf).toBe(event?.ocsf)
  })

  it('stands whatever the fields hold', () => {
    const hostile = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom('', '__proto__', 'constructor', 'arn:aws:lambda:x', 'A'.repeat(300)),
    )
    const object = (keys: readonly string[]) => fc.dictionary(fc.constantFrom(...keys), hostile, { maxKeys: 12 })
    const trails = fc.tuple(
      object([
        'eventID',
        'eventTime',
        'awsRegion',
        'sourceIPAddress',
        'resources',
        'requestParameters',
        'responseElements',
        'errorCode',
        'errorMessage',
        'readOnly',
        'recipientAccountId',
        'userIdentity',
        'additionalEventData',
        '__proto__',
      ]),
      object([
        'type',
        'principalId',
        'arn',
        'accountId',
        'accessKeyId',
        'userName',
        'invokedBy',
        'sessionContext',
        'inScopeOf',
        '__proto__',
      ]),
      fc.constantFrom('ConsoleLogin', 'AssumeRole', 'CreateUser', 'AttachRolePolicy', 'GetObject', 'Invoke', '__proto__'),
      fc.constantFrom('signin.amazonaws.com', 'sts.amazonaws.com', 'iam.amazonaws.com', 'lambda.amazonaws.com', '__proto__'),
    )
    const seen: OcsfEvent[] = []
    fc.assert(
      fc.property(trails, hostile, ([fields, userIdentity, eventName, eventSource], body) => {
        const records = [
          bareRecord({ eventVersion: '1', userIdentity, ...fields, eventName, eventSource }),
          logRecord(typeof body === 'string' ? body : '/ecs/api', body),
          weirRecord(body, { record: { signal: typeof body === 'string' ? body : 'platform.report' } }),
          bareRecord(body),
        ]
        const { events, quarantined } = normalize(records, origin, same)
        expect(events.length + quarantined.length).toBe(4)
        seen.push(...events.map(event => event.ocsf))
        for (const event of events) {
          expect(event.ocsf.type_uid).toBe(event.classUid * 100 + event.ocsf.activity_id)
          expect(Number.isSafeInteger(event.ocsf.time)).toBe(true)
          expect(Object.values(event.ocsf)).not.toContain(undefined)
        }
      }),
      { numRuns: 1000 },
    )
    if (hasValidator) expect(validate(seen)).toBe(`${seen.length} events, 0 invalid`)
  })
})

describe('redactBytes', () => {
  const redactText = (text: string): string => text.replaceAll('hunter2', '[redacted]')

  it('masks text, also where a byte of it is no UTF-8', () => {
    expect(Buffer.from(redactBytes(Buffer.from('é=hunter2'), redactText)).toString()).toBe('é=[redacted]')
    const stray = Buffer.from([0xff, 0xc3, ...Buffer.from('=hunter2'), 0xfe])
    expect(redactBytes(stray, redactText)).toEqual(Buffer.from([0xff, 0xc3, ...Buffer.from('=[redacted]'), 0xfe]))
  })

  it('leaves what is to be read again as it came', () => {
    const batch = Buffer.from([0xc3, 0x01, ...Buffer.from('01234567 hunter2')])
    expect(redactBytes(batch, redactText)).toBe(batch)
    const clean = Buffer.from('nothing')
    expect(redactBytes(clean, redactText)).toBe(clean)
  })
})
