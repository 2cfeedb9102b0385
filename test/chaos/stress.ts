// `node test/chaos/stress.ts [name …]`: the extension as a process, with everything that a function, a stream and a disk can do to it. Not part
// of `npm test`: it takes minutes. Exit 1 where something does not hold, 2 for a name that is none.
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { prepareLayer } from '@weir/extension'
import { runtimeProgram } from '@weir/extension/runtime'
import { median, printTable } from '../bench/stats.ts'
import { counted } from './stress-books.ts'
import { LINES } from './stress-lines.ts'
import { SANDBOX } from './stress-sandbox.ts'
import { perform, type Scenario, type Seen, type Vehicle } from './stress-stage.ts'
import { STREAMS } from './stress-streams.ts'

const SCENARIOS: readonly Scenario[] = [...LINES, ...STREAMS, ...SANDBOX]
/** Anonymous memory, MB: some 13 at rest, the heap of 64 that the launcher allows, and four buffers of 4 MB for what is on its way. */
const CEILING_MB = 13 + 64 + 4 * 4
/** An invocation is held for 1.5 s at most, says the extension; twice that, because the machine has others on it. */
const MAX_HELD_MS = 3_000
const print = (line: string): void => void process.stdout.write(`${line}\n`)

const { values, positionals } = read()
if (values.help) {
  print('usage: node test/chaos/stress.ts [--node] [--verbose] [name …]\n')
  print('  --node     not on Bun\n  --verbose  what became of each, and not only of those that fail\n')
  for (const { name, what } of SCENARIOS) print(`  ${name.padEnd(20)}${what}`)
  process.exit(0)
}
const chosen = positionals.length > 0 ? SCENARIOS.filter(({ name }) => positionals.includes(name)) : SCENARIOS
const unknown = positionals.filter(name => !SCENARIOS.some(each => each.name === name))
if (unknown.length > 0) refuse(`${unknown.join(', ')}: no such scenario`)

