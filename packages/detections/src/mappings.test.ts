import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createEngine, linkRules, type LogSource, type Parsed, parseDocument, parseRules, type Rule } from '@weir/sigma'
import { describe, expect, it } from 'vitest'
import { loadMappings } from './mappings.ts'

const mappings = await loadMappings()

type Record = { readonly [field: string]: unknown }

const ruleOf = (logsource: LogSource, selection: object): Rule => {
  const read = parseDocument({ title: 'T', logsource, detection: { selection, condition: 'selection' } }, 't.yml')
  if (!('rule' in read)) throw new Error('refused' in read ? read.refused.reason : 'no rule')
  return read.rule
}
const linked = (rule: Rule): readonly Rule[] =>
  linkRules([{ rules: [rule], correlations: [], filters: [], refused: [], mappings }]).rules

const source = (product: string, service: string): LogSource => ({ product, service })
const webserver: LogSource = { category: 'webserver' }
const proxy: LogSource = { category: 'proxy' }
const waf = {
  action: 'ALLOW',
  httpRequest: { httpMethod: 'GET', uri: '/a/b', args: 'q=1' },
  headers: { 'user-agent': 'curl/8.1' },
  uri: '/a/b?q=1',
}

/** What a rule says, the log source of the event, events that it must and that it must not match. Without mappings it matches none. */
const rows: readonly [LogSource, object, LogSource, readonly Record[], readonly Record[]][] = [
  [
    source('gcp', 'gcp.audit'),
    { 'gcp.audit.method_name': 'v*.Compute.Firewalls.Delete' },
    source('gcp', 'gcp.audit'),
    [{ protoPayload: { methodName: 'v1.compute.firewalls.delete' } }],
    [{ protoPayload: { methodName: 'v1.compute.firewalls.get' } }],
  ],
  [
    source('gcp', 'gcp.audit'),
    { 'gcp.audit.method_name|endswith': ['.serviceAccounts.create', '.serviceAccounts.patch'] },
    source('gcp', 'gcp.audit'),
    [{ protoPayload: { methodName: 'google.iam.admin.v1.CreateServiceAccount' } }],
    [{ protoPayload: { methodName: 'google.iam.admin.v1.ListServiceAccounts' } }],
  ],
  [
    source('gcp', 'gcp.audit'),
    {
      'data.protoPayload.authorizationInfo.granted': 'true',
      'data.protoPayload.logName': 'cloudaudit.googleapis.com%2Factivity',
      'data.protoPayload.resource.type': 'k8s_cluster',
    },
    source('gcp', 'gcp.audit'),
    [
      {
        logName: 'projects/shop/logs/cloudaudit.googleapis.com%2Factivity',
        resource: { type: 'k8s_cluster' },
        protoPayload: { authorizationInfo: [{ granted: true }] },
      },
    ],
    [{ resource: { type: 'k8s_cluster' }, protoPayload: { authorizationInfo: [{ granted: true }] } }],
  ],
  [
    source('gcp', 'google_workspace.admin'),
    { eventService: 'admin.googleapis.com', eventName: 'DELETE_ROLE' },
    source('gcp', 'google_workspace.admin'),
    [
      { protoPayload: { serviceName: 'admin.googleapis.com', metadata: { event: [{ eventName: 'DELETE_ROLE' }] } } },
      { id: { applicationName: 'admin' }, events: [{ name: 'DELETE_ROLE' }] },
    ],
    [{ id: { applicationName: 'drive' }, events: [{ name: 'DELETE_ROLE' }] }],
  ],
  [
    source('azure', 'auditlogs'),
    { OperationName: 'Update user', LoggedByService: 'Core Directory', Category: 'UserManagement', Status: 'Success' },
    source('azure', 'auditlogs'),
    [
      {
        operationName: 'Update user',
        category: 'AuditLogs',
        properties: { loggedByService: 'Core Directory', category: 'UserManagement', result: 'success' },
      },
    ],
    [{ operationName: 'Update user', properties: { loggedByService: 'Core Directory', category: 'Policy', result: 'success' } }],
  ],
  [
    source('azure', 'auditlogs'),
    { 'properties.message|contains|all': ['add member', 'role'], 'properties.targetResources|contains': 'Admin' },
    source('azure', 'auditlogs'),
    [{ operationName: 'Add member to role', properties: { targetResources: [{ displayName: 'Global Administrator' }] } }],
    [{ operationName: 'Add member to group', properties: { targetResources: [{ displayName: 'Admins' }] } }],
  ],
  [
    source('azure', 'signinlogs'),
    { ResultType: 50097, 'DeviceDetail.trusttype': null, Status: 'Failure' },
    source('azure', 'signinlogs'),
    [{ resultType: '50097', resultSignature: 'FAILURE', properties: { deviceDetail: {} } }],
    [{ resultType: '50097', resultSignature: 'FAILURE', properties: { deviceDetail: { trustType: 'AzureAd' } } }],
  ],
  [
    source('azure', 'signinlogs'),
    { Status: 'Success', AuthenticationRequirement: 'singleFactorAuthentication' },
    source('azure', 'signinlogs'),
    [{ resultType: '0', properties: { authenticationRequirement: 'singleFactorAuthentication' } }],
    [{ resultType: '50126', properties: { authenticationRequirement: 'singleFactorAuthentication' } }],
  ],
  [
    source('azure', 'activitylogs'),
    { CategoryValue: 'Administrative', ResourceProviderValue: 'Microsoft.ADHybridHealthService' },
    source('azure', 'activitylogs'),
    [{ category: 'Administrative', resourceId: '/tenants/t/providers/Microsoft.ADHybridHealthService/services/s' }],
    [{ category: 'Administrative', resourceId: '/tenants/t/providers/Microsoft.Web/sites/s' }],
  ],
  [
    source('azure', 'riskdetection'),
    { riskEventType: 'newCountry' },
    source('azure', 'riskdetection'),
    [{ properties: { riskEventType: 'newCountry' } }],
    [{ properties: { riskEventType: 'passwordSpray' } }],
  ],
  [
    source('m365', 'threat_management'),
    { eventSource: 'SecurityComplianceCenter', eventName: 'Impossible travel activity', status: 'success' },
    source('m365', 'audit'),
    [
      {
        Workload: 'SecurityComplianceCenter',
        Operation: 'AlertTriggered',
        Name: 'Impossible travel activity',
        ResultStatus: 'Succeeded',
      },
    ],
    [{ Workload: 'Exchange', Name: 'Impossible travel activity', ResultStatus: 'Succeeded' }],
  ],
  [
    source('kubernetes', 'audit'),
    { verb: 'create', hostPath: '*' },
    source('kubernetes', 'audit'),
    [{ verb: 'create', requestObject: { spec: { volumes: [{ name: 'v', hostPath: { path: '/' } }] } } }],
    [{ verb: 'create', requestObject: { spec: { volumes: [{ name: 'v', emptyDir: {} }] } } }],
  ],
  [
    source('aws', 'cloudtrail'),
    { eventSource: 'lambda.amazonaws.com', eventName: ['CreateFunction', 'UpdateFunctionCode'] },
    source('aws', 'cloudtrail'),
    [
      { eventSource: 'lambda.amazonaws.com', eventName: 'CreateFunction20150331' },
      { eventSource: 'lambda.amazonaws.com', eventName: 'UpdateFunctionCode20150331v2' },
    ],
    [
      { eventSource: 'lambda.amazonaws.com', eventName: 'CreateFunctionUrlConfig20211031' },
      { eventSource: 'appsync.amazonaws.com', eventName: 'CreateFunction20150331' },
    ],
  ],
  [webserver, { 'cs-method': 'GET', 'cs-uri-query|contains': '/b?q=' }, source('aws', 'waf'), [waf], [{ ...waf, uri: '/b' }]],
  [
    proxy,
    { 'c-useragent|startswith': 'curl/', 'c-uri|endswith': '?q=1' },
    source('aws', 'waf'),
    [waf],
    [{ ...waf, headers: {} }],
  ],
  [
    webserver,
    { 'cs-method': 'GET', 'sc-status': 200, 'cs-uri-stem|contains': '/b', 'cs-user-agent': 'x' },
    source('aws', 'cloudfront'),
    [{ 'cs-method': 'GET', 'sc-status': '200', 'cs-uri-stem': '/a/b', 'cs(User-Agent)': 'x' }],
    [{ 'cs-method': 'GET', 'sc-status': '404', 'cs-uri-stem': '/a/b', 'cs(User-Agent)': 'x' }],
  ],
  [
    webserver,
    { 'cs-method': 'GET', 'sc-status': 200, 'cs-uri-query|contains': '/b' },
    source('aws', 'apigateway'),
    [{ httpMethod: 'GET', status: '200', resourcePath: '/a/b' }],
    [{ httpMethod: 'GET', status: '200', resourcePath: '/a/c' }],
  ],
  [
    webserver,
    { 'cs-method': 'GET', 'sc-status': 200, 'cs-uri-query|contains': '/b?' },
    source('aws', 'alb'),
    [{ request_verb: 'GET', elb_status_code: 200, request_url: 'https://shop.example:443/a/b?c' }],
    [{ request_verb: 'PUT', elb_status_code: 200, request_url: 'https://shop.example:443/a/b?c' }],
  ],
  [
    webserver,
    { 'cs-method': 'GET', 'sc-status': 200, 'cs-referer': null },
    source('gcp', 'http_load_balancer'),
    [{ httpRequest: { requestMethod: 'GET', status: 200 } }],
    [{ httpRequest: { requestMethod: 'GET', status: 200, referer: 'x' } }],
  ],
]

