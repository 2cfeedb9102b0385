import { measureWire } from '@weir/schema/measure'
import { printTable } from './stats.ts'

/** Bytes per record on the stream, beside the same telemetry as raw JSON and as JSON with gzip. */
export function benchWire(): void {
  const rows = measureWire().map(({ records, json, gzip, weir, factor }) => [
    String(records),
    json.toFixed(0),
    gzip.toFixed(0),
    weir.toFixed(0),
    `${factor.toFixed(1)} ×`,
  ])
  printTable(
    'Wire: bytes per record (mean of 50 batches)',
    ['records a batch', 'raw JSON', 'JSON + gzip', 'Weir', 'smaller than raw'],
    rows,
  )
}
