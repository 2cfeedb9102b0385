import type { Context, KinesisStreamBatchResponse, KinesisStreamEvent, KinesisStreamRecord } from 'aws-lambda'
import type { Assembled } from './assemble.ts'
import type { Config } from './config.ts'
import type { Input } from './event.ts'
import { measure } from './observe.ts'
import { process as run } from './pipeline.ts'
import { inputWeight, SLICE_WEIGHT } from './weight.ts'

/** At this share of the function's time, but at least two seconds before its end, what is left goes back to the stream. */
const RESERVE_SHARE = 0.15
const RESERVE_MS = 2_000

/**
 * The stream function. Each record of the event ends delivered, spooled or in quarantine; what is not is reported back by its lowest
 * sequence number, from which Lambda repeats the batch (ReportBatchItemFailures).
 */
export function createHandler(weir: Assembled) {
  return async (
    event: KinesisStreamEvent,
    context: Pick<Context, 'getRemainingTimeInMillis'>,
  ): Promise<KinesisStreamBatchResponse> => {
    await weir.look()
    const { parts } = weir
    const remaining = context.getRemainingTimeInMillis()
    const deadline = parts.now() + remaining - Math.max(RESERVE_MS, remaining * RESERVE_SHARE)
    try {
      for (const slice of slices(event.Records, weir.config)) {
        const first = slice[0]
        if (!first) continue
        if (parts.now() >= deadline) return failures([first.sequenceNumber])
        const inputs = slice.map(({ input }) => input)
        const { unsafe } = await run(inputs, deadline, parts)
        if (unsafe.size > 0) {
          return failures(slice.filter(({ input }) => unsafe.has(input.origin.id)).map(each => each.sequenceNumber))
        }
        lag(inputs, parts.now())
      }
      return { batchItemFailures: [] }
    } finally {
      await weir.telemetry.flush()
    }
  }
}

/** The origin that a Kinesis record vouches for: its stream, not its content. */
export function toInput(record: KinesisStreamRecord, config: Pick<Config, 'streams'>): Input {
  const [, , , region = '', account = '', resource = ''] = record.eventSourceARN.split(':')
  const stream = resource.slice(resource.indexOf('/') + 1)
  const bound = Object.hasOwn(config.streams, stream) ? config.streams[stream] : undefined
  const accounts = bound?.accounts ?? [account]
  const only = accounts.length === 1 && accounts[0] !== '*' ? accounts[0] : undefined
  return {
    origin: {
      stream,
      // Sequence numbers are unique within a stream only.
      id: `${stream}/${record.eventID}`,
      arrival: Math.round(record.kinesis.approximateArrivalTimestamp * 1000),
      ...(only ? { account: only } : {}),
      ...(region ? { region } : {}),
      accounts,
      // A stream that the config does not name may carry nothing: all of it goes to quarantine, where a person sees it.
      sources: bound?.sources ?? [],
    },
    bytes: Buffer.from(record.kinesis.data, 'base64'),
  }
}

interface Piece {
  readonly input: Input
  readonly sequenceNumber: string
}

function* slices(records: readonly KinesisStreamRecord[], config: Pick<Config, 'streams'>): Generator<Piece[]> {
  let slice: Piece[] = []
  let weight = 0
  for (const record of records) {
    const input = toInput(record, config)
    const own = inputWeight(input.bytes)
    if (slice.length > 0 && weight + own > SLICE_WEIGHT) {
      yield slice
      slice = []
      weight = 0
    }
    slice.push({ input, sequenceNumber: record.kinesis.sequenceNumber })
    weight += own
  }
  if (slice.length > 0) yield slice
}

/** One item is enough: Lambda takes the lowest as its checkpoint. Sequence numbers are decimal strings of up to 129 digits. */
function failures(sequenceNumbers: readonly string[]): KinesisStreamBatchResponse {
  const lowest = sequenceNumbers.map(BigInt).reduce((a, b) => (b < a ? b : a))
  return { batchItemFailures: [{ itemIdentifier: String(lowest) }] }
}

function lag(inputs: readonly Input[], now: number): void {
  const oldest = inputs.reduce((least, input) => Math.min(least, input.origin.arrival), now)
  measure('weir.stream.lag', now - oldest, { stream: inputs[0]?.origin.stream ?? '' })
}
