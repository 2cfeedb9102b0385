import type { ByteReader } from './reader.ts'
import type { ByteWriter } from './writer.ts'

/** What a body may leave out, because its record says it already. */
export interface FieldContext {
  /** The record's time, epoch milliseconds. */
  readonly time: number
  /** The record's invocation, or ''. */
  readonly invocation: string
}

/**
 * A body in two strings of bytes: `form` says which keys, words and kinds of value there are, `data` holds the values. The form of one signal is
 * nearly always the same, so that deflate sees it as a single repetition.
 */
export interface Parts<T> {
  readonly form: T
  readonly data: T
  /** The last time that was written or read, epoch milliseconds: times are told from one another. */
  time: number
  /** The last duration that was written or read, or what spans have left of it, thousandths of a millisecond. */
  left: number
}

/**
 * The ways to put one JSON value into bytes, in one direction: `pack-fields.ts` writes them all, `unpack-fields.ts` reads them all, and the
 * shapes are made of either. Apart, because the extension only writes.
 */
export interface Fields<F> {
  /** Any string that UTF-8 can hold. */
  readonly text: F
  /** A safe integer. */
  readonly integer: F
  /** A number with at most three decimals, as the platform writes milliseconds. */
  readonly milli: F
  /** A whole number, as its distance from the last duration rounded up: what is billed. */
  readonly billed: F
  /** How long an invocation took that ends at the record's time: the clock that times are told from goes back to its start. */
  readonly elapsed: F
  /** How long a span of that invocation took: told from what the spans before it left, and the clock goes on to its end. */
  readonly share: F
  /** An ISO time in UTC with milliseconds, as its distance from the time before it: the record's, for the first. */
  readonly isoTime: F
  /** The record's own invocation id, which costs one byte; any other string is written out. */
  readonly invocation: F
  /** An X-Ray trace header, `Root=1-<seconds>-…;Parent=…;Sampled=…`, in binary; any other string is written out. */
  readonly trace: F
  /** One of the known words, or any other string. The list is part of the format: a longer one is a new shape. */
  readonly word: (...known: readonly string[]) => F
  /** A string that is `digits` lower-case hexadecimal digits, as bytes; any other string is written out. */
  readonly hex: (digits: number) => F
  /** An array of one kind of value. */
  readonly list: (item: F) => F
  /** An object whose keys are all in the table, none of them required: a bit mask says which are there. At most 30 keys. */
  readonly object: (table: Readonly<Record<string, F>>) => F
  /**
   * A log line, up to the end of the body. What the platform and the common loggers put into nearly every line shrinks: the invocation's id to one
   * byte, a time to about three, other ids and long numbers to half. The rest stays UTF-8. A line with a marker character of its own, or a NUL, is
   * refused.
   */
  readonly line: F
  /** Any JSON value as a line of JSON. `-0` comes back as 0, as it does from any JSON writer. Throws BodyError on reading, like a JSON body. */
  readonly json: F
}

/** What the flags of a trace say of its sampling. */
export const SAMPLED = ['', '0', '1', '?']

/** Bytes in a line that stand for the record's invocation id, a time, another UUID, hexadecimal digits and a decimal number; all but the first go on. */
export const INVOCATION = 0x01
export const TIME = 0x02
export const UUID = 0x03
export const HEX = 0x04
export const NUMBER = 0x05

/** How long a line may become that takes so many bytes: ordinary ones at most triple, and one byte can stand for a whole id. */
export const most = (bytes: number): number => 1024 + 8 * bytes

/** The whole seconds of the record's time, from which a trace's are told. */
export const seconds = ({ time }: FieldContext): number => Math.floor(time / 1000)

/** Writes a value; false, having written anything or nothing, for one that it cannot give back exactly. */
export type Pack = (out: Parts<ByteWriter>, value: unknown, context: FieldContext) => boolean

/** Reads a value. Throws WireError for bytes that no writer makes. */
export type Unpack = (from: Parts<ByteReader>, context: FieldContext) => unknown
