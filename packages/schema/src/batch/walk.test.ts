import avsc, { type Schema } from 'avsc'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileCheck } from './walk.ts'

const SCHEMA: Schema = {
  type: 'record',
  name: 'test.Everything',
  fields: [
    { name: 'nothing', type: 'null' },
    { name: 'yes', type: 'boolean' },
    { name: 'small', type: 'int' },
    { name: 'large', type: 'long' },
    { name: 'single', type: 'float' },
    { name: 'twice', type: 'double' },
    { name: 'raw', type: 'bytes' },
    { name: 'text', type: 'string' },
    { name: 'id', type: { type: 'fixed', name: 'test.Id', size: 3 } },
    { name: 'color', type: { type: 'enum', name: 'test.Color', symbols: ['RED', 'GREEN'] } },
    { name: 'maybe', type: ['null', 'string', 'test.Id'] },
    { name: 'rows', type: { type: 'array', items: { type: 'array', items: 'long' } } },
  ],
}
const type = avsc.Type.forSchema(SCHEMA, { wrapUnions: true })
const check = compileCheck(SCHEMA)

const bytes = fc.uint8Array({ maxLength: 12 }).map(each => Buffer.from(each))
const id = fc.uint8Array({ minLength: 3, maxLength: 3 }).map(each => Buffer.from(each))
const text = fc.string({ unit: 'binary', maxLength: 12 })
const long = fc.integer({ min: Number.MIN_SAFE_INTEGER + 1, max: Number.MAX_SAFE_INTEGER - 1 })
const everything = fc.record({
  nothing: fc.constant(null),
  yes: fc.boolean(),
  small: fc.integer(),
  large: long,
  single: fc.float({ noNaN: true }),
  twice: fc.double({ noNaN: true }),
  raw: bytes,
  text,
  id,
  color: fc.constantFrom('RED', 'GREEN'),
  maybe: fc.oneof(
    fc.constant(null),
    text.map(string => ({ string })),
    id.map(each => ({ 'test.Id': each })),
  ),
  rows: fc.array(fc.array(long, { maxLength: 4 }), { maxLength: 4 }),
})

describe('compileCheck', () => {
  it('accepts what avsc writes', () => {
    fc.assert(fc.property(everything, value => check(type.toBuffer(value), 1000)))
  })

  it('accepts nothing that avsc refuses, and lets it read within its limits', () => {
    const read = { accepted: 0, refused: 0 }
    fc.assert(
      fc.property(everything, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, place, xor) => {
        const buffer = type.toBuffer(value)
        buffer[place % buffer.length] = (buffer[place % buffer.length] ?? 0) ^ xor
        try {
          check(buffer, 1000)
        } catch {
          read.refused++
          return
        }
        read.accepted++
        type.fromBuffer(buffer)
      }),
      { numRuns: 2000 },
    )
    expect(Math.min(read.accepted, read.refused)).toBeGreaterThan(100)
  })

  it.each<[string, Schema, number[], RegExp]>([
    ['a count that the bytes cannot hold', { type: 'array', items: 'long' }, [0x14, 2, 2, 0], /more items than/],
    ['a count of items without bytes', { type: 'array', items: 'null' }, [0xfe, 0xff, 0xff, 0xff, 0x0f, 0], /too many items/],
    ['a negative count with a wrong length', { type: 'array', items: 'int' }, [0x03, 0x06, 2, 2, 0], /wrong length/],
    ['a block longer than the bytes', { type: 'array', items: 'int' }, [0x03, 0x7e, 2, 2, 0], /longer than/],
    ['a length beyond the end', 'bytes', [0x0a, 1, 2], /longer than/],
    ['a negative length', 'string', [0x01], /longer than/],
    ['a number with needless bytes', 'long', [0x80, 0x00], /needless/],
    ['a number beyond 2^53', 'long', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], /beyond 2\^53/],
    ['a number without end', 'long', Array.from({ length: 20 }, () => 0xff), /more than nine/],
    ['an int beyond 32 bits', 'int', [0x80, 0x80, 0x80, 0x80, 0x20], /beyond 32/],
    ['a boolean of 2', 'boolean', [2], /not a boolean/],
    ['a union without such a branch', ['null', 'long'], [4], /no such branch/],
    ['text that is not UTF-8', 'string', [0x04, 0xff, 0xfe], /not UTF-8/],
    ['bytes after the end', 'int', [2, 2], /after the end/],
    ['nothing at all', 'int', [], /too early/],
  ])('refuses %s', (_, schema, given, message) => {
    expect(() => compileCheck(schema)(Uint8Array.from(given), 1000)).toThrow(message)
  })

  it('accepts text that itself holds the character that stands for what is not UTF-8', () => {
    expect(() => compileCheck('string')(Uint8Array.of(0x06, 0xef, 0xbf, 0xbd), 1000)).not.toThrow()
  })

  it('accepts a block with its length in front, as other writers send it', () => {
    expect(() => compileCheck({ type: 'array', items: 'int' })(Uint8Array.of(0x03, 0x04, 2, 2, 0), 1000)).not.toThrow()
  })

  it('stops a schema that refers to itself at its depth', () => {
    const nested: Schema = {
      type: 'record',
      name: 'test.Node',
      fields: [{ name: 'next', type: ['null', 'test.Node'] }],
    }
    expect(() => compileCheck(nested)(Buffer.concat([Buffer.alloc(10, 2), Buffer.of(0)]), 1000)).not.toThrow()
    expect(() => compileCheck(nested)(Buffer.alloc(100_000, 2), 1000)).toThrow(/nested more than/)
  })

  it('has no check for a map, which avsc hangs on', () => {
    expect(() => compileCheck({ type: 'map', values: 'string' })).toThrow(/no check/)
  })
})
