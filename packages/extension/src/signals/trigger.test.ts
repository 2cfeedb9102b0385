import { expect, it } from 'vitest'
import { body, testRecorder } from '../testing/recorder.ts'

it('tells where a request came from, and leaves the line as it is', async () => {
  const { recorder, shipped } = testRecorder()
  const event = { requestContext: { http: { method: 'GET', path: '/', sourceIp: '203.0.113.9' } } }
  const time = '2026-01-01T00:00:01.000Z'
  const lines = [`got ${JSON.stringify(event)}\n`, 'a line', `"requestContext" ${'x'.repeat(70_000)}`]
  recorder.take(
    body(
      { time, type: 'platform.start', record: { requestId: 'r-1' } },
      ...lines.map(record => ({ time, type: 'function', record })),
    ),
  )
  await import('../inventory/inventory.ts')
  await new Promise(setImmediate)
  const all = shipped()
  expect(all.filter(({ signal }) => signal === 'function')).toHaveLength(3)
  expect(all.filter(({ signal }) => signal === 'weir.trigger')).toMatchObject([
    {
      invocation: 'r-1',
      time: Date.parse(time),
      body: { source: 'http-api', sourceIp: '203.0.113.9', method: 'GET', path: '/' },
    },
  ])
})
