import { beforeEach, describe, expect, it } from 'vitest'
import { aside } from './aside.ts'
import './inventory/inventory.ts'
import { memoryFiles } from './testing/files.ts'
import { body, testRecorder } from './testing/recorder.ts'

const TREE = {
  '/opt/extensions/weir': '#!/bin/sh\n',
  '/var/task/index.mjs': 'export const handler = () => {}',
  '/var/task/node_modules/left/package.json': '{"name":"left","version":"1.0.0"}',
  '/proc/9/exe': { link: '/tmp/miner' },
  '/proc/9/stat': '9 (miner) S 1',
  '/proc/net/snmp': 'Tcp: 1 200 120000 -1 3 0\n',
}
const LOOKS = ['weir.code', 'weir.extensions', 'weir.inventory', 'weir.process']

function started(env: Record<string, string> = {}) {
  const { recorder, host, shipped } = testRecorder(env)
  const files = memoryFiles(TREE)
  // The one sandbox in eight that sends its inventory at its first flush.
  Object.assign(host, { files, random: (bytes: number) => Buffer.alloc(bytes, 8) })
  recorder.sandbox.renew()
  const say = (type: string, requestId: string) => recorder.take(body({ type, record: { requestId } }))
  return {
    recorder,
    asked: () => Object.values(files.asked).reduce((one, other) => one + other),
    invoke(requestId: string) {
      recorder.sandbox.invoked('', requestId, host.now())
      say('platform.start', requestId)
    },
    finish: (requestId: string) => say('platform.runtimeDone', requestId),
    /** Flushes, and lets so much time pass. */
    async flush(ms = 200) {
      const told = shipped()
      for (let left = ms; left > 0; left -= 2) {
        await new Promise(setImmediate)
        host.advance(2)
      }
      return [...told, ...shipped()].map(({ signal }) => signal).filter(signal => LOOKS.includes(signal))
    },
  }
}

let sandbox: ReturnType<typeof started>
beforeEach(() => {
  sandbox = started()
})

describe('the looks at the sandbox', () => {
  it('read nothing while a handler runs, and what was due then is done at its end', async () => {
    sandbox.invoke('a')
    // The guard's signal looks for its folder by itself, once.
    await sandbox.flush()
    const before = sandbox.asked()
    expect(await sandbox.flush()).toEqual([])
    expect(sandbox.asked()).toBe(before)
    sandbox.finish('a')
    expect(new Set(await sandbox.flush())).toEqual(new Set(LOOKS))
    expect(sandbox.asked()).toBeGreaterThan(before)
  })

  it('stop where the next handler begins, and go on at its end', async () => {
    sandbox.invoke('a')
    sandbox.finish('a')
    await sandbox.flush(0)
    await new Promise(setImmediate)
    // The walks have begun, and wait for their first slice.
    sandbox.invoke('b')
    const before = sandbox.asked()
    expect(await sandbox.flush()).not.toContain('weir.code')
    expect(sandbox.asked()).toBe(before)
    sandbox.finish('b')
    expect(await sandbox.flush()).toEqual(expect.arrayContaining(['weir.code', 'weir.inventory']))
  })

  it('do not begin at an end that comes when another handler runs', async () => {
    sandbox.invoke('a')
    await sandbox.flush()
    const before = sandbox.asked()
    sandbox.recorder.sandbox.invoked('', 'b', sandbox.recorder.host.now())
    sandbox.finish('a')
    await sandbox.flush()
    expect(sandbox.asked()).toBe(before)
  })

  it('do not wait before the first invocation, nor on Managed Instances', async () => {
    expect(await sandbox.flush()).toContain('weir.code')
    sandbox = started({ AWS_LAMBDA_INITIALIZATION_TYPE: 'lambda-managed-instances' })
    sandbox.invoke('a')
    expect(await sandbox.flush()).toContain('weir.code')
  })

  it('are made once for each signal, however often they were due', async () => {
    const { recorder } = sandbox
    const done: string[] = []
    sandbox.invoke('a')
    for (const each of ['one', 'two']) aside('of.test', recorder, () => done.push(each))
    expect(done).toEqual([])
    sandbox.finish('a')
    await new Promise(setImmediate)
    expect(done).toEqual(['two'])
  })

  it('cost their own signal where they fail', async () => {
    const { recorder } = sandbox
    aside('of.test', recorder, () => {
      throw new Error('of the test')
    })
    await new Promise(setImmediate)
    expect(recorder.counters.takeFaults()).toEqual([{ kind: 'signal:of.test', count: 1 }])
  })
})
