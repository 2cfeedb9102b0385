import { expect, it } from 'vitest'
import { memoryFiles } from '../testing/files.ts'
import { testRecorder } from '../testing/recorder.ts'

it('tells once, after the flush, which code is there; and again after a restore', async () => {
  const { recorder, host, shipped } = testRecorder({ WEIR_INVENTORY: '0' })
  Object.assign(host, { files: memoryFiles({ '/var/task/index.mjs': '1' }) })
  const flush = async () => {
    const now = shipped()
    for (let slice = 0; slice < 3; slice++) {
      await import('../inventory/inventory.ts')
      await new Promise(setImmediate)
      host.advance(10)
    }
    await new Promise(setImmediate)
    return [...now, ...shipped()].filter(({ signal }) => signal === 'weir.code').map(({ body }) => body)
  }
  expect(await flush()).toMatchObject([{ files: 1, partial: false, layers: { files: 0 } }])
  expect(await flush()).toEqual([])
  recorder.renew()
  expect(await flush()).toHaveLength(1)
})
