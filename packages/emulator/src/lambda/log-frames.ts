/** A log line as the runtime or the process wrote it; `json` says that the writer framed it as JSON. */
export interface LogLine {
  text: string
  json: boolean
  /** Milliseconds since the epoch, where the frame carries it. */
  time?: number
}

/** Longer lines arrive in pieces of this size; CloudWatch Logs splits at 256 KiB too. It also bounds what a decoder holds. */
export const MAX_LINE = 262_144

/** Cuts a byte stream into lines, newline included. */
export class LineDecoder {
  #rest: Buffer[] = []
  #held = 0

  push(chunk: Buffer): LogLine[] {
    const lines: LogLine[] = []
    let from = 0
    while (from < chunk.length) {
      const newline = chunk.indexOf(10, from)
      const end = Math.min(newline < 0 ? chunk.length : newline + 1, from + MAX_LINE - this.#held)
      this.#rest.push(chunk.subarray(from, end))
      this.#held += end - from
      if (end === newline + 1 || this.#held >= MAX_LINE) lines.push(...this.end())
      from = end
    }
    // What is kept must not pin the large buffer that the chunk is a slice of.
    if (this.#rest.length > 0) this.#rest = [Buffer.concat(this.#rest)]
    return lines
  }

  end(): LogLine[] {
    if (this.#held === 0) return []
    const text = Buffer.concat(this.#rest).toString('utf8')
    this.#rest = []
    this.#held = 0
    return [{ text, json: false }]
  }
}

const HEADER = 16
/** High 24 bits of a frame's type; the low byte carries format and level. */
const MAGIC = 0xa55a00
const FORMAT_JSON = 2
const FORMAT_MASK = 3

/**
 * Decodes the frames that a managed runtime writes to `_LAMBDA_TELEMETRY_LOG_FD`: type (u32), length (u32), microseconds (u64), all
 * big-endian, then the message. The function owns the descriptor and may write anything: what is no frame is taken as text lines.
 */
export class FrameDecoder {
  readonly #lines = new LineDecoder()
  #buffer: Buffer = Buffer.alloc(0)
  #frame: { json: boolean; time: number; left: number } | undefined

  push(chunk: Buffer): LogLine[] {
    const lines: LogLine[] = []
    this.#buffer = this.#buffer.length > 0 ? Buffer.concat([this.#buffer, chunk]) : chunk
    for (;;) {
      if (this.#frame) {
        const { json, time, left } = this.#frame
        const take = Math.min(left, MAX_LINE)
        if (this.#buffer.length < take) return lines
        lines.push({ text: this.#buffer.subarray(0, take).toString('utf8'), json, time })
        this.#buffer = this.#buffer.subarray(take)
        this.#frame = left > take ? { json, time, left: left - take } : undefined
        continue
      }
      if (this.#buffer.length >= 4 && this.#buffer.readUInt32BE(0) >>> 8 !== MAGIC) {
        const newline = this.#buffer.indexOf(10)
        const end = newline < 0 ? this.#buffer.length : newline + 1
        lines.push(...this.#lines.push(this.#buffer.subarray(0, end)), ...this.#lines.end())
        this.#buffer = this.#buffer.subarray(end)
        continue
      }
      if (this.#buffer.length < HEADER) return lines
      const format = this.#buffer.readUInt32BE(0) & FORMAT_MASK
      const left = this.#buffer.readUInt32BE(4)
      const time = Number(this.#buffer.readBigUInt64BE(8) / 1000n)
      this.#buffer = this.#buffer.subarray(HEADER)
      if (left > 0) this.#frame = { json: format === FORMAT_JSON, time, left }
    }
  }

  end(): LogLine[] {
    const rest = this.#buffer
    this.#buffer = Buffer.alloc(0)
    return rest.length > 0 ? [{ text: rest.toString('utf8'), json: false }] : []
  }
}
