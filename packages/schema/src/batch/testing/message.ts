import { checksum } from '../checksum.ts'
import { ENVELOPE_FINGERPRINT } from '../v1-schema.ts'
import { ByteWriter } from '../writer.ts'

/** The parts of a version 1 message, any of which a hostile writer may choose. */
export interface Parts {
  readonly fingerprint?: string
  readonly sequence?: number
  readonly count?: number
  readonly codec?: number
  readonly dictionary?: number
  readonly rawBytes?: number
  readonly previous?: Uint8Array
  /** The payload before compression, for the checksum. */
  readonly payload: Uint8Array
  /** As sent; the payload itself unless given. */
  readonly records?: Uint8Array
  readonly trailing?: Uint8Array
}

/** A message with a right checksum over whatever parts it is given: what the checks behind the checksum must stop. */
export function messageOf(parts: Parts): Uint8Array {
  const { payload, records = payload } = parts
  const out = new ByteWriter()
  out.hex(`c301${parts.fingerprint ?? ENVELOPE_FINGERPRINT}`)
  out.raw(Buffer.alloc(16, 7))
  out.long(parts.sequence ?? 1)
  out.long(parts.count ?? 0)
  out.long(parts.codec ?? 0)
  out.long(parts.dictionary ?? 0)
  out.long(parts.rawBytes ?? payload.length)
  out.bytes(parts.previous ?? Buffer.alloc(0))
  const head = out.length
  out.raw(Buffer.alloc(4))
  out.bytes(records)
  const tail = out.length
  out.byte(0)
  out.raw(parts.trailing ?? Buffer.alloc(0))
  const message = Buffer.from(out.done())
  message.writeUInt32LE(checksum(message.subarray(0, head), message.subarray(head + 4, tail), payload), head)
  return message
}
