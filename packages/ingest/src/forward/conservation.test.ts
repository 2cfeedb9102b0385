import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TransportError } from '../http.ts'
import { check } from '../ledger/check.ts'
import { foldLedger } from '../ledger/fold.ts'
import type { LedgerRow } from '../ledger/ledger.ts'
import type { SinkRequest, SinkResponse, Verdict } from '../sink.ts'
import { memoryQuarantine } from '../quarantine/memory.ts'
import { memorySpool } from '../spool/memory.ts'
import { event, type Harness, harness, isolated, modelSink, said, sent, spooled, uidOf } from './testing.ts'

const VERDICTS: readonly Verdict[] = ['delivered', 'duplicate', 'retry', 'split', 'hold', 'rejected']

/** One thing a far side may do with a request. */
type Move =
  | { readonly kind: 'whole'; readonly verdict: Verdict; readonly afterMs?: number }
  | { readonly kind: 'each'; readonly verdicts: readonly Verdict[] }
  | { readonly kind: 'nonsense' | 'throws' | 'short' | 'html' }

const whole = fc.record(
  { kind: fc.constant('whole' as const), verdict: fc.constantFrom(...VERDICTS), afterMs: fc.nat(10_000) },
  { requiredKeys: ['kind', 'verdict'] },
)
const each = fc.record({
  kind: fc.constant('each' as const),
  verdicts: fc.array(fc.constantFrom(...VERDICTS), { minLength: 1, maxLength: 8 }),
})
const fault = fc.record({ kind: fc.constantFrom('nonsense' as const, 'throws' as const, 'short' as const, 'html' as const) })
const moves = (kinds: fc.Arbitrary<Move>) => fc.array(kinds, { maxLength: 30 })

/** A far side that plays moves and then takes everything; it knows what it took, and how often. */
function farSide(script: readonly Move[]) {
  const left = [...script]
  const took: string[] = []
  const seen: string[] = []
  const answer = (request: SinkRequest): SinkResponse => {
    const uids = sent(request)
    const move = left.shift() ?? { kind: 'whole', verdict: 'delivered' }
    const take = (uid: string, verdict: Verdict | undefined): void => {
      if (verdict === 'delivered' || verdict === 'duplicate') took.push(uid)
      if (verdict !== undefined) seen.push(verdict)
    }
    switch (move.kind) {
      case 'whole':
        for (const uid of uids) take(uid, move.verdict)
        return said(move)
      case 'each': {
        const verdicts = uids.map((_, i) => move.verdicts[i % move.verdicts.length] ?? 'retry')
        for (const [i, uid] of uids.entries()) take(uid, verdicts[i])
        return said(verdicts.map(verdict => ({ verdict })))
      }
      case 'throws':
        throw new TransportError('reset', 'the connection broke')
      case 'short':
        return said(uids.slice(1).map(() => ({ verdict: 'delivered' })))
      case 'nonsense':
        return said({ verdict: 'fine' })
      case 'html':
        return { status: 200, headers: {}, body: new TextEncoder().encode('<html>') }
    }
  }
  return { answer, took, seen }
}

const setting = fc.record({
  events: fc.integer({ min: 1, max: 12 }),
  bytes: fc.integer({ min: 200, max: 4_000 }),
  partitions: fc.integer({ min: 1, max: 3 }),
  calls: fc.array(fc.array(fc.constantFrom('plain', 'plain', 'plain', 'poison', 'huge'), { maxLength: 20 }), {
    minLength: 1,
    maxLength: 4,
  }),
})

/** Runs some calls of forward on a model; `flaky` says when a store refuses. */
async function play(
  script: readonly Move[],
  {
    events,
    bytes,
    partitions,
    calls,
  }: { events: number; bytes: number; partitions: number; calls: readonly (readonly string[])[] },
  flaky: { readonly spool?: () => boolean; readonly quarantine?: () => boolean } = {},
) {
  const far = farSide(script)
  const plain = modelSink()
  const sink = modelSink({
    partition: ({ metadata }) => String(Number(metadata.uid.slice(1)) % partitions),
    encode: (list, options) => {
      if (list.some(({ poison }) => poison === true)) throw new Error('poison')
      return plain.encode(list, options)
    },
  })
  const spool = memorySpool()
  const quarantine = memoryQuarantine()
  const refuse = (): Promise<never> => Promise.reject(new Error('full'))
  const made = harness(far.answer, {
    sinks: [{ name: 'model', sink, options: { events, bytes } }],
    spool: { ...spool, put: (...entry) => (flaky.spool?.() ? refuse() : spool.put(...entry)) },
    quarantine: { ...quarantine, put: entry => (flaky.quarantine?.() ? refuse() : quarantine.put(entry)) },
  })
  let next = 0
  const results = []
  const routed: { input: string; uid: string }[] = []
  for (const kinds of calls) {
    const items = kinds.map(kind => {
      const uid = `e${next++}`
      const more = { poison: kind === 'poison', ...(kind === 'huge' && { message: 'x'.repeat(bytes) }) }
      return { input: `in-${Math.floor(next / 3)}`, event: event(uid, more) }
    })
    routed.push(...items.map(({ input, event }) => ({ input, uid: uidOf(event) })))
    results.push(...(await made.forward(items, 20_000)).map(result => ({ result, items })))
    made.clock.now += 5_000
  }
  return { ...made, far, results, routed, spool, quarantine }
}

