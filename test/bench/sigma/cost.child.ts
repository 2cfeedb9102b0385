// What one way of having the rules costs, in a process of its own: `node --expose-gc cost.child.ts yaml|pack|module <folder or file> …`.
import { readFileSync } from 'node:fs'
import { createEngine, type Engine, openPack } from '@weir/sigma'
import { loadRules } from './rules.ts'
import { fromModule } from './ways.ts'

const [kind = '', ...paths] = process.argv.slice(2)
const [path = ''] = paths
const collect = globalThis.gc ?? (() => process.stderr.write('run with --expose-gc\n'))
const heap = (): number => {
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
const event = {
  logsource: { product: 'windows', category: 'process_creation' },
  record: { Image: 'C:\\Apps\\one.exe', CommandLine: 'one --two', ParentImage: 'C:\\Windows\\explorer.exe' },
  ocsf: {},
}

/** The engine, and when its input was read: rules from YAML are kept, as whoever links and maps them does. */
async function have(): Promise<{ readonly engine: Engine; readonly read: number }> {
  if (kind === 'yaml') {
    const { rules } = loadRules({ name: kind, folders: paths })
    const read = performance.now()
    return { engine: createEngine(rules), read }
  }
  if (kind === 'module') return { engine: await fromModule(path), read: Number.NaN }
  const json: unknown = JSON.parse(readFileSync(path, 'utf8'))
  const read = performance.now()
  return { engine: openPack(json).engine, read }
}

const before = heap()
const began = performance.now()
const { engine, read } = await have()
const ready = performance.now()
engine.match(event)
const matched = performance.now()
const after = heap()
process.stdout.write(
  `${JSON.stringify({
    readMs: Number.isNaN(read) ? null : read - began,
    readyMs: ready - began,
    firstMs: matched - ready,
    bytes: after - before,
    resident: process.memoryUsage().rss,
    rules: engine.rules.length,
  })}\n`,
)
