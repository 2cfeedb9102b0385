import { describe, expect, it } from 'vitest'
import { testRecorder } from '../testing/recorder.ts'
import { tellTrigger } from './trigger.ts'

const HTTP = {
  version: '2.0',
  rawPath: '/orders',
  requestContext: {
    domainName: 'abc.lambda-url.eu-west-1.on.aws',
    http: { method: 'GET', path: '/orders', sourceIp: '203.0.113.9', userAgent: 'curl/8.7' },
    authorizer: { jwt: { claims: { sub: 'user-1' } } },
  },
}

const KEY = ['AKIA', 'Z3MGNRXQ4TB7YKLW'].join('')

function sandbox() {
  const { recorder, shipped } = testRecorder()
  let time = 0
  return {
    invoke: (requestId: string) => {
      recorder.sandbox.observe({ type: 'platform.start', time, record: { requestId } })
    },
    print: (...records: unknown[]) => {
      for (const record of records) tellTrigger({ type: 'function', time: ++time, record }, recorder)
      return shipped().map(({ invocation, body }) => ({ invocation, body }))
    },
  }
}
const one = (event: unknown) => sandbox().print(JSON.stringify(event))[0]?.body

describe('the trigger of an invocation', () => {
  it.each<[string, unknown, Record<string, string>]>([
    [
      'an HTTP API or function URL',
      HTTP,
      {
        source: 'http-api',
        sourceIp: '203.0.113.9',
        userAgent: 'curl/8.7',
        method: 'GET',
        path: '/orders',
        host: 'abc.lambda-url.eu-west-1.on.aws',
        principal: 'user-1',
      },
    ],
    [
      'a REST API',
      {
        httpMethod: 'POST',
        path: '/pay',
        headers: { 'x-forwarded-for': '192.0.2.1' },
        requestContext: { identity: { sourceIp: '203.0.113.7', userAgent: 'app/1' }, authorizer: { principalId: 'p-1' } },
      },
      { source: 'rest-api', sourceIp: '203.0.113.7', userAgent: 'app/1', method: 'POST', path: '/pay', principal: 'p-1' },
    ],
    [
      'a load balancer',
      {
        httpMethod: 'GET',
        path: '/',
        headers: { 'x-forwarded-for': '203.0.113.5, 10.0.0.1', 'user-agent': 'probe' },
        requestContext: { elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/t/1' } },
      },
      { source: 'alb', sourceIp: '203.0.113.5, 10.0.0.1', userAgent: 'probe', method: 'GET', path: '/' },
    ],
    [
      'S3',
      {
        Records: [
          {
            eventSource: 'aws:s3',
            eventName: 'ObjectCreated:Put',
            userIdentity: { principalId: 'AWS:AROAEXAMPLE:up' },
            requestParameters: { sourceIPAddress: '203.0.113.4' },
            s3: { bucket: { arn: 'arn:aws:s3:::in' }, object: { key: 'a/b.csv' } },
          },
        ],
      },
      {
        source: 'aws:s3',
        sourceIp: '203.0.113.4',
        method: 'ObjectCreated:Put',
        path: 'a/b.csv',
        principal: 'AWS:AROAEXAMPLE:up',
        resource: 'arn:aws:s3:::in',
      },
    ],
    [
      'SQS',
      {
        Records: [
          {
            eventSource: 'aws:sqs',
            eventSourceARN: 'arn:aws:sqs:eu-west-1:111122223333:q',
            attributes: { SenderId: 'AROAEXAMPLE:s' },
          },
        ],
      },
      { source: 'aws:sqs', principal: 'AROAEXAMPLE:s', resource: 'arn:aws:sqs:eu-west-1:111122223333:q' },
    ],
    [
      'SNS',
      { Records: [{ EventSource: 'aws:sns', Sns: { TopicArn: 'arn:aws:sns:eu-west-1:111122223333:t' } }] },
      { source: 'aws:sns', resource: 'arn:aws:sns:eu-west-1:111122223333:t' },
    ],
    [
      'EventBridge',
      { source: 'aws.ec2', account: '111122223333', 'detail-type': 'EC2 Instance State-change Notification', detail: {} },
      { source: 'eventbridge', method: 'EC2 Instance State-change Notification', principal: '111122223333', resource: 'aws.ec2' },
    ],
    [
      'Cognito',
      { triggerSource: 'PreSignUp_SignUp', userPoolId: 'eu-west-1_abc', userName: 'alice', request: {} },
      { source: 'cognito', method: 'PreSignUp_SignUp', principal: 'alice', resource: 'eu-west-1_abc' },
    ],
  ])('is told of %s', (_, event, body) => {
    expect(one(event)).toMatchObject(body)
  })

  it('stands at the end of a line, in the message of a JSON log, or is that message', () => {
    const line = `2026-01-01T00:00:00Z\tid\tINFO\t${JSON.stringify(HTTP)}\n`
    for (const record of [line, { level: 'INFO', message: line }, { message: HTTP }, HTTP])
      expect(sandbox().print(record)).toMatchObject([{ body: { source: 'http-api', sourceIp: '203.0.113.9' } }])
  })

  it('is read as Python prints it', () => {
    const line =
      `INFO {'version': '2.0', 'requestContext': {'http': {'method': 'GET', 'path': '/caf\\xe9/it\\'s', ` +
      `'sourceIp': '203.0.113.9', 'userAgent': "it's"}}, 'body': '{"a": "b"}', 'isBase64Encoded': False, 'x': None}\n`
    expect(sandbox().print(line)[0]?.body).toEqual({
      source: 'http-api',
      sourceIp: '203.0.113.9',
      userAgent: "it's",
      method: 'GET',
      path: "/café/it's",
    })
  })

  it('is looked for in linear time in a line that is made to cost much', () => {
    for (const part of ["\\'", "'", '"\\', "{'"]) expect(sandbox().print(`'Records' {${part.repeat(32_000)}}`)).toEqual([])
  })

  it('is told once an invocation, under the request that the line names or that was running', () => {
    const { invoke, print } = sandbox()
    const id = '0a1b2c3d-0000-4000-8000-000000000001'
    invoke('r-1')
    expect(print(HTTP, HTTP)).toMatchObject([{ invocation: 'r-1' }])
    invoke('r-2')
    expect(print(HTTP)).toMatchObject([{ invocation: 'r-2' }])
    expect(print({ requestId: id, message: HTTP })).toMatchObject([{ invocation: id }])
    expect(print({ requestId: 'made up', message: HTTP })).toMatchObject([{ invocation: 'r-2' }])
  })

  it('is given up after four lines that only look like it', () => {
    const { invoke, print } = sandbox()
    invoke('r-1')
    const broken = '{"requestContext": {'
    expect(print(broken, broken, broken, broken, JSON.stringify(HTTP))).toEqual([])
    invoke('r-2')
    expect(print(JSON.stringify(HTTP))).toHaveLength(1)
  })

  it('masks secrets, cuts long texts, and takes nothing but text', () => {
    const context = {
      http: { method: 'GET', path: `/x?key=${KEY}&${'y.'.repeat(110)}${KEY}${'y'.repeat(5_000)}`, sourceIp: { a: 1 } },
    }
    const body = one({ requestContext: context }) as Record<string, string>
    expect(Object.keys(body)).toEqual(['source', 'method', 'path'])
    expect(body['path']).not.toContain(KEY.slice(0, 8))
    expect(body['path']?.length).toBeLessThan(400)
  })
})
