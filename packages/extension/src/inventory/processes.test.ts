import { describe, expect, it } from 'vitest'
import { type Entry, memoryFiles } from '../testing/files.ts'
import { testRecorder } from '../testing/recorder.ts'
import { lookAtProcesses } from './processes.ts'

/** Entries of /proc for one process; `fds` as many descriptors. */
function processAt(pid: number, exe: string, { name = 'x', parent = 1, threads = 1, fds = 0 } = {}): Record<string, Entry> {
  const rest = '0 '.repeat(15).trim()
  return {
    [`/proc/${pid}/stat`]: `${pid} (${name}) S ${parent} ${rest} ${threads} 0 99 0`,
    ...(exe && { [`/proc/${pid}/exe`]: { link: exe } }),
    ...Object.fromEntries(Array.from({ length: fds }, (_, fd) => [`/proc/${pid}/fd/${fd}`, 'x'])),
  }
}

const NET = (received: number, sent: number) =>
  `Inter-|   Receive\n face |bytes\n    lo: 9 0 0 0 0 0 0 0 9 0\n vinternal_1: ${received} 0 0 0 0 0 0 0 ${sent} 0\n`

function sandbox(tree: Record<string, Entry>, space?: { bytes: number; used: number }) {
  const { recorder, host, shipped } = testRecorder()
  const all: Record<string, Entry> = {
    '/opt/extensions/weir': '',
    '/proc/self': { link: '42' },
    '/proc/loadavg': '0.00 0.01 0.05 1/99 120\n',
    '/proc/net/dev': NET(1_000, 500),
    ...processAt(1, ''),
    ...processAt(8, '/var/lang/bin/node', { threads: 11, fds: 20 }),
    ...processAt(42, '/var/lang/bin/node', { name: 'weir' }),
    ...tree,
  }
  const files = memoryFiles(all, space)
  Object.assign(host, { files })
  return {
    tree: all,
    files,
    host,
    recorder,
    look: (ms = 1_000) => {
      host.advance(ms)
      lookAtProcesses(recorder)
      return shipped()
        .filter(({ signal }) => signal === 'weir.process')
        .map(({ body }) => body)
    },
  }
}

describe('a look at processes', () => {
  it('tells the counters of all but itself at first, and then no more', () => {
    const { look } = sandbox({})
    expect(look()).toEqual([
      {
        processes: 2,
        threads: 12,
        fds: 20,
        tmp: { bytes: 1_000, used: 0 },
        net: { received: 1_000, sent: 500 },
        started: 0,
        over: [],
      },
    ])
    for (let each = 0; each < 20; each++) expect(look()).toEqual([])
    expect(look(900_000)).toEqual([])
    expect([...Array(8)].flatMap(() => look())).toHaveLength(1)
  })

  it.each([
    ['from /tmp', '/tmp/x'],
    ['from memory', '/memfd:a (deleted)'],
    ['a shell below the runtime', '/usr/bin/bash'],
  ])('tells of a program %s, once', (_, exe) => {
    const { look, tree } = sandbox({})
    look()
    Object.assign(tree, processAt(77, exe, { name: 'a) (b', parent: 8 }), processAt(78, exe, { parent: 8 }))
    expect(look()).toEqual([{ process: { pid: 77, name: 'a) (b', path: exe, parent: 8 } }])
    expect(look()).toEqual([])
  })

  it.each([
    ['of the runtime', '/var/lang/bin/python3.13'],
    ['of the function', '/var/task/bin/tool'],
    ['of a layer', '/opt/bin/tool'],
    ['of nobody it may know', ''],
  ])('does not tell of a program %s', (_, exe) => {
    const { look, tree } = sandbox({})
    look()
    Object.assign(tree, processAt(77, exe, { parent: 8 }))
    expect(look()).toEqual([])
  })

  it('takes what the platform started by the first look for its own, but not what runs from /tmp', () => {
    const { look } = sandbox({ ...processAt(9, '/usr/bin/python3'), ...processAt(10, '/tmp/miner') })
    expect(look()[0]).toMatchObject({ process: { path: '/tmp/miner' } })
  })

  it('tells at once which counter passed its limit, and once while it stays there', () => {
    const { look, tree } = sandbox({})
    look()
    Object.assign(tree, processAt(8, '/var/lang/bin/node', { threads: 900, fds: 850 }))
    const told = [...Array(20)].flatMap(() => look())
    expect(told).toMatchObject([{ threads: 901, fds: 850, over: ['fds', 'threads'] }])
  })

  it('tells of a full /tmp', () => {
    expect(sandbox({}, { bytes: 100, used: 81 }).look()).toMatchObject([{ over: ['tmp'] }])
  })

  it('tells of much more sent than ever, and what was started in between', () => {
    const { look, tree } = sandbox({})
    const next = (sent: number) => {
      tree['/proc/net/dev'] = NET(1_000, sent)
      return [...Array(8)].flatMap(() => look())
    }
    look()
    next(1_000_000)
    tree['/proc/loadavg'] = '0 0 0 1/99 170'
    expect(next(100_000_000)).toMatchObject([{ over: ['net'], net: { sent: 100_000_000 }, started: 50 }])
    expect(next(200_000_000)).toEqual([])
  })

  it('looks at no laptop', () => {
    const { look, tree } = sandbox({})
    delete tree['/opt/extensions/weir']
    expect(look()).toEqual([])
  })

  it('looks at most once a second', () => {
    const { look, tree } = sandbox({})
    look()
    Object.assign(tree, processAt(77, '/tmp/x'))
    expect(look(999)).toEqual([])
    expect(look(1)).toHaveLength(1)
  })

  it('reads no more than 64 processes of nine hundred, tells of 32 programs, and stands a /proc that is nonsense', () => {
    const { look, tree, files } = sandbox({})
    look()
    for (let pid = 100; pid < 1_000; pid++) Object.assign(tree, processAt(pid, `/tmp/${pid}${'x'.repeat(5_000)}`))
    files.asked.read = 0
    expect(look()).toHaveLength(32)
    expect(files.asked.read).toBeLessThan(70)
    for (const path of Object.keys(tree)) if (!path.endsWith('exe')) tree[path] = '\0(((] nonsense\n'.repeat(100)
    expect([...Array(9)].flatMap(() => look())).toEqual([])
  })
})
