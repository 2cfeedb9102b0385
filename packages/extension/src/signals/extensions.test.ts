import { expect, it } from 'vitest'
import { memoryFiles } from '../testing/files.ts'
import { body, testRecorder } from '../testing/recorder.ts'
import '../inventory/inventory.ts'

it('tells at the first flush who registered, again when one more does, and leaves the telemetry as it is', async () => {
  const { recorder, host, shipped } = testRecorder({ WEIR_ALLOWED_EXTENSIONS: 'agent' })
  Object.assign(host, { files: memoryFiles({ '/opt/extensions/weir': '' }) })
  const ship = async () => {
    const first = shipped()
    await new Promise(setImmediate)
    return [...first, ...shipped()]
  }
  const told = (all: Awaited<ReturnType<typeof ship>>) =>
    all.filter(({ signal }) => signal === 'weir.extensions').map(each => each.body)
  const register = (name: unknown) =>
    recorder.take(body({ type: 'platform.extension', record: { name, state: 'Ready', events: ['INVOKE'] } }))

  register('weir')
  register({ not: 'a name' })
  const first = await ship()
  expect(first.filter(({ signal }) => signal === 'platform.extension')).toHaveLength(2)
  expect(told(first)).toMatchObject([{ registered: [{ name: 'weir', events: ['INVOKE'] }], unlisted: [], internal: [] }])
  register('weir')
  expect(told(await ship())).toEqual([])
  register('agent')
  register('other')
  expect(told(await ship())).toMatchObject([{ unlisted: ['other'], internal: ['agent', 'other'] }])
  for (let each = 0; each < 100; each++) register(`forged-${each}`)
  expect(told(await ship())).toMatchObject([{ registered: { length: 16 } }])
})
