import { expect, it, vi } from 'vitest'
import { type Entry, memoryFiles } from '../testing/files.ts'
import { testRecorder } from '../testing/recorder.ts'
import { guard } from './guard.ts'

it('tells what the guard has written, and looks for it seldom where there is none', async () => {
  const { recorder, host, shipped } = testRecorder()
  const tree: Record<string, Entry> = {}
  const files = memoryFiles(tree)
  const to = { ...recorder, host: { ...host, files } }
  const flush = () => {
    guard.flush?.(to)
    return shipped().filter(each => each.signal === 'weir.guard')
  }
  for (let each = 0; each < 17; each++) flush()
  expect(files.asked.stat).toBe(1)
  tree['/tmp/.weir/guard/17-0-abc.jsonl'] = `${JSON.stringify({ kind: 'start', node: 'v24.0.0' })}\n`
  expect(flush()).toEqual([])
  const seen = await vi.waitFor(() => {
    const told = flush()
    expect(told).not.toEqual([])
    return told
  })
  expect(seen).toMatchObject([{ time: host.now(), body: { kind: 'start', node: 'v24.0.0' } }])
  expect(flush()).toEqual([])
})
