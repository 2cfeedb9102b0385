import type { FieldContext } from './fields.ts'
import { PACK } from './pack-fields.ts'
import { shapes } from './shapes.ts'
import { wireName, wireTime } from './wire.ts'
import { ByteWriter } from './writer.ts'

const { typed, any } = shapes(PACK)
const BY_SIGNAL = new Map(typed.map(([number, signal, pack]) => [signal, [[number, pack] as const, ...any]]))

/** Used again for each record: in the pool that small buffers come from, theirs would stay for as long as the bodies between them. */
const FORM = new ByteWriter(0x4000)
const DATA = new ByteWriter(0x4000)

/**
 * What the platform reported (the Telemetry API's `record`, parsed: a platform record, a log line or a JSON log) in its compact form, for a body
 * of type `application/vnd.weir.platform`. `undefined` when no such form could give back exactly this value. `context` must be the time and the
 * invocation of the record that will carry the body, because the body leaves out what they say.
 */
export function packPlatform(signal: string, record: unknown, context: FieldContext): Uint8Array | undefined {
  if (wireTime(context.time) !== context.time || wireName(context.invocation) !== context.invocation) return undefined
  for (const [number, pack] of BY_SIGNAL.get(signal) ?? any) {
    const out = { form: FORM.clear(), data: DATA.clear(), time: context.time, left: 0 }
    if (!pack(out, record, context)) continue
    const body = new ByteWriter(3 + out.form.length + out.data.length)
    body.byte(number)
    body.bytes(out.form.done())
    body.raw(out.data.done())
    return body.done()
  }
  return undefined
}
