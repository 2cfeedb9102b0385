import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { files } from '../host/files.ts'
import { testRecorder } from '../testing/recorder.ts'
import { Disk, batchOf, opened, record, testJournal } from './testing.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-recovery-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const later = () => Date.now() + 10_000
/** A journal in a real folder. */
const real = (now = later) => testJournal(files, { WEIR_TMP: folder }, now)
/** Leaves a journal with one record for each body. */
function leave(...bodies: string[]): string {
  const { journal, sandbox } = real()
  for (const each of bodies) journal.ahead(batchOf(sandbox.id, 0, [record(each)]))
  return join(folder, '.weir', `${sandbox.id}.0.journal`)
}
/** All that a new process recovers, and what it reports. */
function recover(): { bodies: string[]; report: unknown } {
  const { journal } = real()
  const { recorder, shipped } = testRecorder()
  const bodies: string[] = []
  for (let next = journal.recover(recorder, 1e6); next; next = journal.recover(recorder, 1e6)) {
    bodies.push(...opened(next).map(each => each.body))
    journal.waiting([])
  }
  return { bodies: bodies.sort(), report: shipped().find(each => each.signal === 'weir.journal')?.body }
}

describe('recovery', () => {
  it('takes what other processes left, and removes their files when it has arrived', () => {
    leave('one', 'two')
    leave('three')
    expect(recover()).toEqual({ bodies: ['one', 'three', 'two'], report: { files: 2, frames: 3, torn: 0, lost: 0 } })
    expect(readdirSync(join(folder, '.weir'))).toEqual([])
    expect(recover()).toEqual({ bodies: [], report: undefined })
  })

  it('keeps a file until the stream has all of it', () => {
    leave('one')
    const { journal } = real()
    const carrier = journal.recover(testRecorder().recorder, 1e6)
    if (!carrier) throw new Error('nothing was recovered')
    journal.waiting([carrier])
    expect(recover().bodies).toEqual(['one'])
  })

  it('makes batches of bounded size, and takes a frame that is larger than that alone', () => {
    leave(...Array.from({ length: 12 }, (_, index) => `${index}${'x'.repeat(10_000)}`), 'y'.repeat(200_000))
    const { journal } = real()
    const { recorder } = testRecorder()
    const sizes: number[] = []
    for (let next = journal.recover(recorder, 50_000); next; next = journal.recover(recorder, 50_000)) {
      sizes.push(next.records.reduce((sum, each) => sum + each.body.length, 0))
      journal.waiting([])
    }
    expect(sizes.map(each => Math.round(each / 10_000))).toEqual([4, 4, 4, 20])
  })

  it('leaves alone what a living process writes', () => {
    leave('one')
    const { journal } = real(() => Date.now() - 10_000)
    expect(journal.recover(testRecorder().recorder, 1e6)).toBeUndefined()
    expect(recover().bodies).toEqual(['one'])
  })

  it('drops a torn tail, and counts it', () => {
    const path = leave('one', 'two')
    const whole = readFileSync(path)
    for (const cut of [1, 17, 100]) {
      writeFileSync(path, whole.subarray(0, -cut))
      const { journal } = real()
      const { recorder, shipped } = testRecorder()
      expect(opened(journal.recover(recorder, 1e6) ?? { records: [] })[0]?.body).toBe('one')
      const report = shipped().find(each => each.signal === 'weir.journal')?.body
      expect(report).toMatchObject({ files: 1, torn: 1 })
    }
  })

  it('is not held up by anything that the function can put there', () => {
    leave('one')
    const base = join(folder, '.weir')
    const name = (digit: string) => join(base, `${digit.repeat(32)}.0.journal`)
    writeFileSync(join(base, 'something'), 'else')
    writeFileSync(name('1'), 'no journal')
    mkdirSync(name('2'))
    symlinkSync('/dev/zero', name('3'))
    symlinkSync(readdirSync(base)[0] ?? '', name('4'))
    try {
      execFileSync('mkfifo', [name('5')])
    } catch {
      // Not everywhere.
    }
    const { bodies, report } = recover()
    expect(bodies).toEqual(['one'])
    expect(report).toEqual({ files: 2, frames: 1, torn: 1, lost: 10 })
    expect(readdirSync(base)).toContain('something')
  })

  it('does not follow a link that stands for the folder', () => {
    leave('one')
    symlinkSync(join(folder, '.weir'), join(folder, 'other'))
    mkdirSync(join(folder, 'b'))
    symlinkSync(join(folder, '.weir'), join(folder, 'b/.weir'))
    const { journal, sandbox, counters } = testJournal(files, { WEIR_TMP: join(folder, 'b') }, later)
    journal.ahead(batchOf(sandbox.id, 0, [record('x')]))
    expect(counters.takeFaults()).toEqual([{ kind: 'journal:create', count: 1 }])
  })

  it('never throws for bytes that are no journal, and gives no more than it read', () => {
    const disk = new Disk()
    const first = testJournal(disk.process().files)
    first.journal.ahead(batchOf(first.sandbox.id, 0, [record('one'), record('two')]))
    first.journal.cut([{ sequence: 1, data: Buffer.from('cut') }], 1)
    first.journal.ahead(batchOf(first.sandbox.id, 0, [record('three')]))
    const [[path, good]] = [...disk.files] as [[string, Buffer]]
    const change = fc.record({ at: fc.nat(good.length - 1), bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }) })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 3 }), fc.nat(good.length), (changes, length) => {
        const bad = Buffer.from(good)
        for (const { at, bytes } of changes) bad.set(bytes.subarray(0, good.length - at), at)
        disk.files.clear()
        disk.files.set(path, bad.subarray(0, length))
        const { journal } = testJournal(disk.process().files)
        const { recorder } = testRecorder()
        let carried = 0
        for (let next = journal.recover(recorder, 1e6); next; next = journal.recover(recorder, 1e6)) {
          carried += next.records.length
          journal.waiting([])
        }
        expect(carried).toBeLessThanOrEqual(2)
        expect([...disk.files.keys()]).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it('gives up what is more than one sandbox leaves', () => {
    const disk = new Disk()
    for (let each = 0; each < 70; each++) {
      const { journal, sandbox } = testJournal(disk.process().files)
      journal.ahead(batchOf(sandbox.id, 0, [record('x')]))
    }
    const { journal } = testJournal(disk.process().files)
    const { recorder, shipped } = testRecorder()
    journal.recover(recorder, 1e6)
    const report = shipped().find(each => each.signal === 'weir.journal')?.body as { files: number; frames: number; lost: number }
    expect([report.files, report.frames, report.lost > 0]).toEqual([70, 64, true])
    expect(disk.files.size).toBe(64)
  })
})