const folder = await mkdtemp(join(tmpdir(), 'weir-stress-layer-'))
const rows: string[][] = []
let failures = 0
try {
  const vehicles = await getVehicles(folder)
  for (const scenario of chosen) {
    const reason = scenario.skip?.()
    if (reason !== undefined) {
      print(`SKIPPED ${scenario.name}: ${reason}`)
      continue
    }
    const bare = await perform(scenario)
    for (const vehicle of vehicles) {
      if (scenario.only !== undefined && scenario.only !== vehicle.name) continue
      const seen = await perform(scenario, vehicle)
      const wrong = whatIsWrong(scenario, seen, bare)
      print(`${wrong.length === 0 ? 'ok     ' : 'FAILED '} ${scenario.name} on ${vehicle.name}`)
      for (const each of wrong) print(`        ${each}`)
      if (values.verbose || wrong.length > 0) print(`        ${details(seen)}`)
      failures += wrong.length
      rows.push(row(scenario, vehicle, seen, bare))
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
printTable(
  'Under stress: with the extension, against the same without it',
  ['', 'on', 'handlers ×', 'whole ×', 'held ms, median', 'most', 'anonymous MB', 'resident MB', 'lines', 'arrived', 'counted'],
  rows,
)
if (failures > 0) process.exitCode = 1

function read() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' }, node: { type: 'boolean' }, verbose: { type: 'boolean', short: 'v' } },
    })
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

function refuse(why: string): never {
  process.stderr.write(`${why}; --help tells what there is\n`)
  process.exit(2)
}

async function getVehicles(root: string): Promise<Vehicle[]> {
  const launcher = await prepareLayer(root)
  const vehicles: Vehicle[] = [{ name: 'node', launcher, env: { WEIR_ROOT: root, WEIR_NODE: process.execPath } }]
  if (values.node) return vehicles
  const program = await runtimeProgram(line => print(`Bun: ${line}`))
  if (!program) {
    print('SKIPPED everything on Bun')
    return vehicles
  }
  const at = join(root, 'weir/rt/weir')
  await mkdir(dirname(at), { recursive: true })
  await copyFile(program.path, at)
  return [...vehicles, { name: 'bun', launcher, env: { WEIR_ROOT: root, WEIR_NODE: '/does/not/exist' } }]
}

function whatIsWrong({ atLeast = 1, lives = 1, loose }: Scenario, seen: Seen, bare: Seen): string[] {
  const { books, printed, told, peak } = seen
  const wrong = [...seen.wrong, ...books.wrong]
  const say = (bad: boolean, text: string) => {
    if (bad) wrong.push(text)
  }
  bare.invocations.forEach(({ result }, n) => {
    const other = seen.invocations[n]?.result ?? 'nothing'
    say(
      other !== result,
      `invocation ${n + 1} answered ${other.slice(0, 200)}, and without the extension ${result.slice(0, 200)}`,
    )
  })
  const lost = printed - books.lines
  const untold = told - books.lines - books.platform
  say(bare.invocations.length !== seen.invocations.length, `${seen.invocations.length} invocations of ${bare.invocations.length}`)
  say(printed < atLeast, `the platform saw ${printed} lines of ${atLeast}`)
  say(loose !== 'lines' && lost > counted(books), `${lost} lines did not arrive, and ${counted(books)} are counted`)
  say(lost < 0, `${-lost} lines came more often than they were printed`)
  say(loose === undefined && untold !== counted(books), `${untold} events did not arrive, and ${counted(books)} are counted`)
  say(books.missing > 0, `${books.missing} records that were emitted are missing`)
  say(books.quarantined > 0 && loose !== 'lines', `${books.quarantined} records in quarantine`)
  say(seen.processes !== lives, `${seen.processes} processes of the extension, and ${lives} expected`)
  say(seen.late.length > 0, 'had to be killed at SHUTDOWN')
  say(peak.anonymousMb > CEILING_MB, `${peak.anonymousMb.toFixed(0)} MB of anonymous memory, above ${CEILING_MB}`)
  const held = Math.max(...seen.invocations.map(({ addedMs }) => addedMs))
  say(held > MAX_HELD_MS, `held an invocation for ${held.toFixed(0)} ms`)
  say(seen.output.length > 0, `it printed ${seen.output[0]?.slice(0, 200)}`)
  say(books.faults.has('internal') || books.faults.has('ship:internal'), 'faults of its own')
  return wrong
}

function row({ name, untimed = false }: Scenario, vehicle: Vehicle, seen: Seen, bare: Seen): string[] {
  const sum = (of: Seen, time: 'handlerMs' | 'wholeMs') => of.invocations.reduce((all, each) => all + each[time], 0)
  const ratio = (time: 'handlerMs' | 'wholeMs') => (untimed ? '–' : (sum(seen, time) / sum(bare, time)).toFixed(2))
  const held = seen.invocations.map(({ addedMs }) => addedMs)
  const dropped = [...seen.books.dropped].map(([reason, count]) => `${reason} ${count > 1e12 ? 'forged' : count}`)
  return [
    name,
    vehicle.name,
    ratio('handlerMs'),
    ratio('wholeMs'),
    median(held).toFixed(0),
    Math.max(...held).toFixed(0),
    seen.peak.anonymousMb.toFixed(0),
    seen.peak.residentMb.toFixed(0),
    String(seen.printed),
    String(seen.books.lines),
    dropped.join(', '),
  ]
}

function details({ books, told, printed, invocations }: Seen): string {
  return JSON.stringify({
    told,
    printed,
    lines: books.lines,
    platform: books.platform,
    forged: books.forged,
    dropped: [...books.dropped],
    faults: [...books.faults],
    missing: books.missing,
    quarantined: books.quarantined,
    sandboxes: books.sandboxes,
    journal: books.own.get('weir.journal'),
    held: invocations.map(({ addedMs }) => Math.round(addedMs)),
  })
}
