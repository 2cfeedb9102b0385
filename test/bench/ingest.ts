import { detectors, loadPack } from '@weir/detections'
import { decode, detect, type Event, type Input, memoryState, normalize, type Sink, sinks, validateConfig } from '@weir/ingest'
import { encodeBatch } from '@weir/schema/encode'
import { generator, sampleBatch, sampleTelemetry } from '@weir/schema/measure'
import { createRedactor } from '@weir/schema/redact'
import type { OcsfEvent } from '@weir/schema/ocsf'
import { createCorrelator, createEngine, linkRules, type RuleMeta } from '@weir/sigma'
import { cloudTrail } from './samples.ts'
import { interleave, printTable, type Stage } from './stats.ts'

const EVENTS = 4_000
const ROUNDS = 9

/** Events per second and core of each stage, and end to end, beside `JSON.parse` of the same bytes. */
export async function benchIngest(): Promise<void> {
  await benchInput('CloudTrail (JSON lines)', trailInput())
  await benchInput('Weir telemetry (Avro batches of ten records)', telemetryInputs())
}

function trailInput(): { inputs: Input[]; json: string[] } {
  const json = cloudTrail(EVENTS).map(record => JSON.stringify(record))
  return { json, inputs: [input('trail', 'cloudtrail', Buffer.from(json.join('\n')))] }
}

function telemetryInputs(): { inputs: Input[]; json: string[] } {
  const random = generator(7)
  const batches = Array.from({ length: EVENTS / 10 }, () => sampleTelemetry(10, random))
  return {
    json: batches.flat().map(event => JSON.stringify(event)),
    inputs: batches.map((events, i) => input(`telemetry-${i}`, 'weir', encodeBatch(sampleBatch(events, random)))),
  }
}

const input = (id: string, source: string, bytes: Uint8Array): Input => ({
  origin: { stream: source, id, arrival: 1_793_520_000_000, accounts: ['*'], sources: [source] },
  bytes,
})

async function benchInput(title: string, { inputs, json }: { inputs: readonly Input[]; json: readonly string[] }): Promise<void> {
  const { rules, correlations, silent } = linkRules([await loadPack()])
  const detections = {
    engine: createEngine(rules),
    correlations: {
      correlator: createCorrelator(correlations),
      feeding: new Set(correlations.flatMap(({ inputs }) => inputs.map(({ id }) => id))),
    },
    isHeard: ({ id }: RuleMeta) => !silent.has(id),
    detectors,
    options: validateConfig({}).detections,
    pack: 'bench',
  }
  const redactor = createRedactor({ key: 'bench' })
  const redact = (value: unknown): unknown => redactor.json(value).value

  const decoded = inputs.map(each => decode(each))
  const normalizeAll = (): Event[] =>
    inputs.flatMap((each, i) => [...normalize(decoded[i]?.records ?? [], each.origin, redact).events])
  const events = normalizeAll()
  const bodies = (): OcsfEvent[] => events.map(event => event.ocsf)
  bodies()
  const encode = (name: keyof typeof sinks, options: object): Stage => {
    const sink = sinks[name] as Sink<unknown>
    const parsed = sink.options.parse(options)
    return {
      name: `encode for ${name}`,
      run() {
        const all = bodies()
        for (let i = 0; i < all.length; i += 500) sink.encode(all.slice(i, i + 500), parsed)
      },
    }
  }
  let batchId = 0
  const state = memoryState()
  const runDetect = (of: readonly Event[]) => detect(of, `batch-${batchId++}`, 1_793_520_000_000, state, detections)
  const stages: Stage[] = [
    { name: 'JSON.parse of the raw events', run: () => json.map(text => JSON.parse(text) as unknown) },
    { name: 'decode', run: () => inputs.map(each => decode(each)) },
    { name: 'normalize (with redaction)', run: normalizeAll },
    { name: 'detect', run: () => runDetect(events) },
    { name: 'map to OCSF', run: () => normalizeAll().map(event => event.ocsf) },
    encode('splunk', { url: 'https://hec.example.com', token: 'env:T' }),
    encode('elastic', { url: 'https://es.example.com', apiKey: 'env:K' }),
    encode('otlp', { url: 'https://otel.example.com' }),
    {
      name: 'end to end: decode, normalize, detect, findings encoded',
      async run() {
        for (const each of inputs) {
          const normalized = normalize(decode(each).records, each.origin, redact).events
          const { findings } = await runDetect([...normalized])
          const splunk = sinks.splunk as Sink<unknown>
          if (findings.length > 0)
            splunk.encode(findings, splunk.options.parse({ url: 'https://hec.example.com', token: 'env:T' }))
        }
      },
    },
  ]
  const times = await interleave(stages, ROUNDS)
  const base = times.get(stages[0]?.name ?? '') ?? 1
  printTable(
    `Ingest, ${title}: ${events.length} events, ${Math.round(json.reduce((sum, text) => sum + text.length, 0) / json.length)} bytes each as JSON; medians of ${ROUNDS}`,
    ['stage', 'events/s per core', 'time against JSON.parse'],
    stages.map(({ name }) => {
      const ms = times.get(name) ?? 0
      return [name, Math.round((events.length / ms) * 1000).toLocaleString('en-US'), `${(ms / base).toFixed(2)} ×`]
    }),
  )
}
