import { describe, expect, it } from 'vitest'
import { classify, withoutApiVersion } from './cloudtrail/classify.ts'
import { cloudtrail } from './cloudtrail.ts'
import { bareRecord, logRecord, testOrigin } from './testing/records.ts'

const ID = '10000000-0000-4000-8000-000000000001'
const trail = {
  eventVersion: '1.11',
  eventID: ID,
  eventTime: '2026-11-20T09:15:00Z',
  eventSource: 'lambda.amazonaws.com',
  eventName: 'Invoke',
  awsRegion: 'eu-west-1',
  recipientAccountId: '111122223333',
  userIdentity: { type: 'IAMUser', userName: 'robin' },
}
const only = testOrigin({ sources: ['cloudtrail'] })

describe('cloudtrail', () => {
  it('is told from what looks alike', () => {
    expect(cloudtrail.recognize(bareRecord(trail))).toBe(true)
    expect(cloudtrail.recognize(bareRecord({ 'detail-type': 'AWS API Call via CloudTrail', detail: trail }))).toBe(true)
    expect(cloudtrail.recognize(bareRecord({ 'detail-type': 'Scheduled Event', detail: trail }))).toBe(false)
    expect(cloudtrail.recognize(bareRecord({ ...trail, eventSource: 'aws:s3', eventName: 'ObjectCreated:Put' }))).toBe(false)
    expect(cloudtrail.recognize(bareRecord({ eventSource: 'x', eventName: 'y' }))).toBe(false)
    expect(cloudtrail.recognize(bareRecord({ ...trail, eventName: 7 }))).toBe(false)
    for (const value of [null, 'text', [trail], 7]) expect(cloudtrail.recognize(bareRecord(value))).toBe(false)
  })

  it('is not what a function prints', () => {
    expect(cloudtrail.recognize(logRecord('/aws/lambda/orders', trail))).toBe(false)
    expect(cloudtrail.recognize(logRecord('aws-cloudtrail-logs', trail))).toBe(true)
  })

  it('keeps its own id where only CloudTrail can have written it', () => {
    const vouched = cloudtrail.normalize(bareRecord(trail), only)
    expect([vouched.uid, vouched.identity.claimed]).toEqual([ID, false])
    expect(cloudtrail.normalize(logRecord('trail', trail), only).uid).toBe(ID)
    expect(cloudtrail.normalize(bareRecord(trail), testOrigin({ file: true })).uid).toBe(ID)
  })

  it('makes the id a claim where others write too', () => {
    const withFunctions = cloudtrail.normalize(bareRecord(trail), testOrigin())
    const withLogs = cloudtrail.normalize(logRecord('trail', trail), testOrigin({ sources: ['cloudtrail', 'cloudwatch-logs'] }))
    for (const event of [withFunctions, withLogs]) {
      expect(event.uid).toMatch(/^[0-9a-f]{32}$/)
      expect(event.identity.claimed).toBe(true)
      expect(event.ocsf.metadata['original_event_uid']).toBe(ID)
      expect(event.ocsf.metadata['labels']).toEqual(['weir:claimed-identity'])
    }
  })

  it('has a uid by its place when it has no id of its own', () => {
    const uid = (index: number, more = {}) =>
      cloudtrail.normalize(bareRecord({ ...trail, eventID: 7 }, { index }), { ...only, ...more }).uid
    expect(uid(0)).toBe(uid(0))
    expect(uid(1)).not.toBe(uid(0))
    expect(uid(0, { id: 'shardId-000000000000:2' })).not.toBe(uid(0))
  })

  it('gives rules the record itself', () => {
    const event = cloudtrail.normalize(bareRecord({ 'detail-type': 'AWS Service Event via CloudTrail', detail: trail }), only)
    expect(event.record).toEqual(trail)
    expect(event.logsource).toEqual({ product: 'aws', service: 'cloudtrail' })
  })

  it('reads its time in both spellings, and takes the arrival when there is none', () => {
    const at = (eventTime: unknown) => cloudtrail.normalize(bareRecord({ ...trail, eventTime }), only).time
    expect(at('2026-11-20T09:15:00Z')).toBe(Date.UTC(2026, 10, 20, 9, 15))
    expect(at('2026-11-20 09:15:00.250000000')).toBe(Date.UTC(2026, 10, 20, 9, 15, 0, 250))
    for (const time of [undefined, 'yesterday', 7, '2026-13-45T99:99:99Z']) expect(at(time)).toBe(only.arrival)
  })

  it.each([
    ['orders', 'arn:aws:lambda:eu-west-1:111122223333:function:orders'],
    ['orders:live', 'arn:aws:lambda:eu-west-1:111122223333:function:orders'],
    ['444455556666:function:orders', 'arn:aws:lambda:eu-west-1:444455556666:function:orders'],
    ['arn:aws:lambda:us-east-1:444455556666:function:orders:7', 'arn:aws:lambda:us-east-1:444455556666:function:orders'],
    ['not a name', undefined],
    [7, undefined],
  ])('names the function of a request: %s', (functionName, arn) => {
    expect(cloudtrail.normalize(bareRecord({ ...trail, requestParameters: { functionName } }), only).identity.function).toBe(arn)
  })

  it('names the function whose credentials were used', () => {
    const arn = 'arn:aws:lambda:eu-west-1:111122223333:function:orders'
    const inScopeOf = { issuerType: 'AWS::Lambda::Function', credentialsIssuedTo: arn }
    const event = cloudtrail.normalize(
      bareRecord({ ...trail, eventSource: 's3.amazonaws.com', userIdentity: { inScopeOf } }),
      only,
    )
    expect(event.identity.function).toBe(arn)
    expect(event.ocsf['actor']).toMatchObject({ app_uid: arn })
  })

  it('keeps the account of the stream before that of the record', () => {
    const event = cloudtrail.normalize(bareRecord(trail), { ...only, account: '999988887777' })
    expect(event.identity.account).toBe('999988887777')
    expect(event.ocsf['unmapped']).toMatchObject({ recipientAccountId: '111122223333' })
  })

  it.each([
    ['signin.amazonaws.com', 'ConsoleLogin', {}, 3002, 1, 'Logon'],
    ['sts.amazonaws.com', 'AssumeRole', {}, 3002, 7, 'Account Switch'],
    ['iam.amazonaws.com', 'CreateUser', {}, 3001, 1, 'Create'],
    ['iam.amazonaws.com', 'UpdateAccessKey', { requestParameters: { status: 'Inactive' } }, 3001, 5, 'Disable'],
    ['iam.amazonaws.com', 'CreatePolicy', {}, 6003, 1, 'Create'],
    ['lambda.amazonaws.com', 'UpdateFunctionCode20150331v2', {}, 6003, 3, 'Update'],
    ['lambda.amazonaws.com', 'Invoke', {}, 6003, 99, 'Invoke'],
    ['ec2.amazonaws.com', 'GetPasswordData', { readOnly: true }, 6003, 2, 'Read'],
    ['ec2.amazonaws.com', 'TerminateInstances', {}, 6003, 4, 'Delete'],
    ['x', 'toString', {}, 6003, 99, 'toString'],
    ['constructor', 'name', {}, 6003, 99, 'name'],
  ])('sorts %s %s', (source, name, record, classUid, id, caption) => {
    expect(classify(source, name, record)).toEqual({ classUid, id, name: caption })
  })

  it('leaves the API version out of captions only', () => {
    expect(withoutApiVersion('AddPermission20150331v2')).toBe('AddPermission')
    expect(withoutApiVersion('ListFunctions20150331')).toBe('ListFunctions')
  })
})