const rowsOf = (results: Awaited<ReturnType<typeof play>>['results']): LedgerRow[] =>
  results.flatMap(({ result, items }, call) =>
    [...result.counts].map(([input, counts]) => ({
      kind: 'sink' as const,
      input: `${call}/${input}`,
      sink: result.sink,
      routed: items.filter(item => item.input === input).length,
      notRouted: 0,
      ...counts,
    })),
  )

describe('forward, whatever the sink does', () => {
  it('puts each event in exactly one place, and counts it there', async () => {
    await fc.assert(
      fc.asyncProperty(moves(fc.oneof(whole, each, fault)), setting, async (script, given) => {
        const { far, results, routed, spool, quarantine } = await play(script, given)
        const waiting = (await spooled(spool)).map(({ event }) => uidOf(event))
        const apart = (await isolated(quarantine)).map(({ uid }) => uid)
        expect([...far.took, ...waiting, ...apart].sort()).toEqual(routed.map(({ uid }) => uid).sort())
        expect(check(foldLedger(rowsOf(results)))).toEqual([])
        expect(results.every(({ result }) => result.unsafe.size === 0)).toBe(true)
      }),
      { numRuns: 400 },
    )
  })

  it('loses nothing where the stores fail too: what is nowhere is named unsafe', async () => {
    await fc.assert(
      fc.asyncProperty(
        moves(fc.oneof(whole, each, fault)),
        setting,
        fc.infiniteStream(fc.boolean()),
        async (script, given, coin) => {
          const flip = (): boolean => coin.next().value === true
          const { far, results, routed, spool, quarantine } = await play(script, given, { spool: flip, quarantine: flip })
          const safe = new Set([
            ...far.took,
            ...(await spooled(spool)).map(({ event }) => uidOf(event)),
            ...(await isolated(quarantine)).map(({ uid }) => uid),
          ])
          const unsafe = new Set(results.flatMap(({ result }) => [...result.unsafe]))
          for (const { uid, input } of routed) expect(safe.has(uid) || unsafe.has(input), uid).toBe(true)
          for (const { result, items } of results) {
            for (const [input, counts] of result.counts) {
              const counted = Object.values(counts).reduce((sum, n) => sum + n, 0)
              const given = items.filter(item => item.input === input).length
              if (result.unsafe.has(input)) expect(counted).toBeLessThan(given)
              else expect(counted).toBe(given)
            }
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  it('keeps the order of first deliveries within a partition, where the sink takes or refuses requests whole', async () => {
    await fc.assert(
      fc.asyncProperty(moves(whole), setting, async (script, given) => {
        const { far, results } = await play(script, { ...given, calls: given.calls.slice(0, 1) })
        expect(results).toHaveLength(1)
        for (let partition = 0; partition < given.partitions; partition++) {
          const numbers = far.took.map(uid => Number(uid.slice(1))).filter(number => number % given.partitions === partition)
          expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
        }
      }),
      { numRuns: 400 },
    )
  })

  it('empties the spool once the sink is well, and the ledger settles', async () => {
    await fc.assert(
      fc.asyncProperty(
        moves(fc.oneof(whole, each, fault)),
        moves(fc.oneof(whole, each, fault)),
        setting,
        async (script, later, given) => {
          const made = await play([...script, ...later], given)
          const rows = rowsOf(made.results)
          const settled = await drainAll(made)
          expect(await made.spool.list('model', 10)).toEqual([])
          const apart = (await isolated(made.quarantine)).map(({ uid }) => uid)
          expect([...new Set([...made.far.took, ...apart])].sort()).toEqual(made.routed.map(({ uid }) => uid).sort())
          expect(made.far.took).toHaveLength(new Set(made.far.took).size)
          // Inputs of several calls share ids here, so what was settled is compared in all.
          const left = foldLedger(rows).sinks.reduce((sum, { spooled, held }) => sum + spooled + held, 0)
          expect(settled.reduce((sum, row) => sum + row.delivered + row.duplicate + row.quarantined, 0)).toBe(left)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('has seen every verdict, waited, spooled and quarantined in these runs', async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(moves(fc.oneof(whole, each, fault)), setting, async (script, given) => {
        const { far, sleeps, results } = await play(script, given)
        for (const verdict of far.seen) seen.add(verdict)
        if (sleeps.length > 0) seen.add('waited')
        for (const { result } of results) {
          for (const counts of result.counts.values())
            for (const [outcome, n] of Object.entries(counts)) if (n > 0) seen.add(outcome)
        }
      }),
      { numRuns: 200 },
    )
    expect([...seen].sort()).toEqual([...VERDICTS, 'waited', 'spooled', 'held', 'quarantined'].sort())
  })
})

/** Drains until nothing is left; the model ends its script and then takes everything. */
async function drainAll({ forwarder, clock, spool }: Pick<Harness, 'forwarder' | 'clock' | 'spool'>) {
  const rows = []
  for (let round = 0; round < 200; round++) {
    clock.now += 400_000
    rows.push(...(await forwarder.drain('model', { deadline: clock.now + 60_000, limit: 100 })))
    if ((await spool.list('model', 1)).length === 0) break
  }
  return rows
}
