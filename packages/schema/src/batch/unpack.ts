import { BodyError, WireError } from './errors.ts'
import type { FieldContext } from './fields.ts'
import { ByteReader } from './reader.ts'
import { shapes } from './shapes.ts'
import { UNPACK } from './unpack-fields.ts'

const { typed, any } = shapes(UNPACK)
const BY_NUMBER = new Map([...typed.map(([number, , unpack]) => [number, unpack] as const), ...any])

/** The value that `packPlatform` was given. Throws BodyError: `unknown-schema` for a shape of a newer Weir, else `corrupt`. */
export function unpackPlatform(body: Uint8Array, context: FieldContext): unknown {
  const unpack = BY_NUMBER.get(body[0] ?? 0)
  if (!unpack)
    throw new BodyError(
      body.length ? 'unknown-schema' : 'corrupt',
      `platform body: shape ${body[0] ?? 'missing'} is not known here`,
    )
  try {
    const data = new ByteReader(body, 1)
    const from = { form: data.inner('form'), data, time: context.time, left: 0 }
    const value = unpack(from, context)
    if (from.form.left + data.left > 0) throw new WireError('corrupt', 'bytes after the end')
    return value
  } catch (error) {
    if (error instanceof WireError) throw new BodyError('corrupt', `platform body: ${error.message}`)
    throw error
  }
}
