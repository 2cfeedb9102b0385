import type { Schema } from 'avsc'
import { WireError } from './errors.ts'
import { ByteReader } from './reader.ts'

const MAX_DEPTH = 64

/** What is left to spend on one message. */
interface Budget {
  items: number
  depth: number
}

interface Walker {
  /** Bytes the smallest value takes. */
  readonly least: number
  walk(from: ByteReader, budget: Budget): void
}

/** Checks that `bytes` hold exactly one value of the schema. Throws WireError. */
export type Check = (bytes: Uint8Array, maxItems: number) => void

/**
 * A check to run before avsc sees a byte: avsc believes counts and lengths, so that five bytes make it build a hundred million elements, and
 * eight hang it on a map. Every length and count is held against the bytes that are left, every number against its range, all arrays together
 * against `maxItems`; its time is linear in the bytes. Maps are refused when the schema is compiled.
 */
export function compileCheck(schema: Schema): Check {
  const walker = compile(schema, '', new Map())
  return (bytes, maxItems) => {
    const from = new ByteReader(bytes)
    walker.walk(from, { items: maxItems, depth: MAX_DEPTH })
    if (from.left > 0) throw new WireError('corrupt', 'bytes after the end of the records')
  }
}

const PRIMITIVES: Readonly<Record<string, (place: string) => Walker>> = {
  null: () => ({ least: 0, walk: () => {} }),
  boolean: place => ({
    least: 1,
    walk: from => {
      if (from.byte(place) > 1) throw new WireError('corrupt', `${place}: not a boolean`)
    },
  }),
  int: place => ({ least: 1, walk: from => void from.int(place) }),
  long: place => ({ least: 1, walk: from => void from.long(place) }),
  float: place => ({ least: 4, walk: from => void from.raw(4, place) }),
  double: place => ({ least: 8, walk: from => void from.raw(8, place) }),
  bytes: place => ({ least: 1, walk: from => from.skipBytes(place) }),
  string: place => ({ least: 1, walk: from => void from.text(place) }),
}

/** A schema in its object form; what else may stand in it, avsc has checked. */
interface Complex {
  readonly type: Schema
  readonly name: string
  readonly size: number
  readonly items: Schema
  readonly symbols: readonly string[]
  readonly fields: readonly { readonly name: string; readonly type: Schema }[]
}

function compile(schema: Schema, place: string, named: Map<string, Walker>): Walker {
  if (typeof schema === 'string') {
    const walker = PRIMITIVES[schema]?.(place) ?? named.get(schema)
    if (!walker) throw new TypeError(`${place}: no check for the Avro type ${schema}`)
    return walker
  }
  if (Array.isArray(schema))
    return union(
      schema.map(each => compile(each, place, named)),
      place,
    )
  const complex = schema as unknown as Complex
  switch (complex.type) {
    case 'record':
      return record(complex, named)
    case 'array':
      return array(compile(complex.items, `${place}[]`, named), place)
    case 'fixed':
      return remember(named, complex, { least: complex.size, walk: from => void from.raw(complex.size, place) })
    case 'enum':
      return remember(named, complex, { least: 1, walk: from => void index(from, complex.symbols.length, place) })
    default:
      return compile(complex.type, place, named)
  }
}

function remember(named: Map<string, Walker>, { name }: Complex, walker: Walker): Walker {
  named.set(name, walker)
  return walker
}

/** A record that refers to itself counts as empty there, and the depth ends it. */
function record(schema: Complex, named: Map<string, Walker>): Walker {
  const fields: Walker[] = []
  const walk = (from: ByteReader, budget: Budget): void => {
    if (--budget.depth < 0) throw new WireError('too-large', `${schema.name}: nested more than ${MAX_DEPTH} deep`)
    for (const field of fields) field.walk(from, budget)
    budget.depth++
  }
  named.set(schema.name, { least: 0, walk })
  for (const field of schema.fields) fields.push(compile(field.type, `${schema.name}.${field.name}`, named))
  return remember(named, schema, { least: fields.reduce((sum, field) => sum + field.least, 0), walk })
}

/** Blocks of items, up to an empty one; a negative count is followed by the block's length in bytes. */
function array(item: Walker, place: string): Walker {
  const walk = (from: ByteReader, budget: Budget): void => {
    for (;;) {
      let count = from.long(place)
      if (count === 0) return
      let end: number | undefined
      if (count < 0) {
        count = -count
        const bytes = from.long(place)
        if (bytes < 0 || bytes > from.left) throw new WireError('corrupt', `${place}: a block longer than the bytes that follow`)
        end = from.position + bytes
      }
      if (count * item.least > from.left)
        throw new WireError('corrupt', `${place}: more items than the bytes that follow can hold`)
      budget.items -= count
      if (budget.items < 0) throw new WireError('too-large', `${place}: too many items`)
      for (let n = 0; n < count; n++) item.walk(from, budget)
      if (end !== undefined && from.position !== end) throw new WireError('corrupt', `${place}: a block with a wrong length`)
    }
  }
  return { least: 1, walk }
}

function union(branches: readonly Walker[], place: string): Walker {
  const least = 1 + Math.min(...branches.map(branch => branch.least))
  return { least, walk: (from, budget) => branches[index(from, branches.length, place)]?.walk(from, budget) }
}

function index(from: ByteReader, size: number, place: string): number {
  const value = from.int(place)
  if (value < 0 || value >= size) throw new WireError('corrupt', `${place}: no such branch or symbol`)
  return value
}
