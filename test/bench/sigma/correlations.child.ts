// One correlation over sign-ins, in a process of its own: `node --expose-gc correlations.child.ts <type> <events> <keys>`.
import { memoryState } from '@weir/ingest'
import {
  createCorrelator,
  createEngine,
  type FoldRequest,
  linkRules,
  type Observation,
  parseRules,
  type StateStore,
} from '@weir/sigma'
import { CORRELATIONS, signIns } from './correlations.ts'

const BATCH = 500
const [type = '', count = '0', keys = '1'] = process.argv.slice(2)
const collect = globalThis.gc ?? (() => process.stderr.write('run with --expose-gc\n'))

const events = signIns(Number(count), Number(keys)).map(({ logsource, time, record }, at) => ({
  logsource,
  record,
  ocsf: {},
  uid: String(at),
  time: time * 1000,
}))
const { rules, correlations, refused } = linkRules([parseRules(CORRELATIONS[type] ?? '', 'bench.yml')])
if (refused.length > 0 || correlations.length === 0) throw new Error(refused.map(({ reason }) => reason).join('; '))
const engine = createEngine(rules)
const correlator = createCorrelator(correlations)

/** All events in batches into one store; answers the findings and the store. */
async function pass(name: string, limit: number, state: StateStore = memoryState()) {
  let found = 0
  for (let at = 0; at < limit; at += BATCH) {
    const batch = events.slice(at, at + BATCH)
    const observations: Observation[] = batch.map(event => ({ event, matches: engine.match(event) }))
    const now = batch.at(-1)?.time ?? 0
    found += (await correlator.observe(observations, { batch: `${name}-${at}`, now, state })).length
  }
  return { found, state }
}

/** What a store that keeps text would write: an item a fold, each with the whole state of its group. */
const written = { items: 0, characters: 0 }
const store = memoryState()
const writing: StateStore = {
  ...store,
  fold: <State, Answer>(request: FoldRequest<State, Answer>) =>
    store.fold({
      ...request,
      reduce: (before: State) => {
        const folded = request.reduce(before)
        written.items++
        written.characters += JSON.stringify(request.packing?.pack(folded.state) ?? folded.state).length
        return folded
      },
    }),
}
const WARM = Math.min(events.length, 20_000)
await pass('warm', WARM, writing)
collect()
const before = process.memoryUsage().heapUsed
const began = process.cpuUsage()
const { found, state } = await pass('run', events.length)
const { user, system } = process.cpuUsage(began)
const ms = (user + system) / 1000
collect()
const bytes = process.memoryUsage().heapUsed - before
await state.close()
process.stdout.write(
  `${JSON.stringify({ ms, bytes, found, writes: written.items / (WARM / BATCH), itemCharacters: written.characters / written.items })}\n`,
)
