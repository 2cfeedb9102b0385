import { gzipSync } from 'node:zlib'
import { encodeBatch } from '@weir/schema/encode'
import { batch, telemetry } from './samples.ts'
import { printTable } from './stats.ts'

/** Bytes per record on the stream, beside the same telemetry as raw JSON and as JSON with gzip. */
export function benchWire(): void {
  const rows = [1, 10, 100].map(count => {
    const samples = Array.from({ length: 50 }, (_, seed) => telemetry(Math.ceil(count / 5) + 1, seed + 10).slice(0, count))
    const mean = (size: (events: ReturnType<typeof telemetry>) => number): number =>
      samples.reduce((sum, events) => sum + size(events), 0) / samples.length / count
    const raw = mean(events => Buffer.byteLength(JSON.stringify(events)))
    const zipped = mean(events => gzipSync(JSON.stringify(events)).length)
    const weir = mean(events => encodeBatch(batch(events)).length)
    return [String(count), raw.toFixed(0), zipped.toFixed(0), weir.toFixed(0), `${(raw / weir).toFixed(1)} ×`]
  })
  printTable(
    'Wire: bytes per record (mean of 50 batches)',
    ['records a batch', 'raw JSON', 'JSON + gzip', 'Weir', 'smaller than raw'],
    rows,
  )
}
