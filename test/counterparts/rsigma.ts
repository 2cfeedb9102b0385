import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createEngine, type Rule } from '@weir/sigma'
import { eventSets } from '../bench/sigma/events/sets.ts'
import type { Logged } from '../bench/sigma/events/text.ts'
import { cloudPack, loadRules, type RuleSource, sigmaHq } from '../bench/sigma/rules.ts'
import { type Counterpart, Skipped, type Stand } from './counterpart.ts'
import { DIFFERENCES, type Disagreement, LOADED_BY_RSIGMA_ONLY } from './rsigma-differences.ts'
import { buildRsigma, openRsigma, type Rsigma, RSIGMA_VERSION } from './rsigma-engine.ts'
import { eventsFor } from './rsigma-events.ts'

const EVENTS = 400 // of each made-up set

interface Compared {
  readonly pairs: number
  readonly matched: ReadonlySet<string>
  readonly apart: readonly Disagreement[]
}

/** Asks both engines of all events, and gathers where they are not of one mind. */
async function compare(rules: readonly Rule[], events: readonly Logged[], routed: boolean, rsigma: Rsigma): Promise<Compared> {
  const engine = createEngine(rules, { routing: routed })
  const byId = new Map(rules.map(rule => [rule.meta.id, rule]))
  const theirs = new Map(await rsigma.match(routed ? 'subset' : 'none'))
  const apart: Disagreement[] = []
  const matched = new Set<string>()
  let pairs = 0
  for (const [at, { logsource, record }] of events.entries()) {
    const weir = new Set(engine.match({ logsource, record, ocsf: {} }).map(({ rule }) => rule.meta.id))
    const other = new Set((theirs.get(at) ?? []).filter(id => id !== null && byId.has(id)))
    for (const id of new Set([...weir, ...other])) {
      const rule = byId.get(id ?? '')
      if (!rule) continue
      if (weir.has(rule.meta.id) && other.has(rule.meta.id)) {
        pairs++
        matched.add(rule.meta.id)
      } else apart.push({ rule, record, only: weir.has(rule.meta.id) ? 'weir' : 'rsigma' })
    }
  }
  return { pairs, matched, apart }
}

/** How often each kind of difference was met, in all comparisons together. */
type Met = Map<string, number>

/** Counts the disagreements by their kind, and fails over those that none explains. */
function judge({ apart }: Compared, met: Met): void {
  const unknown: Disagreement[] = []
  for (const one of apart) {
    const difference = DIFFERENCES.find(({ explains }) => explains(one))
    if (difference) met.set(difference.name, (met.get(difference.name) ?? 0) + 1)
    else unknown.push(one)
  }
  const told = unknown
    .slice(0, 5)
    .map(({ rule, record, only }) => `only ${only}: ${rule.meta.id} (${rule.file}) ${JSON.stringify(record)}`)
  assert.equal(unknown.length, 0, `${unknown.length} answers differ for no known reason:\n${told.join('\n')}`)
}

async function hold(source: RuleSource, rsigma: Rsigma, stand: Stand, met: Met): Promise<void> {
  const { rules, refused } = loadRules(source)
  const loaded = await rsigma.load(source.folders)
  const ids = new Set(loaded.loaded)
  const both = rules.filter(({ meta }) => ids.has(meta.id))
  await stand.step(`${source.name}: both load ${both.length} rules, but for those whose reason is listed`, () => {
    const mine = new Set(rules.map(({ meta }) => meta.id))
    const theirsOnly = loaded.loaded.filter(id => id !== null && !mine.has(id) && !(id in LOADED_BY_RSIGMA_ONLY))
    assert.deepEqual(theirsOnly, [], refused.map(({ file, reason }) => `${file}: ${reason}`).join('\n'))
    assert.deepEqual(loaded.refused, [])
  })
  // Half a surrogate pair is no text: JSON.stringify writes it as an escape, which rsigma's parser refuses.
  const made = both.flatMap(eventsFor).filter(event => !/\\ud[89a-f]/.test(JSON.stringify(event)))
  const events = [...eventSets(EVENTS).flatMap(set => set.events), ...made]
  const file = join(stand.temp, 'events.jsonl')
  await writeFile(file, events.map(({ logsource, record }) => JSON.stringify({ logsource, event: record })).join('\n'))
  assert.equal(await rsigma.events(file), events.length)
  // Both read the same text: what JSON cannot hold is not in the events.
  const read = events.map(event => JSON.parse(JSON.stringify(event)) as Logged)
  for (const [routed, how] of [
    [true, 'by log source'],
    [false, 'every rule on every event'],
  ] as const) {
    const compared = await compare(both, read, routed, rsigma)
    const { pairs, matched } = compared
    stand.note(
      `${how}: ${events.length} events (${made.length} made from the rules); ${pairs} matches of ${matched.size} rules that both find, ${compared.apart.length} that one finds`,
    )
    await stand.step(`${source.name}, ${how}: finds what rsigma finds, but for what is listed`, () => judge(compared, met))
  }
}

/** rsigma: the same rules and the same events, and the pairs of event and rule on which the two engines agree. */
export const rsigma: Counterpart = {
  name: 'rsigma',
  async run(stand) {
    const source = sigmaHq()
    if (!source) throw new Skipped('../shared/data/sigma is not there')
    const peer = openRsigma(await buildRsigma(stand))
    stand.note(`rsigma ${RSIGMA_VERSION}`)
    try {
      const met: Met = new Map()
      await hold(source, peer, stand, met)
      await hold(cloudPack(), peer, stand, met)
      for (const { name, reason } of DIFFERENCES) stand.note(`${met.get(name) ?? 0} × ${name}: ${reason}`)
      await stand.step('differs in no way that is listed and no longer so', () =>
        assert.deepEqual(
          DIFFERENCES.map(({ name }) => name).filter(name => !met.has(name)),
          [],
        ),
      )
    } finally {
      await peer.close()
    }
  },
}
