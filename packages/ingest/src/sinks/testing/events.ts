import { CLASS, OCSF_VERSION, type OcsfEvent } from '@weir/schema/ocsf'

const AWS = { vendor_name: 'AWS', name: 'CloudTrail' }
const cloud = { provider: 'AWS', account: { uid: '111122223333' }, region: 'eu-west-1' }
const FUNCTION = 'arn:aws:lambda:eu-west-1:111122223333:function:orders:7'
const actor = {
  user: { name: 'mallory', uid: 'AIDAEXAMPLE', type: 'IAMUser', credential_uid: 'AKIAEXAMPLE' },
  session: { uid: 'session-1', issuer: 'arn:aws:iam::111122223333:role/deployer' },
}

/** A made-up event of a class. `over` adds and replaces attributes. */
export function event(class_uid: number, activity_id: number, over: Readonly<Record<string, unknown>> = {}): OcsfEvent {
  const time = Date.UTC(2026, 10, 22, 4, 30, 15, 250)
  return {
    class_uid,
    category_uid: Math.floor(class_uid / 1000),
    activity_id,
    type_uid: class_uid * 100 + activity_id,
    time,
    severity_id: 1,
    severity: 'Informational',
    status_id: 1,
    metadata: { version: OCSF_VERSION, uid: `uid-${class_uid}-${activity_id}`, product: AWS, event_code: 'AwsApiCall' },
    cloud,
    ...over,
  }
}

