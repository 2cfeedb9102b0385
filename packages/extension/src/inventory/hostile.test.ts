import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryFiles } from '../testing/files.ts'
import { testRecorder } from '../testing/recorder.ts'
import { lookAtConnections, lookAtProcesses, tellCode, tellExtensions, tellInventory, tellTrigger } from './inventory.ts'

/** Fragments of which files of the sandbox are made, so that some of it nearly fits. */
const fragment = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(
    'Tcp: 1 2 3 4 ',
    '   0: 0100007F:1F90 ',
    'FEA9FEA9:0050 01 ',
    '(',
    ') S 1 ',
    '{"name":"a","version":"',
    '"}',
    '\n',
    ' 0',
    'FFFF',
    '"libraries":{',
  ),
)
const content = fc.array(fragment, { maxLength: 30 }).map(parts => parts.join(''))
const name = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).map(text => text.replaceAll('/', '_')),
  fc.constantFrom('node_modules', 'package.json', '@s', 'a-1.0.dist-info', 'x.deps.json', 'b-2.jar', '__proto__', 'constructor'),
)
const path = fc
  .tuple(
    fc.constantFrom('/var/task', '/opt', '/opt/extensions', '/proc/9', '/proc/10/fd', '/proc/self/fd', '/var/task/node_modules'),
    fc.array(name, { minLength: 1, maxLength: 4 }),
  )
  .map(([root, names]) => [root, ...names].join('/'))
const fixed = fc.constantFrom(
  '/proc/net/snmp',
  '/proc/net/tcp',
  '/proc/net/tcp6',
  '/proc/net/dev',
  '/proc/loadavg',
  '/proc/9/stat',
)
const entry = fc.oneof(
  content,
  fc.uint8Array({ maxLength: 64 }),
  content.map(link => ({ link })),
)
const tree = fc.dictionary(fc.oneof(path, fixed), entry, { maxKeys: 40, noNullPrototype: true })

describe('whatever the files of a sandbox hold', () => {
  it('nothing throws, and what is told stays small', async () => {
    await fc.assert(
      fc.asyncProperty(tree, content, async (entries, line) => {
        const { recorder, host, shipped } = testRecorder({ WEIR_ALLOWED_EXTENSIONS: '' })
        Object.assign(host, { files: memoryFiles({ ...entries, '/opt/extensions/weir': '' }) })
        for (let look = 0; look < 3; look++) {
          host.advance(1_000)
          lookAtProcesses(recorder)
          lookAtConnections(recorder)
        }
        tellExtensions(recorder, [])
        tellTrigger({ type: 'function', time: 0, record: `'Records' ${line}` }, recorder)
        const slow = [tellCode(recorder, task => task()), tellInventory(recorder, task => task())]
        for (let slice = 0; slice < 4; slice++) {
          await new Promise(setImmediate)
          host.advance(10)
        }
        await Promise.all(slow)
        const told = shipped()
        expect(told.length).toBeLessThan(60)
        for (const { body } of told) expect(JSON.stringify(body).length).toBeLessThan(20_000)
        expect(recorder.counters.takeFaults()).toEqual([])
      }),
      { numRuns: 150 },
    )
  })
})
