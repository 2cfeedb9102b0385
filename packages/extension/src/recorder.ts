import type { Batch, TelemetryRecord } from '@weir/schema'
import { estimateRecordBytes, packPlatform } from '@weir/schema/encode'
import { type Buffer as RecordBuffer, createBuffer, type Priority } from './buffer.ts'
import type { Config } from './config.ts'
import type { Counters } from './counters.ts'
import type { Host } from './host/host.ts'
import { type Carrier, type Journal, noJournal } from './journal/journal.ts'
import type { Redaction } from './redaction.ts'
import type { Sandbox } from './sandbox.ts'
import { SIGNALS } from './signals/index.ts'
import type { Beginning, Ending, Recording, Signal } from './signals/signal.ts'
import { readTelemetry, type TelemetryEvent } from './telemetry.ts'
import { VERSION } from './version.ts'

/** What signals write to, and what the shipper takes from. */
export interface Recorder extends Recording {
  /** Reads the body of one telemetry POST. */
  take(body: Uint8Array): void
  begin(beginning: Beginning): void
  end(ending: Ending): void
  /** There is something to ship. */
  readonly pending: boolean
  /** All that is buffered, as batches that each fit into one record of the stream. */
  cut(): Batch[]
  /** A batch that carries records for another sandbox. */
  carry(carrier: Carrier): Batch
  /** A batch of this sandbox was cut and then given up: its records stand in `dropped` and are not emitted any more. */
  lost(sandbox: string, records: number): void
  /** Bytes cut but not yet accepted: they count against the buffer's cap. */
  reserve(bytes: number): void
  /** A restored copy of a snapshot begins, if that is not known yet. */
  renew(): void
  /** Is told of each telemetry event, after it has been recorded. */
  watch: ((event: TelemetryEvent) => void) | undefined
  /** Is told of a restore. */
  restored: (() => void) | undefined
}

/** A record of the stream is at most 1 MiB with its partition key (Kinesis, PutRecords); the estimate is an upper bound of what is encoded. */
const MAX_BATCH_BYTES = 1_000_000
const MAX_BATCH_RECORDS = 10_000
/** What one record may hold: Lambda's own limit for a log line. Of a longer text the head and the tail are kept. */
const MAX_BODY = 256 * 1024
const TAIL = 32 * 1024
/** No secret is longer; a private key of 4096 bits in PEM is below it. */
const SEAM = 4 * 1024