/** One event of every class that Weir emits, with every attribute that a mapping reads. */
export const samples: Readonly<Record<string, OcsfEvent>> = {
  base: event(CLASS.baseEvent, 99, {
    message: 'a line that no source knows',
    unmapped: { level: 'warn', nested: { deep: [1, 2] } },
  }),
  process: event(CLASS.processActivity, 1, {
    actor: { ...actor, process: { pid: 1, name: 'bootstrap' } },
    device: { type_id: 0, hostname: 'sandbox-1', uid: FUNCTION },
    process: {
      pid: 4242,
      uid: 'p-4242',
      name: 'sh',
      path: '/bin/sh',
      cmd_line: 'sh -c id',
      working_directory: '/tmp',
      file: { name: 'sh', type_id: 1, hashes: [{ algorithm_id: 3, value: 'ab'.repeat(32) }] },
      user: { name: 'sbx_user1051', uid: '993' },
      parent_process: { pid: 17, name: 'node', path: '/var/lang/bin/node', cmd_line: 'node index.mjs' },
    },
  }),
  finding: event(CLASS.detectionFinding, 1, {
    severity_id: 5,
    severity: 'Critical',
    is_alert: true,
    message: 'orders may be invoked by anyone',
    risk_score: 80,
    confidence_score: 90,
    metadata: { version: OCSF_VERSION, uid: 'finding-1', product: { vendor_name: 'Weir', name: 'Weir' }, profiles: ['cloud'] },
    finding_info: {
      uid: 'finding-1',
      title: 'Public invoke permission',
      desc: 'A policy lets everyone invoke the function.',
      analytic: {
        type_id: 1,
        type: 'Rule',
        uid: '6f1f7e0e-8d3c-4b5c-9d6c-2f3a1b4c5d6e',
        name: 'Public invoke permission',
        category: 'Sigma',
      },
      attacks: [
        {
          tactic: { uid: 'TA0003', name: 'Persistence' },
          technique: { uid: 'T1098', name: 'Account Manipulation' },
          sub_technique: { uid: 'T1098.001', name: 'Additional Cloud Credentials' },
        },
        { tactic: { uid: 'TA0004', name: 'Privilege Escalation' }, technique: { uid: 'T1098', name: 'Account Manipulation' } },
      ],
      created_time: Date.UTC(2026, 10, 22, 4, 30, 15),
      first_seen_time: Date.UTC(2026, 10, 22, 4, 29),
      last_seen_time: Date.UTC(2026, 10, 22, 4, 30, 15),
      types: ['rule'],
      src_url: 'https://example.com/rules/public-invoke',
    },
    evidences: [{ data: { principal: '*', action: 'lambda:InvokeFunction' } }],
    resources: [{ uid: FUNCTION, name: 'orders', type: 'AWS::Lambda::Function' }],
    actor,
    src_endpoint: { ip: '203.0.113.9' },
    unmapped: { hipaa: ['164.312.a.1'] },
  }),
  account: event(CLASS.accountChange, 1, {
    actor,
    user: { name: 'backdoor', uid: 'AIDABACKDOOR', type: 'IAMUser' },
    src_endpoint: { ip: '203.0.113.9', location: { country: 'NL' } },
    api: { operation: 'CreateUser', service: { name: 'iam.amazonaws.com' }, request: { data: { userName: 'backdoor' } } },
    http_request: { user_agent: 'aws-cli/2' },
  }),
  authentication: event(CLASS.authentication, 1, {
    status_id: 2,
    status_code: 'Failed',
    status_detail: 'No username found',
    actor,
    user: { name: 'alice', uid: 'AIDAALICE', type: 'IAMUser' },
    service: { name: 'signin.amazonaws.com' },
    auth_protocol: 'Password',
    src_endpoint: { ip: '2001:db8::9', port: 51234 },
    http_request: { user_agent: 'Mozilla/5.0' },
  }),
  network: event(CLASS.networkActivity, 6, {
    start_time: Date.UTC(2026, 10, 22, 4, 29),
    end_time: Date.UTC(2026, 10, 22, 4, 30),
    duration: 60_000,
    count: 3,
    action_id: 2,
    src_endpoint: { ip: '10.0.0.5', port: 40000, interface_uid: 'eni-1', hostname: 'a.internal' },
    dst_endpoint: { ip: '198.51.100.7', port: 443, hostname: 'b.example' },
    connection_info: { protocol_name: 'TCP', protocol_num: 6, direction: 'Outbound', direction_id: 2 },
    traffic: { bytes: 300, bytes_in: 100, bytes_out: 200, packets: 3, packets_in: 1, packets_out: 2 },
  }),
  http: event(CLASS.httpActivity, 6, {
    action_id: 1,
    src_endpoint: { ip: '203.0.113.9', port: 50000 },
    dst_endpoint: { hostname: 'api.example', ip: '198.51.100.7', port: 443 },
    http_request: {
      http_method: 'POST',
      user_agent: 'curl/8',
      referrer: 'https://ref.example/',
      url: {
        url_string: 'https://api.example/orders?id=1',
        path: '/orders',
        query_string: 'id=1',
        hostname: 'api.example',
        scheme: 'https',
      },
    },
    http_response: { code: 503 },
    traffic: { bytes: 30, bytes_in: 10, bytes_out: 20 },
    duration: 12,
    metadata: {
      version: OCSF_VERSION,
      uid: 'http-1',
      product: { vendor_name: 'AWS', name: 'API Gateway' },
      tenant_uid: 'tenant-1',
    },
  }),
  lifecycle: event(CLASS.applicationLifecycle, 3, {
    app: { name: 'orders', uid: FUNCTION, version: '7', vendor_name: 'AWS' },
    actor: { app_name: 'Lambda' },
    unmapped: { init_ms: 120.5 },
  }),
  api: event(CLASS.apiActivity, 3, {
    actor,
    api: {
      operation: 'UpdateFunctionCode20150331v2',
      service: { name: 'lambda.amazonaws.com' },
      request: { uid: 'r-1', data: { functionName: 'orders', publish: true } },
      response: { error: 'AccessDenied', error_message: 'not allowed' },
    },
    status_id: 2,
    src_endpoint: { domain: 'cloudformation.amazonaws.com' },
    http_request: { user_agent: 'cloudformation.amazonaws.com' },
    resources: [{ uid: FUNCTION, name: 'orders', type: 'AWS::Lambda::Function' }],
    metadata: { version: OCSF_VERSION, uid: 'api-1', product: AWS, original_event_uid: 'b1946ac9', log_name: 'management' },
    raw_data: '{"eventName":"UpdateFunctionCode20150331v2"}',
  }),
  apiRead: event(CLASS.apiActivity, 2, {
    actor,
    api: { operation: 'GetFunction', service: { name: 'lambda.amazonaws.com' } },
    src_endpoint: { ip: '203.0.113.9' },
    resources: [{ uid: FUNCTION, name: 'orders', type: 'AWS::Lambda::Function' }],
  }),
  error: event(CLASS.applicationError, 1, {
    severity_id: 4,
    status_id: 2,
    message: 'Task timed out after 3.00 seconds',
    resources: [{ uid: FUNCTION, name: 'orders', type: 'AWS::Lambda::Function' }],
  }),
}

/** An event in which every attribute that a mapping might read has a wrong type or a hostile value. */
export const hostile: readonly OcsfEvent[] = [
  event(CLASS.apiActivity, 1, {
    time: Date.UTC(2026, 0, 1),
    message: { toString: 'x' },
    actor: 'root',
    api: [{ operation: 'x' }],
    cloud: null,
    src_endpoint: { ip: { nested: true }, port: '99999999999999999999' },
    dst_endpoint: 7,
    resources: { 0: 'not a list' },
    status_id: 'one',
    severity_id: 42,
    duration: Number.NaN,
    unmapped: JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1, "line": "a\\nb\\u2028\\ud800"}'),
  }),
  event(CLASS.detectionFinding, 1, {
    finding_info: { uid: 'x', attacks: [null, 'T1098', { technique: 'T1098' }] },
    evidences: 'none',
  }),
  event(12_345, 7, {}),
]
