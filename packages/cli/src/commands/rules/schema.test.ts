import { SCHEMAS } from '@weir/sigma/schema'
import { describe, expect, it } from 'vitest'
import { weir } from '../../testing.ts'

describe('weir rules schema', () => {
  it.each(Object.keys(SCHEMAS))('prints the schema of %s', async kind => {
    const { code, out } = await weir(['rules', 'schema', kind])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ $schema: expect.stringContaining('draft-07') })
  })

  it('prints that of rules unless told otherwise', async () => {
    expect((await weir(['rules', 'schema'])).out).toContain('"detection"')
    expect(await weir(['rules', 'schema', 'rules'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('did you mean "rule"'),
    })
  })
})
