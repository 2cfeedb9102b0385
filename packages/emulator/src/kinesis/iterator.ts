import { createHmac, timingSafeEqual } from 'node:crypto'
import { KinesisError, invalidArgument } from './errors.ts'
import { LIMITS } from './limits.ts'

/** Where a reader stands: the counter of the next record it wants, in one shard of one stream. */
export interface Position {
  stream: string
  shard: string
  counter: number
}

/** Turns positions into the opaque tokens that a client holds, and back. Tokens die after five minutes and with the server's key. */
export class Iterators {
  readonly #key: Uint8Array

  constructor(key: Uint8Array) {
    this.#key = key
  }

  issue({ stream, shard, counter }: Position, now: number): string {
    const body = Buffer.from(JSON.stringify([stream, shard, counter, now])).toString('base64')
    return `${this.#sign(body).toString('base64')}.${body}`
  }

  /** Throws InvalidArgumentException for what this server did not issue and ExpiredIteratorException after five minutes. */
  read(token: string, now: number): Position {
    const [signature = '', body = ''] = token.split('.', 2)
    const given = Buffer.from(signature, 'base64')
    const expected = this.#sign(body)
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw invalidArgument('Invalid ShardIterator.')
    const [stream, shard, counter, issued]: [string, string, number, number] = JSON.parse(Buffer.from(body, 'base64').toString())
    if (now - issued > LIMITS.iteratorMs)
      throw new KinesisError(
        'ExpiredIteratorException',
        `Iterator expired. The iterator was created at time ${new Date(issued).toUTCString()} while right now it is ${new Date(now).toUTCString()} which is further in the future than the tolerated delay of ${LIMITS.iteratorMs} milliseconds.`,
      )
    return { stream, shard, counter }
  }

  #sign(body: string): Buffer {
    return createHmac('sha256', this.#key).update(body).digest().subarray(0, 16)
  }
}
