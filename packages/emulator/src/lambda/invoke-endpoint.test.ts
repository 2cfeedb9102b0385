import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startBench, type Bench } from './bench.ts'
import { startInvokeEndpoint, type InvokeEndpoint } from './invoke-endpoint.ts'

let bench: Bench
let endpoint: InvokeEndpoint
beforeEach(async () => {
  bench = startBench()
  endpoint = await startInvokeEndpoint(bench.lambda)
})
afterEach(async () => {
  await endpoint.close()
  await bench.close()
})

function call(path: string, body = '', headers: Record<string, string> = {}, method = 'POST') {
  return new Promise<{ status: number | undefined; headers: NodeJS.Dict<string | string[]>; text: string }>((resolve, reject) => {
    const outgoing = request(endpoint.url + path, { method, headers }, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() }),
      )
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

const invocations = (name: string) => `/2015-03-31/functions/${name}/invocations`

describe('the invoke endpoint', () => {
  it('invokes by name and by ARN, as curl would', async () => {
    const f = bench.create()
    for (const name of [f.name, encodeURIComponent(f.arn), `${f.name}?Qualifier=$LATEST`.replace('?', '/invocations?')]) {
      const path = name.includes('/invocations?') ? `/2015-03-31/functions/${name}` : invocations(name)
      const { status, text, headers } = await call(path, '{"a":1}', { 'content-type': 'application/x-www-form-urlencoded' })
      expect([status, JSON.parse(text).event]).toEqual([200, { a: 1 }])
      expect(headers['x-amz-executed-version']).toBe('$LATEST')
    }
  })

  it('takes a page of this machine', async () => {
    const f = bench.create()
    expect((await call(invocations(f.name), '{}', { origin: 'http://localhost:3000' })).status).toBe(200)
  })

  it('marks a function error, and returns the log tail on demand', async () => {
    const f = bench.create()
    const { status, headers, text } = await call(invocations(f.name), '{"do":"throw"}', { 'x-amz-log-type': 'Tail' })
    expect([status, headers['x-amz-function-error'], JSON.parse(text).errorType]).toEqual([200, 'Unhandled', 'TypeError'])
    expect(Buffer.from(String(headers['x-amz-log-result']), 'base64').toString()).toMatch(
      /^START RequestId: .*REPORT RequestId: /s,
    )
  })

  it('takes an empty body for {}, and answers Event and DryRun at once', async () => {
    const f = bench.create()
    expect(JSON.parse((await call(invocations(f.name))).text).event).toEqual({})
    expect((await call(invocations(f.name), '{}', { 'x-amz-invocation-type': 'DryRun' })).status).toBe(204)
    const starts = () => bench.events.filter(({ type }) => type === 'platform.start').length
    const before = starts()
    expect((await call(invocations(f.name), '{}', { 'x-amz-invocation-type': 'Event' })).status).toBe(202)
    await bench.event(() => starts() > before)
  })

  it.each([
    ['an unknown function', invocations('nobody'), '{}', {}, 404, 'ResourceNotFoundException'],
    ['another path', '/', '{}', {}, 404, 'UnknownOperationException'],
    ['no JSON', invocations('f0'), '{', {}, 400, 'InvalidRequestContentException'],
    ['a body over 6 MB', invocations('f0'), 'x'.repeat(6 * 1024 * 1024 + 1), {}, 413, 'RequestTooLargeException'],
    ['a name that points elsewhere', invocations('f0'), '{}', { host: 'evil.example:80' }, 403, 'AccessDeniedException'],
    ['a page of another site', invocations('f0'), '{}', { origin: 'http://evil.example' }, 403, 'AccessDeniedException'],
    ['a page without an origin of its own', invocations('f0'), '{}', { origin: 'null' }, 403, 'AccessDeniedException'],
  ])('refuses %s', async (_, path, body, headers, status, type) => {
    bench.create()
    const answer = await call(path, body, headers)
    expect([answer.status, answer.headers['x-amzn-errortype']]).toEqual([status, type])
  })
})
