import { makeKeys } from '@weir/schema/open'
import { describe, expect, it } from 'vitest'
import { createLog } from './observe.ts'
import { openSealKeys } from './seal-keys.ts'
import { createSecretResolver } from './secrets.ts'

function setup(env: Record<string, string>) {
  let clock = 0
  const lines: string[] = []
  const resolver = createSecretResolver({ env, now: () => clock })
  const log = createLog('info', { write: line => void lines.push(line) })
  return { resolver, log, lines, later: () => void (clock += 300_001) }
}

describe('the keys of the journal', () => {
  it('are those of the config, the former ones too', async () => {
    const [now, before] = [makeKeys(), makeKeys()]
    const { resolver, log } = setup({ NOW: now.private, BEFORE: `${before.private}\n` })
    const { opener } = await openSealKeys({ key: 'env:NOW', formerKeys: ['env:BEFORE'] }, resolver, log)
    expect(opener?.keys).toEqual([now.id, before.id])
    expect((await openSealKeys({ formerKeys: [] }, resolver, log)).opener).toBeUndefined()
  })

  it('are asked for again, so that one that is set or changed later is taken over', async () => {
    const [first, second] = [makeKeys(), makeKeys()]
    const env: Record<string, string> = {}
    const { resolver, log, lines, later } = setup(env)
    const keys = await openSealKeys({ key: 'env:NOW', formerKeys: [] }, resolver, log)
    await keys.refresh()
    expect([keys.opener, lines.length]).toEqual([undefined, 1])
    env['NOW'] = first.private
    await keys.refresh()
    expect(keys.opener?.keys).toEqual([first.id])
    const { opener } = keys
    await keys.refresh()
    expect(keys.opener).toBe(opener)
    env['NOW'] = second.private
    later()
    await keys.refresh()
    expect(keys.opener?.keys).toEqual([second.id])
  })

  it('say what is wrong with one, and never what it is; the others serve', async () => {
    const good = makeKeys()
    const { resolver, log, lines } = setup({ NOW: 'c2VjcmV0', GOOD: good.private })
    const { opener } = await openSealKeys({ key: 'env:NOW', formerKeys: ['env:GOOD'] }, resolver, log)
    expect(opener?.keys).toEqual([good.id])
    expect(lines.join()).toContain('env:NOW: expected a private key as `weir keys` writes it')
    expect(lines.join()).not.toContain('c2VjcmV0')
  })
})
