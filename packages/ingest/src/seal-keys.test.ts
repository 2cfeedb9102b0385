import { randomBytes } from 'node:crypto'
import { makeKeys } from '@weir/schema/open'
import { createSealer, FRAME, keyId, writeFrame, writeHead, writeHeader } from '@weir/schema/seal'
import { describe, expect, it } from 'vitest'
import { createLog } from './observe.ts'
import { KeyUnavailable, openSealKeys } from './seal-keys.ts'
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
    later()
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

  it('are asked for at once', async () => {
    const pairs = [makeKeys(), makeKeys(), makeKeys()]
    const answers: (() => void)[] = []
    const { log } = setup({})
    // None is answered before all were asked.
    const ssm = async (name: string) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      answers.push(resolve)
      if (answers.length === 3) for (const answer of answers) answer()
      await promise
      return pairs[Number(name)]?.private ?? ''
    }
    const resolver = createSecretResolver({ env: {}, ssm, now: () => 0 })
    const keys = await openSealKeys({ key: 'ssm:0', formerKeys: ['ssm:1', 'ssm:2'] }, resolver, log, 50)
    expect(keys.opener?.keys).toEqual(pairs.map(({ id }) => id))
  })

  it('do not hold anything up for long', async () => {
    const { log, lines } = setup({})
    const resolver = createSecretResolver({ env: {}, ssm: () => Promise.withResolvers<string>().promise, now: () => 0 })
    await openSealKeys({ key: 'ssm:key', formerKeys: [] }, resolver, log, 1)
    expect(lines.join()).toContain('ssm:key: gave no answer in time')
  })

  it('are waited for while the source is out of order, a few times, by what is sealed to them alone', async () => {
    const [key, other] = [makeKeys(), makeKeys()]
    let up = false
    const { log } = setup({})
    const down = Object.assign(new Error('down'), { code: 'ECONNREFUSED' })
    const ssm = async (name: string) => (name === 'other' ? other.private : up ? key.private : Promise.reject(down))
    const resolver = createSecretResolver({ env: {}, ssm, now: () => 0 })
    const keys = await openSealKeys({ key: 'ssm:key', formerKeys: ['ssm:other'] }, resolver, log)
    const attempt = (bytes: Uint8Array) => () => keys.opener?.open(bytes)
    expect(attempt(sealed(other))()?.sequence).toBe(1)
    expect(attempt(Buffer.from('anything'))).toThrow('not one whole frame')
    expect(attempt(sealed(key))).toThrow(KeyUnavailable)
    // It asks at once, though the failure is fresh.
    up = true
    await keys.refresh()
    expect(attempt(sealed(key))()?.sequence).toBe(1)

    up = false
    const outage = await openSealKeys(
      { key: 'ssm:key', formerKeys: [] },
      createSecretResolver({ env: {}, ssm, now: () => 0 }),
      log,
    )
    const outcomes: unknown[] = []
    for (let i = 0; i < 12; i++) {
      await outage.refresh()
      try {
        outage.opener?.open(sealed(key))
      } catch (error) {
        outcomes.push(error instanceof KeyUnavailable)
      }
    }
    expect(outcomes).toEqual(Array.from({ length: 10 }, () => true))
    expect(outage.opener).toBeUndefined()
  })

  it('are not waited for where they are refused', async () => {
    const { log } = setup({})
    const denied = Object.assign(new Error('no'), { name: 'AccessDeniedException' })
    const resolver = createSecretResolver({ env: {}, ssm: () => Promise.reject(denied), now: () => 0 })
    expect((await openSealKeys({ key: 'ssm:key', formerKeys: [] }, resolver, log)).opener).toBeUndefined()
  })
})

function sealed({ public: key }: { readonly public: string }): Uint8Array {
  const recipient = Buffer.from(key, 'base64')
  const sealer = createSealer(recipient, randomBytes)
  const header = writeHeader({ keyId: keyId(recipient), sandbox: 'aa'.repeat(16), encapsulated: sealer.encapsulated })
  const head = writeHead(FRAME.records, 16 + 1, 0, 1)
  return Buffer.concat([header, writeFrame(head, sealer.seal(0, Buffer.concat([header, head]), Buffer.of(1)))])
}
