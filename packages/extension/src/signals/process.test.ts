import { expect, it } from 'vitest'
import { memoryFiles } from '../testing/files.ts'
import { body, testRecorder } from '../testing/recorder.ts'
import { processes } from './process.ts'

it('looks at the processes of the sandbox at a flush', async () => {
  const { recorder, host, shipped } = testRecorder()
  Object.assign(host, {
    files: memoryFiles({ '/opt/extensions/weir': '', '/proc/9/exe': { link: '/tmp/x' }, '/proc/9/stat': '9 (x) S 1' }),
  })
  recorder.sandbox.invoked('', 'r-1', host.now())
  recorder.take(body({ type: 'platform.runtimeDone', record: { requestId: 'r-1' } }))
  processes.flush?.(recorder)
  await import('../inventory/inventory.ts')
  await new Promise(setImmediate)
  expect(shipped().filter(({ signal }) => signal === 'weir.process')).toMatchObject([
    { invocation: 'r-1', body: { process: { pid: 9, path: '/tmp/x' } } },
    { invocation: 'r-1', body: { processes: 1 } },
  ])
})
