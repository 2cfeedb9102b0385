import { describe, expect, it } from 'vitest'
import { bareRecord, logRecord, testOrigin } from '../testing/records.ts'
import { cloudwatchLogs } from '../cloudwatch-logs.ts'
import { other } from '../other.ts'
import { placeOf } from './logsource.ts'
import type { Fields } from './values.ts'

const named = (record: Fields): string | undefined => {
  const place = placeOf(record)
  return place && Object.values(place.logsource).join(' ')
}

describe('the log source of a record', () => {
  it.each<[string | undefined, Fields]>([
    [
      'gcp gcp.audit',
      {
        logName: 'projects/p/logs/x',
        protoPayload: { serviceName: 'storage.googleapis.com', methodName: 'storage.buckets.list' },
      },
    ],
    ['gcp google_workspace.admin', { protoPayload: { serviceName: 'admin.googleapis.com' } }],
    ['gcp google_workspace.login', { protoPayload: { serviceName: 'login.googleapis.com' } }],
    ['gcp http_load_balancer', { resource: { type: 'http_load_balancer' }, httpRequest: { requestMethod: 'GET' } }],
    [
      'azure activitylogs',
      { category: 'Administrative', resourceId: '/subscriptions/x', operationName: 'MICROSOFT.WEB/SITES/WRITE' },
    ],
    ['azure auditlogs', { category: 'AuditLogs', resourceId: '/tenants/x', properties: { loggedByService: 'Core Directory' } }],
    ['azure auditlogs', { category: 'Policy', resourceId: '/tenants/x', properties: { loggedByService: 'Core Directory' } }],
    ['azure auditlogs', { Type: 'AuditLogs', TimeGenerated: '2026-01-01T00:00:00Z', OperationName: 'Add user' }],
    ['azure signinlogs', { category: 'NonInteractiveUserSignInLogs', resourceId: '/tenants/x' }],
    [
      'azure riskdetection',
      { category: 'UserRiskEvents', resourceId: '/tenants/x', properties: { riskEventType: 'newCountry' } },
    ],
    [
      'azure pim',
      { category: 'UserRiskEvents', resourceId: '/tenants/x', properties: { riskEventType: 'staleSignInAlertIncident' } },
    ],
    [undefined, { category: 'StorageWrite', resourceId: '/subscriptions/x' }],
    ['kubernetes audit application', { kind: 'Event', apiVersion: 'audit.k8s.io/v1', auditID: 'a', verb: 'create' }],
    [undefined, { kind: 'Event', apiVersion: 'v1', auditID: 'a' }],
    ['okta okta', { eventType: 'user.session.start', published: '2026-01-01T00:00:00Z', actor: {} }],
    ['m365 audit', { Workload: 'Exchange', Operation: 'New-InboxRule', RecordType: 1 }],
    ['bitbucket audit', { auditType: { action: 'User login failed', category: 'Authentication' } }],
    ['github audit', { action: 'repo.destroy', actor: 'a', org: 'o', created_at: 1_767_225_600_000 }],
    [undefined, { action: 'allow', actor: 'a', org: 'o', created_at: 1 }],
    ['onelogin onelogin.events', { event_type_id: 90, account_id: 1 }],
    ['opencanary application', { logtype: 4002, node_id: 'n', logdata: {} }],
    ['aws waf', { webaclId: 'arn', action: 'ALLOW', httpRequest: { uri: '/' } }],
    ['aws cloudfront', { 'cs-method': 'GET', 'x-edge-location': 'FRA', 'cs-uri-stem': '/' }],
    ['aws alb', { elb_status_code: 200, request_verb: 'GET' }],
    ['aws apigateway', { requestId: 'a', httpMethod: 'GET', resourcePath: '/x', status: '200' }],
    [undefined, {}],
    [undefined, { httpRequest: null, protoPayload: 'text', category: [], Type: 5, action: {}, auditType: [] }],
  ])('is %s by its shape', (expected, record) => {
    expect(named(record)).toBe(expected)
  })

  it('is one object for all events of a kind', () => {
    const record = { webaclId: 'a', action: 'ALLOW', httpRequest: {} }
    expect(placeOf(record)?.logsource).toBe(placeOf({ ...record })?.logsource)
  })

  it('brings WAF’s headers by name, and path and query as one', () => {
    const headers = [{ name: 'User-Agent', value: 'curl/8' }, { name: '__proto__', value: 'x' }, null, { name: 5 }]
    const place = placeOf({ webaclId: 'a', action: 'ALLOW', httpRequest: { uri: '/a', args: 'b=c', headers } })
    expect(place?.record).toMatchObject({ uri: '/a?b=c', headers: { 'user-agent': 'curl/8' } })
    expect(placeOf({ webaclId: 'a', action: 'ALLOW', httpRequest: 5 })?.record['uri']).toBeUndefined()
  })

  it('brings CloudFront’s path and query as one, where there is a query', () => {
    const uri = (query: unknown): unknown =>
      placeOf({ 'cs-method': 'GET', 'x-edge-location': 'F', 'cs-uri-stem': '/a', 'cs-uri-query': query })?.record['uri']
    expect([uri('-'), uri('x=1'), uri(undefined)]).toEqual(['/a', '/a?x=1', '/a'])
  })
})

describe('other and CloudWatch Logs', () => {
  const waf = { webaclId: 'arn', action: 'ALLOW', timestamp: 1_767_225_600_000, httpRequest: { uri: '/a' } }

  it('give a record the log source of its shape, and its own time', () => {
    const event = other.normalize(bareRecord(waf), testOrigin())
    expect(event).toMatchObject({
      logsource: { product: 'aws', service: 'waf' },
      time: 1_767_225_600_000,
      record: { webaclId: 'arn' },
    })
    expect(other.normalize(bareRecord({ a: 1 }), testOrigin()).logsource).toEqual({})
  })

  it('but not what a function printed', () => {
    const of = (group: string) => cloudwatchLogs.normalize(logRecord(group, waf), testOrigin())
    expect(of('aws-waf-logs-api')).toMatchObject({ logsource: { service: 'waf' }, record: { uri: '/a' } })
    expect(of('/aws/lambda/f')).toMatchObject({ logsource: { service: 'cloudwatch-logs' }, record: { record: waf } })
  })
})
