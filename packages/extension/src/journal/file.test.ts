import type { Batch } from '@weir/schema'
import { readHeader } from '@weir/schema/seal'
import { describe, expect, it } from 'vitest'
import { createRecorder } from '../recorder.ts'
import { createRedaction } from '../redaction.ts'
import { readConfig } from '../config.ts'
import { body, testRecorder } from '../testing/recorder.ts'
import { journalFolder } from './file.ts'
import { batchOf, Disk, opened, record, testJournal } from './testing.ts'

const to = testRecorder().recorder
const ahead = (sandbox: string, ...bodies: string[]): Batch => batchOf(sandbox, 0, bodies.map(record))
/** What the next process finds. */
function found(disk: Disk): string[] {
  const { journal } = testJournal(disk.process().files)
  const carrier = journal.recover(to, 1e6)
  return carrier ? opened(carrier).map(each => each.body) : []
}

describe('the folder of the journal', () => {
  it('is in /tmp, or where a laptop says', () => {
    expect(journalFolder({ env: { TMPDIR: '/elsewhere' } })).toBe('/tmp/.weir')
    expect(journalFolder({ env: { TMPDIR: '/box', WEIR_TMP: '$TMPDIR' } })).toBe('/box/.weir')
    expect(journalFolder({ env: { WEIR_TMP: '/box/tmp' } })).toBe('/box/tmp/.weir')
  })
})

describe('a journal on a disk', () => {
  it('makes its file with the first records, and not for nothing', () => {
    const disk = new Disk()
    const { journal, sandbox } = testJournal(disk.process().files)
    journal.cut([], 1)
    journal.waiting([])
    expect(disk.files.size).toBe(0)
    journal.ahead(ahead(sandbox.id, 'one'))
    expect([...disk.files.keys()]).toEqual([`/tmp/.weir/${sandbox.id}.0.journal`])
    expect(readHeader([...disk.files.values()][0] ?? Buffer.alloc(0))?.sandbox).toBe(sandbox.id)
  })

  it('is given up at the first failure, once, and leaves nothing that could contradict what is shipped', () => {
    const disk = new Disk()
    const state = disk.process()
    const { journal, sandbox, counters } = testJournal(state.files)
    journal.ahead(ahead(sandbox.id, 'one'))
    state.fail = true
    journal.ahead(ahead(sandbox.id, 'two'))
    state.fail = false
    for (const each of ['three', 'four']) journal.ahead(ahead(sandbox.id, each))
    journal.cut([{ sequence: 1, data: Buffer.from('x') }], 1)
    journal.waiting([])
    expect(counters.takeFaults()).toEqual([{ kind: 'journal:write', count: 1 }])
    expect(disk.files.size).toBe(0)
  })

  it('is not begun where it cannot be made, or where /tmp has no room to spare', () => {
    const failing = new Disk().process()
    failing.fail = true
    const full = { ...new Disk().process().files, space: () => ({ bytes: 512_000_000, used: 500_000_000 }) }
    const crowd = new Disk()
    for (let each = 0; each < 5; each++) crowd.files.set(`/tmp/.weir/${each}`, Buffer.alloc(8_000_000))
    for (const files of [failing.files, full, crowd.process().files]) {
      const { journal, sandbox, counters } = testJournal(files)
      for (const each of ['one', 'two']) journal.ahead(ahead(sandbox.id, each))
      expect(counters.takeFaults()).toEqual([{ kind: 'journal:create', count: 1 }])
    }
  })

  it('is bounded: what is beyond stands in memory only, and is told of once', () => {
    const disk = new Disk()
    const { journal, sandbox, counters } = testJournal(disk.process().files, { WEIR_BUFFER_BYTES: '65536' })
    const size = () => [...disk.files.values()].reduce((sum, each) => sum + each.length, 0)
    for (let each = 0; each < 20; each++) journal.ahead(ahead(sandbox.id, 'x'.repeat(20_000)))
    expect(size()).toBeLessThan(2 * 65_536 + 25_000)
    expect(counters.takeFaults()).toEqual([{ kind: 'journal:full', count: 1 }])
    journal.cut([{ sequence: 1, data: Buffer.from('x') }], 1)
    journal.waiting([])
    expect(size()).toBe(0)
    journal.ahead(ahead(sandbox.id, 'again'))
    expect(found(disk)).toEqual(['again'])
  })

  it('does not grow while something always waits', () => {
    const disk = new Disk()
    const { journal, sandbox } = testJournal(disk.process().files)
    const data = Buffer.alloc(20_000)
    for (let sequence = 1; sequence < 200; sequence++) {
      journal.ahead(ahead(sandbox.id, 'x'.repeat(5_000)))
      journal.cut([{ sequence, data }], sequence)
      journal.ahead(ahead(sandbox.id, 'y'))
      journal.waiting([{ sandbox: sandbox.id, sequence }])
    }
    expect(disk.files.size).toBe(1)
    expect([...disk.files.values()][0]?.length).toBeLessThan(400_000)
  })

  it('goes on where room gets scarce later: another file of it is smaller', () => {
    const disk = new Disk()
    let used = 0
    const files = { ...disk.process().files, space: () => ({ bytes: 512_000_000, used }) }
    const { journal, sandbox, counters } = testJournal(files)
    for (let each = 0; each < 3; each++) journal.ahead(ahead(sandbox.id, 'x'.repeat(100_000)))
    used = 511_000_000
    journal.cut([{ sequence: 1, data: Buffer.from('x') }], 1)
    journal.ahead(ahead(sandbox.id, 'more'))
    journal.waiting([])
    expect([...disk.files.keys()]).toEqual([`/tmp/.weir/${sandbox.id}.1.journal`])
    expect(counters.takeFaults()).toEqual([])
    expect(found(disk)).toEqual(['more'])
  })

  it('stands empty when all is acknowledged, and an empty one is removed without a word', () => {
    const disk = new Disk()
    const { journal, sandbox } = testJournal(disk.process().files)
    journal.ahead(ahead(sandbox.id, 'one'))
    journal.cut([{ sequence: 1, data: Buffer.from('x') }], 1)
    journal.waiting([{ sandbox: sandbox.id, sequence: 1 }])
    journal.waiting([])
    expect([...disk.files.values()].map(each => each.length)).toEqual([0])
    expect(found(disk)).toEqual([])
    expect(disk.files.size).toBe(0)
  })
})

