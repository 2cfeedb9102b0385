import { expect, it } from 'vitest'
import { memoryFiles } from '../testing/files.ts'
import { body, testRecorder } from '../testing/recorder.ts'
import { connections } from './connections.ts'

it('looks at the connections of the sandbox at a flush', async () => {
  const { recorder, host, shipped } = testRecorder()
  const row = '   0: 0100A8C0:9C40 097100CB:01BB 01 00000000:00000000 00:00000000 00000000   993        0 12 1\n'
  Object.assign(host, {
    files: memoryFiles({ '/opt/extensions/weir': '', '/proc/net/snmp': 'Tcp: 1 200 120000 -1 3 0\n', '/proc/net/tcp': row }),
  })
  recorder.sandbox.invoked('', 'r-1', host.now())
  recorder.take(body({ type: 'platform.runtimeDone', record: { requestId: 'r-1' } }))
  connections.flush?.(recorder)
  await import('../inventory/inventory.ts')
  await new Promise(setImmediate)
  expect(shipped().filter(({ signal }) => signal === 'weir.connections')).toMatchObject([
    { invocation: 'r-1', body: { ip: '203.0.113.9', port: 443, opened: 3 } },
  ])
})
