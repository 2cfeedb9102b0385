import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { files } from '../host/files.ts'
import type { Files } from '../host/host.ts'
import { type Entry, memoryFiles } from '../testing/files.ts'
import { testRecorder } from '../testing/recorder.ts'
import { readLine, reportGuard } from './report.ts'

/** A recorder whose sandbox has these files of the guard, and what has been recorded. */
function sandbox(tree: Record<string, Entry>) {
  const { recorder, host, shipped } = testRecorder()
  const removed: string[] = []
  const memory = {
    ...memoryFiles(tree),
    remove(path: string) {
      removed.push(path)
      delete tree[path]
      return true
    },
  }
  const to = { ...recorder, host: { ...host, files: memory } }
  return {
    to,
    host,
    files: memory,
    removed,
    report: () => reportGuard(to),
    told: () => shipped().filter(each => each.signal === 'weir.guard'),
  }
}
const FILE = '/tmp/.weir/guard/17-0-abc.jsonl'
const line = (value: object) => `${JSON.stringify(value)}\n`

describe('what the guard has written', () => {
  it('becomes a record each, once, redacted, in the invocation that was running', () => {
    const start = line({ kind: 'start', node: 'v24.0.0', watched: ['process'] })
    const tree: Record<string, Entry> = { '/proc/17/stat': '', [FILE]: start }
    const { to, host, report, told } = sandbox(tree)
    host.advance(10)
    to.sandbox.invoked('', 'a', host.now())
    const t = host.now() + 5
    host.advance(20)
    report()
    const spawned = line({
      t,
      kind: 'process',
      command: 'sh',
      args: 2,
      runs: ['curl', 'sh'],
      package: '@evil/x',
      via: ['.'],
      eval: true,
    })
    tree[FILE] = `${start}${spawned}{"kind":`
    report()
    tree[FILE] = `${start}${spawned}{"kind":"outbound","host":"AKIAQ3EGRIXAMPLE4Z7T.example.com","port":443}\n`
    report()
    report()
    expect(told()).toMatchObject([
      { time: host.now(), invocation: 'a', body: { kind: 'start', node: 'v24.0.0', watched: ['process'] } },
      {
        time: t,
        invocation: 'a',
        body: { kind: 'process', command: 'sh', args: 2, runs: ['curl', 'sh'], package: '@evil/x', via: ['.'], eval: true },
      },
      { body: { kind: 'outbound', host: expect.stringContaining('[redacted:aws-access-key-id:'), port: 443 } },
    ])
  })

  it('is removed when its process is gone and all has been read', () => {
    const { removed, report, told } = sandbox({
      [FILE]: line({ kind: 'start' }),
      '/proc/18/stat': '',
      '/tmp/.weir/guard/18-0-x.jsonl': line({ kind: 'start' }),
    })
    report()
    expect(removed).toEqual([])
    report()
    expect(removed).toEqual([FILE])
    expect(told()).toHaveLength(2)
  })

  it('is read as far as one flush may go, and not lost beyond that', () => {
    const lines = Array.from({ length: 1200 }, (_, port) => line({ kind: 'outbound', host: 'example.com', port })).join('')
    const { removed, report, told } = sandbox({ [FILE]: lines })
    const ports: number[] = []
    for (let flush = 0; flush < 4; flush++) {
      report()
      ports.push(...told().map(({ body }) => (body as { port: number }).port))
    }
    expect(ports).toEqual(Array.from({ length: 1200 }, (_, port) => port))
    expect(removed).toEqual([FILE])
  })

  it('is a claim: what could not be its own is counted and left', () => {
    const { to, report, told } = sandbox({
      '/tmp/.weir/guard/other.txt': line({ kind: 'start' }),
      '/tmp/.weir/guard/../x': line({ kind: 'start' }),
      [FILE]: [
        'nonsense',
        '{}',
        '{"kind":"other"}',
        '{"kind":"start","more":1}',
        '{"kind":"read","path":7}',
        '',
        `"${'x'.repeat(70_000)}`,
      ].join('\n'),
    })
    report()
    report()
    report()
    expect(told()).toEqual([])
    expect(to.counters.totals()).toEqual([{ reason: 'guard-unreadable', records: 8, bytes: expect.any(Number) }])
  })
})

