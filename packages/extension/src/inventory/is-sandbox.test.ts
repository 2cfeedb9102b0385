import { describe, expect, it } from 'vitest'
import { type Entry, memoryFiles } from '../testing/files.ts'
import { testRecorder } from '../testing/recorder.ts'
import { isSandbox } from './is-sandbox.ts'

function started(tree: Record<string, Entry>) {
  const { recorder, host } = testRecorder()
  const files = memoryFiles(tree)
  Object.assign(host, { files })
  return { recorder, files, is: () => isSandbox(recorder) }
}

describe('whether this is a sandbox', () => {
  it('is told by our own file where Lambda looks for extensions', () => {
    expect(started({ '/opt/extensions/weir': '#!/bin/bash' }).is()).toBe(true)
  })

  it.each<[string, Record<string, Entry>]>([
    ['nothing there', {}],
    ['another extension', { '/opt/extensions/agent': '' }],
    ['a folder of that name', { '/opt/extensions/weir/x': '' }],
    ['a link of that name', { '/opt/extensions/weir': { link: '/home/me/weir' } }],
    ['a layer laid out elsewhere', { '/tmp/layer/extensions/weir': '' }],
  ])('is not told by %s', (_, tree) => {
    expect(started(tree).is()).toBe(false)
  })

  it('is looked at once, and again after a restore', () => {
    const { recorder, files, is } = started({})
    expect([is(), is()]).toEqual([false, false])
    expect(files.asked.stat).toBe(1)
    recorder.renew()
    is()
    expect(files.asked.stat).toBe(2)
  })
})
