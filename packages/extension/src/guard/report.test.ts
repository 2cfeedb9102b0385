import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Entry, memoryFiles } from '../testing/files.ts'
import { testRecorder } from '../testing/recorder.ts'
import { readLine, reportGuard } from './report.ts'

/** A recorder whose sandbox has these files of the guard, and what has been recorded. */
function sandbox(tree: Record<string, Entry>) {
  const { recorder, host, shipped } = testRecorder()
  const removed: string[] = []
  const files = {
    ...memoryFiles(tree),
    remove(path: string) {
      removed.push(path)
      delete tree[path]
      return true
    },
  }
  const to = { ...recorder, host: { ...host, files } }
  return { to, host, removed, report: () => reportGuard(to), told: () => shipped().filter(each => each.signal === 'weir.guard') }
}
const FILE = '/tmp/.weir/guard/17-abc.jsonl'
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
      '/tmp/.weir/guard/18-x.jsonl': line({ kind: 'start' }),
    })
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
    expect(to.counters.totals()).toEqual([{ reason: 'guard-unreadable', records: 6, bytes: expect.any(Number) }])
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
