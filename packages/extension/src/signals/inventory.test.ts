import { describe, expect, it } from 'vitest'
import { memoryFiles } from '../testing/files.ts'
import { testRecorder } from '../testing/recorder.ts'
import { inventory } from './inventory.ts'
import type { Load } from './signal.ts'

/** Numbers of the flushes at which an inventory was sent by a sandbox whose id begins with `first`. */
async function sentAt(first: string, env: Record<string, string> = {}, load: Load = 'all'): Promise<number[]> {
  const { recorder, host } = testRecorder(env)
  Object.assign(host, { files: memoryFiles({ '/var/task/index.mjs': '1' }) })
  const at: number[] = []
  let flush = 1
  const sandbox = { ...recorder.sandbox, id: first.padEnd(32, '0'), identity: recorder.sandbox.identity }
  const to = { ...recorder, load, sandbox, json: () => void at.push(flush) }
  await import('../inventory/inventory.ts')
  for (; flush <= 40; flush++) {
    inventory.flush?.(to)
    for (let slice = 0; slice < 4; slice++) {
      await new Promise(setImmediate)
      host.advance(10)
    }
  }
  return at
}

describe('the inventory', () => {
  it('is sent at the first flush by one sandbox in eight, by the others at the sixteenth', async () => {
    expect(await sentAt('08')).toEqual([1])
    expect(await sentAt('07')).toEqual([16])
  })

  it('is not sent where it is switched off, nor while work is shed', async () => {
    expect(await sentAt('08', { WEIR_INVENTORY: '0' })).toEqual([])
    expect(await sentAt('08', {}, 'counts')).toEqual([])
  })
})
