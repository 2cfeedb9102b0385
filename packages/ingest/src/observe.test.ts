import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createLog, METRICS, measure, startTelemetry, traced } from './observe.ts'

describe('self-observation', () => {
  it('names every metric in the README, with its unit', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    for (const [name, { unit, description }] of Object.entries(METRICS))
      expect(readme).toContain(`| \`${name}\` | ${unit} | ${description} |`)
  })

  it('writes its log as JSON lines, without a secret that is no field of it', () => {
    const lines: string[] = []
    createLog('info', { write: line => void lines.push(line) }).warn({ sink: 'soc' }, 'held')
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ service: 'weir-ingest', sink: 'soc', message: 'held' })
  })

  it('sends traces and metrics over OTLP where an endpoint is set, and costs nothing where none is', async () => {
    const got: { path: string; body: string }[] = []
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request
        .on('data', chunk => chunks.push(chunk))
        .on('end', () => {
          got.push({ path: request.url ?? '', body: Buffer.concat(chunks).toString('latin1') })
          response.setHeader('content-type', 'application/json').end('{}')
        })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = endpoint
    process.env['OTEL_EXPORTER_OTLP_PROTOCOL'] = 'http/json'
    try {
      const telemetry = await startTelemetry(process.env)
      await traced('weir.process', { 'weir.inputs': 2 }, async () => measure('weir.records.received', 3, { stream: 'telemetry' }))
      await telemetry.flush()
      await telemetry.close()
      const of = (path: string): string =>
        got
          .filter(each => each.path === path)
          .map(each => each.body)
          .join()
      expect(of('/v1/traces')).toContain('weir.process')
      expect(of('/v1/metrics')).toContain('weir.records.received')
      expect(of('/v1/metrics')).toContain('telemetry')
    } finally {
      delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT']
      delete process.env['OTEL_EXPORTER_OTLP_PROTOCOL']
      server.closeAllConnections()
      server.close()
    }
    const off = await startTelemetry({})
    await off.flush()
  })
})