describe('Weir’s own field mappings', () => {
  it.each(rows)('%j %j on events of %j', (logsource, selection, events, matching, other) => {
    const rule = ruleOf(logsource, selection)
    const hits = (rules: readonly Rule[], list: readonly Record[]): number =>
      list.filter(record => createEngine(rules).match({ logsource: events, record, ocsf: {} }).length > 0).length
    expect(hits(linked(rule), matching)).toBe(matching.length)
    expect(hits(linked(rule), other)).toBe(0)
    expect(hits([rule], matching)).toBe(0)
  })

  it('leave the meaning of a rule for CloudTrail as it was: no event matches that has neither its name nor that name with a version', () => {
    const stop = linked(ruleOf(source('aws', 'cloudtrail'), { eventName: ['StopLogging', 'CreateUser'] }))[0]
    expect(JSON.stringify(stop?.condition)).not.toContain('2015')
  })
})

const SIGMA = new URL('../../../../shared/data/sigma/', import.meta.url).pathname
const PANTHER = new URL('../../../../shared/data/panther/', import.meta.url).pathname
const noData = !existsSync(SIGMA) || !existsSync(PANTHER)
if (noData) process.stdout.write(`skipped: mappings over public rules and logs, because ${SIGMA} is not there\n`)

describe.skipIf(noData)('Weir’s mappings over public rules', () => {
  const parsed = ['rules/cloud/gcp', 'rules/cloud/azure', 'rules/web'].flatMap(folder =>
    readdirSync(`${SIGMA}${folder}`, { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.yml'))
      .map((name): Parsed => parseRules(readFileSync(`${SIGMA}${folder}/${name}`, 'utf8'), name)),
  )

  it('make rules for Google Cloud match its raw audit logs, where none did', () => {
    const logs = readdirSync(PANTHER)
      .filter(name => name.endsWith('.jsonl'))
      .flatMap(name => readFileSync(`${PANTHER}${name}`, 'utf8').trim().split('\n'))
      .map(line => (JSON.parse(line) as { log?: Record }).log ?? {})
      .filter(log => typeof log['protoPayload'] === 'object')
    const titles = (rules: readonly Rule[]): string[] => {
      const engine = createEngine(rules)
      return logs.flatMap(record =>
        engine.match({ logsource: source('gcp', 'gcp.audit'), record, ocsf: {} }).map(({ rule }) => rule.meta.title),
      )
    }
    expect(titles(linkRules(parsed).rules)).toEqual([])
    const found = titles(linkRules(parsed, mappings).rules)
    process.stdout.write(
      `SigmaHQ on ${logs.length} Google Cloud audit events: 0 matches without mappings, ${found.length} with\n`,
    )
    expect([...new Set(found)].toSorted()).toEqual([
      'Google Cloud Firewall Modified or Deleted',
      'Google Cloud Kubernetes CronJob',
      'Google Cloud Service Account Modified',
      'Google Cloud Storage Buckets Modified or Deleted',
    ])
  })

  it('know every field that rules for the mapped log sources use, or it is the event’s own', () => {
    const native =
      /^(operationName|OperationName|userAgent|protoPayload\..*|cs-.*|sc-.*|dst_ip|c-uri-extension|verb|requestURI|objectRef\..*|responseStatus\..*)$/
    const lines = readFileSync(`${SIGMA}cloud-fields.tsv`, 'utf8').trim().split('\n').slice(1)
    const unknown = lines.flatMap(line => {
      const [product = '', category = '', service = '', field = ''] = line.split('\t')
      const of = { product, category, service }
      const own = mappings.filter(({ rules }) =>
        (['product', 'category', 'service'] as const).every(key => rules[key] === undefined || rules[key] === of[key]),
      )
      const relevant = own.filter(({ fields, prefixes }) => fields || prefixes)
      if (relevant.length === 0 || field === '<keyword>' || native.test(field)) return []
      const known = relevant.some(
        ({ fields = {}, prefixes = {} }) =>
          Object.hasOwn(fields, field) || Object.keys(prefixes).some(prefix => field.startsWith(prefix)),
      )
      return known ? [] : [`${product}/${category}/${service}: ${field}`]
    })
    // One of a list of `{displayName, newValue}`: no field's name says which.
    expect(unknown).toEqual(['azure/-/auditlogs: ConsentContext.IsAdminConsent'])
  })
})
