import { expect, it } from 'vitest'
import { canonicalForm, fingerprint } from './fingerprint.ts'

it('gives the fingerprints that Avro documents, little endian', () => {
  expect(fingerprint('null')).toBe('8a8f25cce724dd63')
  expect(fingerprint('int')).toBe('8f5c393f1ad57572')
})

it('takes the canonical form, in which documentation and order of keys do not count', () => {
  const schema = { doc: 'a point', fields: [{ type: 'int', name: 'x', default: 1 }], name: 'Point', type: 'record' } as const
  expect(canonicalForm({ ...schema, fields: [...schema.fields] })).toBe(
    '{"name":"Point","type":"record","fields":[{"name":"x","type":"int"}]}',
  )
})
