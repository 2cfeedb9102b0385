import assert from 'node:assert/strict'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { METRICS } from '@weir/ingest'
import { type Counterpart, freePort, install, jsonLines, need, serving, type Stand } from './counterpart.ts'
import { entries, logRecords, metricPoints, spans, value } from './otlp-json.ts'
import { openWeir, sampleRecords } from './weir.ts'

const VERSION = 'v0.160.0' // collector/go.mod

/** The collector as one file, built by the Go on this machine from the modules that collector/go.mod names. */
async function build(stand: Stand): Promise<string> {
  const go = need('go')
  const folder = await stand.installed(`collector-${VERSION}`, async folder => {
    await cp(fileURLToPath(new URL('collector', import.meta.url)), folder, { recursive: true })
    const env = { GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local' }
    await install(go, ['build', '-o', 'collector', '.'], { cwd: folder, env, seconds: 540, log: join(folder, 'install.log') })
  })
  return join(folder, 'collector')
}

const config = (port: number, folder: string): string => `
receivers:
  otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } }
exporters:
  file/logs: { path: "${join(folder, 'logs.json')}" }
  file/traces: { path: "${join(folder, 'traces.json')}" }
  file/metrics: { path: "${join(folder, 'metrics.json')}" }
service:
  telemetry: { metrics: { level: none }, logs: { level: warn } }
  pipelines:
    logs: { receivers: [otlp], exporters: [file/logs] }
    traces: { receivers: [otlp], exporters: [file/traces] }
    metrics: { receivers: [otlp], exporters: [file/metrics] }
`

/** OCSF severity to OpenTelemetry's number, from its data model: INFO, INFO2, WARN, ERROR, ERROR2, FATAL. */
const SEVERITY: Readonly<Record<number, number>> = { 0: 0, 1: 9, 2: 10, 3: 13, 4: 17, 5: 18, 6: 21, 99: 0 }

/** The OpenTelemetry Collector: what it writes down is what it understood. */
export const collector: Counterpart = {
  name: 'collector',
  async run(stand) {
    const binary = await build(stand)
    stand.note(`OpenTelemetry Collector ${VERSION}, OTLP over HTTP in, files out`)
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    await writeFile(join(stand.temp, 'config.yaml'), config(port, stand.temp))
    const running = stand.start(binary, ['--config', `file:${join(stand.temp, 'config.yaml')}`])
    await serving('the collector', running, url)

    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = url
    process.env['OTEL_EXPORTER_OTLP_PROTOCOL'] = 'http/protobuf'
    const sinks = [
      { name: 'gzipped', type: 'otlp', route: 'all', url, allowPrivateNetwork: true },
      { name: 'plain', type: 'otlp', route: 'findings', url: `${url}/v1/logs`, compression: 'none', allowPrivateNetwork: true },
    ]
    const { weir, made, handle } = await openWeir({ sinks }, { telemetry: true })
    await stand.step('lets weir check in', async () => assert.equal((await weir.forwarder.probe('gzipped')).verdict, 'delivered'))
    await stand.step('takes every batch: nothing goes back to the stream, nothing is spooled', async () => {
      assert.deepEqual(await handle(sampleRecords()), [])
      for (const { name } of sinks) assert.deepEqual(await weir.spool.list(name, 10), [])
    })
    await weir.close()
    delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT']
    await running.stop() // it writes its buffers out
    const findings = made.filter(event => event.class_uid === 2004)
    stand.note(`${made.length} events, ${findings.length} of them findings`)

    const records = (await jsonLines(join(stand.temp, 'logs.json'))).flatMap(logRecords)
    const uidOf = (record: (typeof records)[number]): string => String(record.attributes['weir.event.uid'])
    await stand.step('wrote every event down, and each finding twice, for it had two sinks', () =>
      assert.deepEqual(records.map(uidOf).toSorted(), [...made, ...findings].map(event => event.metadata.uid).toSorted()),
    )
    const byUid = new Map(records.map(record => [uidOf(record), record]))
    await stand.step('understood times, severities, names and classes', () => {
      for (const event of made) {
        const { record, attributes } = byUid.get(event.metadata.uid) ?? assert.fail(event.metadata.uid)
        assert.equal(record['timeUnixNano'], `${event.time}000000`)
        assert.equal(record['severityNumber'] ?? 0, SEVERITY[event.severity_id])
        assert.match(String(record['eventName']), /^ocsf\.[a-z_]+$/)
        assert.equal(attributes['weir.event.class'], event.class_uid)
        assert.equal(attributes['log.record.uid'], event.metadata.uid)
      }
    })
    await stand.step('holds each body as the very OCSF event', () => {
      for (const event of made) {
        assert.deepEqual(value(byUid.get(event.metadata.uid)?.record['body']), JSON.parse(JSON.stringify(event)))
      }
    })
    await stand.step('attributes findings to their rules, and events to the observed function', () => {
      for (const finding of findings) {
        const { attributes } = byUid.get(finding.metadata.uid) ?? assert.fail()
        assert.equal(attributes['weir.finding.title'], (finding['finding_info'] as { title: string }).title)
        assert.ok(attributes['security_rule.name'])
      }
      const named = records.filter(({ resource }) => resource['faas.name'] === 'orders')
      assert.ok(named.length > 0)
      for (const { resource } of named) assert.equal(resource['cloud.platform'], 'aws_lambda')
      for (const { resource } of records) assert.ok(resource['service.name'], 'no service.name')
    })

    const traced = (await jsonLines(join(stand.temp, 'traces.json'))).flatMap(spans)
    await stand.step("has Weir's own spans: weir.process as a consumer, weir.forward within it", () => {
      const root = traced.find(({ span }) => span['name'] === 'weir.process') ?? assert.fail('no weir.process')
      assert.equal(root.span['kind'], 5)
      assert.equal(root.resource['service.name'], 'weir-ingest')
      assert.ok(traced.some(({ span }) => span['name'] === 'weir.forward' && span['parentSpanId'] === root.span['spanId']))
    })
    const points = (await jsonLines(join(stand.temp, 'metrics.json'))).flatMap(metricPoints)
    await stand.step("has Weir's own metrics by their names and units, with the right sums", () => {
      for (const { name, unit } of points.filter(point => point.name.startsWith('weir.'))) {
        assert.equal(unit, (METRICS as Readonly<Record<string, { unit: string }>>)[name]?.unit, name)
      }
      const last = new Map(points.map(point => [`${point.name} ${JSON.stringify(entries(point.attributes))}`, point]))
      const sum = (name: string, where: Readonly<Record<string, string>> = {}): number =>
        [...last.values()]
          .filter(point => point.name === name && Object.entries(where).every(([key, word]) => point.attributes[key] === word))
          .reduce((total, point) => total + point.amount, 0)
      assert.equal(sum('weir.sink.events', { sink: 'gzipped', outcome: 'delivered' }), made.length)
      assert.equal(sum('weir.findings'), findings.length)
      assert.equal(sum('weir.pipeline.duration') > 0, true)
      assert.equal(sum('weir.records.quarantined'), 0)
    })
  },
}
