import { linkRules, runRules } from '@weir/sigma'
import { describe, expect, it } from 'vitest'
import { assemble } from './assemble.ts'
import { validateConfig } from './config.ts'
import { memoryQuarantine } from './quarantine/memory.ts'
import { memorySpool } from './spool/memory.ts'

const partsOf = async (redaction: object) => {
  const weir = await assemble(validateConfig({ redaction, log: 'silent' }), {
    pack: runRules(linkRules([]), 'test'),
    env: {},
    stores: { spool: memorySpool(), quarantine: memoryQuarantine() },
  })
  return weir.parts
}

describe('assemble', () => {
  it('masks mail addresses where the config asks for it, and nowhere else', async () => {
    const record = { to: 'alice@shop.example.com', note: 'sent to alice@shop.example.com' }
    expect((await partsOf({})).redact(record)).toEqual(record)
    const asked = await partsOf({ also: ['email'], keep: ['to'] })
    expect(asked.redact(record)).toEqual({
      to: 'alice@shop.example.com',
      note: expect.stringMatching(/^sent to \[redacted:email:[0-9a-f]{16}\]$/),
    })
    expect(asked.redactText('for alice@shop.example.com')).toMatch(/^for \[redacted:email:/)
  })
})
