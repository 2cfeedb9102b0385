import { describe, expect, it } from 'vitest'
import { FUNCTION_ARN, testOrigin, weirRecord } from './testing/records.ts'
import { weir } from './weir.ts'

const normalize = (record = weirRecord({ status: 'success' }), more = {}) => weir.normalize(record, testOrigin(more))

describe('weir', () => {
  it('shows rules the header and the body', () => {
    const body = { status: 'timeout', metrics: { durationMs: 3000 } }
    expect(normalize(weirRecord(body)).record).toEqual({
      signal: 'platform.report',
      time: '2026-11-20T09:20:00.000Z',
      functionArn: FUNCTION_ARN,
      functionName: 'orders',
      functionVersion: '7',
      memoryMb: 128,
      region: 'eu-west-1',
      accountId: '111122223333',
      runtime: 'nodejs:24.v9',
      initializationType: 'on-demand',
      invocation: 'request-1',
      sandbox: '00112233445566778899aabbccddeeff',
      sequence: 1,
      extension: '0.1.0',
      record: body,
    })
    expect(normalize(weirRecord('plain line\n')).record['record']).toBe('plain line\n')
  })

  it('takes account and region from the stream, and keeps what was claimed', () => {
    const event = normalize(weirRecord({}), { account: '444455556666', region: 'us-east-1' })
    expect(event.identity).toMatchObject({ account: '444455556666', region: 'us-east-1', function: FUNCTION_ARN, claimed: true })
    expect(event.record).toMatchObject({ accountId: '444455556666', claimedAccount: '111122223333', claimedRegion: 'eu-west-1' })
    expect(event.ocsf['cloud']).toMatchObject({ account: { uid: '444455556666' }, region: 'us-east-1' })
    expect(event.ocsf['unmapped']).toMatchObject({ claimedAccount: '111122223333' })
    expect(event.ocsf.metadata['labels']).toEqual(['weir:claimed-identity'])
  })

  it('makes a uid of the sandbox, the place and the bytes, whatever stream brought them', () => {
    const { uid } = normalize()
    expect(uid).toMatch(/^[0-9a-f]{32}$/)
    expect(normalize(weirRecord({ status: 'success' }), { stream: 'again', id: 'other' }).uid).toBe(uid)
    const others = [
      weirRecord({ status: 'failure' }),
      weirRecord({ status: 'success' }, { index: 1 }),
      weirRecord({ status: 'success' }, { batch: { sequence: 2 } }),
      weirRecord({ status: 'success' }, { batch: { sandbox: 'ff'.repeat(16) } }),
      weirRecord({ status: 'success' }, { record: { signal: 'platform.start' } }),
      weirRecord({ status: 'success' }, { record: { time: 1 } }),
    ]
    expect(new Set([uid, ...others.map(record => normalize(record).uid)]).size).toBe(7)
  })

  it('stands any header', () => {
    const arns = ['', 'x', '__proto__', `${FUNCTION_ARN}:7`, `${FUNCTION_ARN}:$LATEST`]
    for (const arn of arns) {
      const claimed = { arn, version: '', memoryMb: -1, region: '', runtime: '', initializationType: '' }
      const event = normalize(
        weirRecord(null, { batch: { function: claimed }, record: { time: Number.MAX_SAFE_INTEGER, signal: 'toString' } }),
      )
      expect(event.time).toBe(testOrigin().arrival)
      expect(event.ocsf.class_uid).toBe(0)
      expect(event.identity.function).toBe(arn === '' ? undefined : arn.startsWith('arn:') ? FUNCTION_ARN : arn)
    }
  })

  it.each([
    ['platform.report', { status: 'success' }, 6002],
    ['platform.report', { status: 'timeout' }, 6008],
    ['platform.initReport', { status: 'error', errorType: 'Runtime.ExitError' }, 6008],
    ['platform.extension', { name: 'x', errorType: 'Extension.Crash' }, 6008],
    ['platform.fault', 'Runtime exited', 6008],
    ['function', { level: 'ERROR', errorType: 'Error' }, 0],
    ['weir.secret', { kind: 'x' }, 0],
  ])('sorts %s %o into class %i', (signal, body, classUid) => {
    expect(normalize(weirRecord(body, { record: { signal } })).classUid).toBe(classUid)
  })
})
