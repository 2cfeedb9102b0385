import { constants, createGunzip, gunzipSync } from 'node:zlib'
import type { Fault, FramingLimits } from './types.ts'

/** How much is given to the inflater at a time; it can come out 1032 times as long. */
const STEP = 16 * 1024
/** Below this an input may grow by any ratio. */
const FREE = 1024 * 1024

/** RFC 1952: the first two bytes of a gzip member. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b

const CUT_SHORT: Fault = { reason: 'corrupt', detail: 'the gzip data ends too early' }
const DAMAGED: Fault = { reason: 'corrupt', detail: 'the gzip data is damaged' }
const grown = (limit: string): Fault => ({ reason: 'too-large', detail: `inflates to more than ${limit}` })

/** What gzip data gave, and what was wrong with it. */
export interface Inflated {
  readonly bytes: Uint8Array
  readonly fault?: Fault
}

/** Inflates what is held whole, all members. Of data that ends too early it gives the beginning; of damaged data nothing. */
export function inflate(bytes: Uint8Array, limits: FramingLimits): Inflated {
  const byRatio = Math.max(FREE, bytes.length * limits.inflatedRatio)
  const maxOutputLength = Math.min(limits.inflatedBytes, byRatio)
  try {
    return { bytes: gunzipSync(bytes, { maxOutputLength }) }
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE')
      return {
        bytes: EMPTY,
        fault: grown(byRatio < limits.inflatedBytes ? `${limits.inflatedRatio} times its size` : `${maxOutputLength} bytes`),
      }
    if (codeOf(error) !== 'Z_BUF_ERROR') return { bytes: EMPTY, fault: DAMAGED }
    return { bytes: gunzipSync(bytes, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH }), fault: CUT_SHORT }
  }
}

const EMPTY = new Uint8Array(0)

/** Inflates as the chunks come. Returns what was wrong, after giving what could be had before it. */
export async function* inflateStream(
  chunks: AsyncIterable<Uint8Array>,
  limits: FramingLimits,
): AsyncGenerator<Uint8Array, Fault | undefined> {
  const inflater = new Inflater()
  let [read, written] = [0, 0]
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += STEP) {
        const step = chunk.subarray(at, at + STEP)
        read += step.length
        for (const bytes of await inflater.write(step)) {
          written += bytes.length
          if (written > limits.inflatedBytes) return grown(`${limits.inflatedBytes} bytes`)
          if (written > FREE && written > read * limits.inflatedRatio) return grown(`${limits.inflatedRatio} times its size`)
          yield bytes
        }
        if (inflater.fault) return inflater.fault
      }
    }
    yield* await inflater.end()
    return inflater.fault
  } finally {
    inflater.destroy()
  }
}

/** Node's inflater, one step at a time: it may end, or fail, in the middle of a write and then never calls back. */
class Inflater {
  readonly #gunzip = createGunzip({ chunkSize: 4 * STEP })
  #out: Buffer[] = []
  #ended = false
  #settle = (): void => undefined
  fault: Fault | undefined

  constructor() {
    this.#gunzip.on('data', (bytes: Buffer) => this.#out.push(bytes))
    this.#gunzip.on('end', () => {
      this.#ended = true
      this.#settle()
    })
    this.#gunzip.on('error', error => {
      this.fault = codeOf(error) === 'Z_BUF_ERROR' ? CUT_SHORT : DAMAGED
      this.#settle()
    })
  }

  async write(bytes: Uint8Array): Promise<readonly Buffer[]> {
    if (!this.#ended) {
      await new Promise<void>(resolve => {
        this.#settle = resolve
        this.#gunzip.write(bytes, () => resolve())
      })
    } else if (bytes.some(byte => byte !== 0)) this.fault = DAMAGED // zeros are padding
    return this.#taken()
  }

  async end(): Promise<readonly Buffer[]> {
    if (!this.#ended && !this.fault) {
      await new Promise<void>(resolve => {
        this.#settle = resolve
        this.#gunzip.end()
      })
    }
    return this.#taken()
  }

  destroy(): void {
    this.#gunzip.destroy()
  }

  #taken(): readonly Buffer[] {
    const out = this.#out
    this.#out = []
    return out
  }
}

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code