describe('a journal and a snapshot', () => {
  it('begins after the restore, because every copy would have what stood there before', () => {
    const disk = new Disk()
    const { journal, sandbox } = testJournal(disk.process().files, { AWS_LAMBDA_INITIALIZATION_TYPE: 'snap-start' })
    journal.ahead(ahead(sandbox.id, 'before'))
    expect(disk.files.size).toBe(0)
    sandbox.renew()
    journal.renew()
    journal.ahead(ahead(sandbox.id, 'after'))
    expect(found(disk)).toEqual(['after'])
  })

  it('is another file, sealed anew, for what a restored process records', () => {
    const disk = new Disk()
    const { journal, sandbox } = testJournal(disk.process().files)
    journal.ahead(ahead(sandbox.id, 'before'))
    const [before] = disk.files.values()
    sandbox.renew()
    journal.renew()
    journal.ahead(ahead(sandbox.id, 'after'))
    const [after] = disk.files.values()
    expect(disk.files.size).toBe(1)
    expect(readHeader(after ?? Buffer.alloc(0))?.encapsulated).not.toEqual(readHeader(before ?? Buffer.alloc(0))?.encapsulated)
    expect(found(disk)).toEqual(['after'])
  })
})

describe('the recorder', () => {
  it('writes ahead what a POST brings, and counts as it will when it is cut', () => {
    const disk = new Disk()
    const { journal, sandbox, counters, host } = testJournal(disk.process().files)
    const config = readConfig(host.env)
    const recorder = createRecorder(host, config, sandbox, createRedaction(host, 'key', counters), counters, journal)
    const post = (...lines: string[]) => recorder.take(body(...lines.map(each => ({ type: 'function', record: `${each}\n` }))))
    recorder.begin({ mode: 'telemetry', schema: '' })
    expect(disk.files.size).toBe(0)
    post('one', 'two')
    const [first] = recorder.cut()
    journal.cut([{ sequence: 1, data: Buffer.from('x') }], 1)
    journal.waiting([])
    post('three')
    post('four', 'AKIAQ3EGRIXAMPLE4Z7T')
    const { journal: next } = testJournal(disk.process().files)
    const left = opened(next.recover(to, 1e6) ?? { records: [] })
    const sent = first?.emitted ?? 0
    expect(left.map(({ uid, emitted }) => [uid.slice(33), emitted - sent])).toEqual([
      ['2/0', 1],
      ['3/0', 3],
      ['3/1', 3],
    ])
    expect(left.map(each => each.body).join()).toMatch(/three[^]*four[^]*redacted:aws-access-key-id/)
  })

  it('writes ahead what comes by another way when the task that brought it is done', () => {
    const disk = new Disk()
    const parts = testRecorder()
    const { journal, sandbox, counters } = testJournal(disk.process().files)
    const recorder = createRecorder(parts.host, parts.recorder.config, sandbox, parts.recorder.redaction, counters, journal)
    recorder.own('weir.test', { one: 1 })
    recorder.own('weir.test', { two: 2 })
    expect(disk.files.size).toBe(0)
    parts.host.advance(0)
    expect(found(disk)).toEqual(['{"one":1}', '{"two":2}'])
  })
})