export function createRecorder(
  host: Host,
  config: Config,
  sandbox: Sandbox,
  redaction: Redaction,
  counters: Counters,
  journal: Journal = noJournal,
): Recorder {
  const buffer: RecordBuffer = createBuffer(config.bufferBytes, counters)
  let emitted = 0
  /** Buffered since the last cut. */
  let uncut = 0
  /** Of these, what does not stand in the journal yet. */
  let fresh: TelemetryRecord[] = []
  /** Whoever is recording now will write ahead when it is done. */
  let busy = false
  let due = false

  const add = (record: TelemetryRecord, priority: Priority) => {
    if (!buffer.add(record, priority)) return
    if (journal === noJournal) return
    fresh.push(record)
    if (busy || due) return
    due = true
    host.after(0, writeAhead)
  }
  const batchOf = (names: Pick<Batch, 'sandbox' | 'sequence' | 'emitted'>, records: readonly TelemetryRecord[]): Batch => ({
    ...names,
    function: {
      ...sandbox.identity,
      runtime: redaction.label(sandbox.identity.runtime),
      initializationType: redaction.label(sandbox.identity.initializationType),
    },
    extension: VERSION,
    dropped: counters.totals(),
    previous: '',
    signature: new Uint8Array(),
    records,
  })
  /** What has been buffered since the last call stands in the journal as well. The sequence of it is the journal's affair. */
  const writeAhead = () => {
    due = false
    for (let at = 0; at < fresh.length; ) {
      const records: TelemetryRecord[] = []
      for (let bytes = 0, next = fresh[at]; next && records.length < MAX_BATCH_RECORDS; next = fresh[++at]) {
        bytes += estimateRecordBytes(next)
        if (records.length > 0 && bytes > MAX_BATCH_BYTES) break
        records.push(next)
      }
      uncut += records.length
      journal.ahead(batchOf({ sandbox: sandbox.id, sequence: 0, emitted: emitted + uncut }, records))
    }
    fresh = []
  }
  /** Records what one task brings, as one. */
  const together = (task: () => void) => {
    busy = true
    try {
      task()
    } finally {
      busy = false
    }
  }

  /** Runs one hook of a signal; a bug in one costs that one. */
  const guarded = (signal: Signal, run: () => void) => {
    try {
      run()
    } catch {
      counters.fault(`signal:${signal.name}`)
    }
  }

  const recorder: Recorder = {
    host,
    config,
    counters,
    sandbox,
    redaction,
    load: 'all',
    watch: undefined,
    restored: undefined,

    text(signal, line, priority, at) {
      const place = { signal: redaction.label(signal), time: at.time, invocation: redaction.label(at.invocation) }
      const whole = line.length <= MAX_BODY
      const text = whole ? redaction.text(line, place) : shorten(line, part => redaction.text(part, place))
      if (!whole) counters.drop('truncated', 1, line.length - MAX_BODY)
      recorder.clean(signal, text, priority, at)
    },
    json(signal, value, priority, at) {
      const place = { signal: redaction.label(signal), time: at.time, invocation: redaction.label(at.invocation) }
      recorder.clean(signal, redaction.json(value, place), priority, at)
    },
    clean(name, value, priority, { time, invocation }) {
      const signal = redaction.label(name)
      const at = { time, invocation: redaction.label(invocation) }
      const packed = packPlatform(signal, value, at)
      if (packed && packed.length <= MAX_BODY) {
        return add({ signal, ...at, contentType: 'application/vnd.weir.platform', body: packed }, priority)
      }
      const [contentType, text] =
        typeof value === 'string'
          ? (['text/plain', value] as const)
          : (['application/json', JSON.stringify(value) ?? 'null'] as const)
      recorder.emit({ signal, ...at, contentType, body: Buffer.from(text) }, priority)
    },
    own(signal, value, at = { time: host.now(), invocation: '' }) {
      recorder.emit({ signal, ...at, contentType: 'application/json', body: Buffer.from(JSON.stringify(value)) }, 'kept')
    },
    emit(record, priority) {
      if (record.body.length <= MAX_BODY) return add(record, priority)
      const cut = record.body.length - MAX_BODY
      counters.drop('truncated', 1, cut)
      const mark = Buffer.from(`\n[weir: ${cut} bytes cut]\n`)
      const head = record.body.subarray(0, MAX_BODY - TAIL)
      add({ ...record, contentType: 'text/plain', body: Buffer.concat([head, mark, record.body.subarray(-TAIL)]) }, priority)
    },

    take(body) {
      try {
        together(() => {
          for (const event of readTelemetry(body, host.now())) {
            if ('unreadable' in event) {
              counters.drop(event.unreadable, 1, event.bytes)
              continue
            }
            // Elsewhere nothing is ever restored, so that the event was made up inside the sandbox.
            if (event.type === 'platform.restoreStart' && config.initializationType === 'snap-start') recorder.renew()
            sandbox.observe(event)
            const signal = takerOf(event.type)
            if (signal) guarded(signal, () => signal.capture?.(event, recorder))
            recorder.watch?.(event)
          }
        })
      } finally {
        writeAhead()
      }
    },
    begin(beginning) {
      // Written ahead with the first telemetry: what it takes to make a journal is not for the start.
      together(() => {
        for (const signal of SIGNALS) guarded(signal, () => signal.start?.(beginning, recorder))
      })
    },
    end(ending) {
      together(() => {
        for (const signal of SIGNALS) guarded(signal, () => signal.end?.(ending, recorder))
      })
      writeAhead()
    },

    get pending() {
      return buffer.records > 0 || counters.dirty
    },
    cut() {
      together(() => {
        for (const signal of SIGNALS) guarded(signal, () => signal.flush?.(recorder))
      })
      fresh = []
      uncut = 0
      const batches: Batch[] = []
      for (;;) {
        const records = buffer.take(MAX_BATCH_RECORDS, MAX_BATCH_BYTES)
        if (records.length === 0) return batches
        emitted += records.length
        batches.push(batchOf({ sandbox: sandbox.id, sequence: sandbox.nextSequence(), emitted }, records))
      }
    },
    carry: ({ records, ...names }) => ({ ...batchOf(names, records), dropped: [] }),
    lost(id, records) {
      if (id === sandbox.id) emitted -= records
    },
    reserve: bytes => buffer.reserve(bytes),
    renew() {
      if (!sandbox.renew()) return
      counters.restart()
      journal.renew()
      emitted = 0
      uncut = 0
      recorder.restored?.()
    },
  }
  return recorder
}

/**
 * Head and tail of a long text, each redacted by itself. Each is redacted with a seam beyond where it will be cut, and the seam is cut off
 * afterwards, so that no half of a secret is left at the edge.
 */
function shorten(text: string, redact: (part: string) => string): string {
  const mark = `\n[weir: ${text.length - MAX_BODY} characters cut]\n`
  const head = redact(text.slice(0, MAX_BODY - TAIL - mark.length + SEAM)).slice(0, -SEAM)
  const tail = redact(text.slice(-TAIL - SEAM)).slice(SEAM)
  return head + mark + tail
}

/** Which signal takes each type; filled as types are seen, and bounded because the function can post any type to the listener. */
const takers = new Map<string, Signal>()
const MAX_TAKERS = 256

function takerOf(type: string): Signal | undefined {
  const known = takers.get(type)
  if (known) return known
  const taker = SIGNALS.find(signal =>
    signal.takes?.some(each => (each.endsWith('*') ? type.startsWith(each.slice(0, -1)) : each === type)),
  )
  if (taker && takers.size < MAX_TAKERS) takers.set(type, taker)
  return taker
}
