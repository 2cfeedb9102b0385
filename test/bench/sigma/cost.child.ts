// What one way of having the rules costs, measured in a process of its own: `node --expose-gc cost.child.ts <kind> <folder …>`.
import { createEngine } from '@weir/sigma'
import { loadRules } from './rules.ts'

const [kind = '', ...folders] = process.argv.slice(2)
const collect = globalThis.gc ?? (() => process.stderr.write('run with --expose-gc\n'))
const heap = (): number => {
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
const event = {
  logsource: { product: 'windows', category: 'process_creation' },
  record: { Image: 'C:\\a.exe', CommandLine: 'a' },
  ocsf: {},
}

const before = heap()
const began = performance.now()
const { rules } = loadRules({ name: kind, folders })
const read = performance.now()
const afterRead = heap()
const compiling = performance.now()
const engine = createEngine(rules)
const compiled = performance.now()
const first = engine.match(event).length
const matched = performance.now()
const after = heap()
process.stdout.write(
  `${JSON.stringify({
    rules: engine.rules.length,
    first,
    readMs: read - began,
    compileMs: compiled - compiling,
    firstMs: matched - compiled,
    ruleBytes: afterRead - before,
    engineBytes: after - afterRead,
    resident: process.memoryUsage().rss,
  })}\n`,
)