describe('a folder that others write to', () => {
  const START = line({ kind: 'start' })
  const flushes = (report: () => void, times: number) => {
    for (let each = 0; each < times; each++) report()
  }
  const unreadable = (records: number) => [{ reason: 'guard-unreadable', records, bytes: 0 }]

  it('keeps no file of the guard from its turn, whatever its names are, and says how many it left out, once', () => {
    const junk = (name: (each: number) => string) =>
      Object.fromEntries(Array.from({ length: 100 }, (_, each) => [`/tmp/.weir/guard/${name(each)}`, '']))
    const tree: Record<string, Entry> = { '/proc/17/stat': '', ...junk(each => `!${each}`), [FILE]: START }
    const { to, report, told } = sandbox(tree)
    report()
    expect(told()).toHaveLength(1)
    // These come before the other in every order, and their processes are there.
    Object.assign(
      tree,
      { '/proc/1/stat': '' },
      junk(each => `1-0-${each}.jsonl`),
    )
    tree[FILE] = START + START
    flushes(report, 3)
    expect(told()).toHaveLength(1)
    tree['/tmp/.weir/guard/9-0-new.jsonl'] = START
    flushes(report, 5)
    expect(told()).toHaveLength(1)
    expect(to.counters.totals()).toEqual(unreadable(100))
  })

  it('is not listed where it is too large, and what is known of it is read on', () => {
    const tree: Record<string, Entry> = { '/proc/17/stat': '', [FILE]: START }
    const { to, files, report, told } = sandbox(tree)
    report()
    const small = files.stat.bind(files)
    files.stat = path => (path === '/tmp/.weir/guard' ? { kind: 'folder', bytes: 1_000_000, modified: 0 } : small(path))
    tree[FILE] = START + START
    report()
    expect(told()).toHaveLength(2)
    expect(files.asked.names).toBe(1)
    expect(to.counters.totals()).toEqual(unreadable(1))
  })

  it('may hold what is no file, or too large a one: neither is opened', () => {
    const { to, files, report } = sandbox({
      [FILE]: { link: '/dev/zero' },
      '/tmp/.weir/guard/18-0-x.jsonl': 'x'.repeat(1_000_001),
    })
    flushes(report, 3)
    expect(files.asked.read).toBe(0)
    expect(to.counters.totals()).toEqual(unreadable(2))
  })

  it.skipIf(process.platform === 'win32')('may hold a pipe, which nobody waits for', () => {
    const root = mkdtempSync(join(tmpdir(), 'weir-guard-'))
    try {
      const folder = join(root, '.weir/guard')
      mkdirSync(folder, { recursive: true })
      if (spawnSync('mkfifo', [join(folder, '1-0-abc.jsonl')]).status !== 0)
        return void process.stdout.write('skipped: no mkfifo\n')
      writeFileSync(join(folder, `${process.pid}-0-abc.jsonl`), START)
      const { recorder, host, shipped } = testRecorder({ WEIR_TMP: root })
      const opened: string[] = []
      const read: Files['read'] = (path, ...rest) => {
        opened.push(path)
        return path.includes('/1-0-') ? undefined : files.read(path, ...rest)
      }
      const to = { ...recorder, host: { ...host, files: { ...files, read } } }
      flushes(() => reportGuard(to), 2)
      expect(opened).toEqual([join(folder, `${process.pid}-0-abc.jsonl`)])
      expect(shipped().filter(each => each.signal === 'weir.guard')).toHaveLength(1)
      expect(to.counters.totals()).toEqual(unreadable(1))
    } finally {
      rmSync(root, { recursive: true })
    }
  })

  it('loses the files of threads that have been silent for a while, and keeps that of the process', () => {
    const worker = '/tmp/.weir/guard/17-3-x.jsonl'
    const { removed, report, told } = sandbox({ '/proc/17/stat': '', [FILE]: START, [worker]: START })
    flushes(report, 16)
    expect(removed).toEqual([])
    flushes(report, 16)
    expect(removed).toEqual([worker])
    expect(told()).toHaveLength(2)
  })
})

describe('readLine', () => {
  it('takes nothing but known words, whatever the line is', () => {
    const strange = fc.dictionary(
      fc.constantFrom('t', 'kind', 'what', 'host', 'port', 'path', 'package', 'via', 'runs', '__proto__', 'x'),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          strange.map(value => JSON.stringify({ kind: 'read', ...value })),
        ),
        text => {
          for (const [name, value] of Object.entries(readLine(text) ?? {})) {
            expect(['t', 'kind', 'what', 'host', 'port', 'path', 'package', 'via', 'runs']).toContain(name)
            expect(JSON.stringify(value).length).toBeLessThan(2_000)
          }
        },
      ),
    )
  })
})
