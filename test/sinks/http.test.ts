import type { Verdict } from '@weir/ingest'
import type { OcsfEvent } from '@weir/schema/ocsf'
import { afterEach, describe, expect, it } from 'vitest'
import { answer, type Fault } from '../receivers/index.ts'
import { hostile, samples, some } from './events.ts'
import { declaredStreams, elasticSystem, otlpSystem, sentinelSystem, splunkSystem, type System, systems } from './systems.ts'

const open: System[] = []
const opened = async <T extends System>(system: Promise<T>): Promise<T> => {
  open.push(await system)
  return system
}
afterEach(() => Promise.all(open.splice(0).map(({ receiver }) => receiver.close())))

const verdicts = (outcomes: readonly { readonly verdict: Verdict }[]) => [...new Set(outcomes.map(({ verdict }) => verdict))]

describe.each(Object.entries(systems))('%s over HTTP', (name, start) => {
  const begin = () => opened(start() as Promise<System>)
  const all = [
    ...Object.values(samples),
    ...hostile.map((each, i) => ({ ...each, metadata: { ...each.metadata, uid: `hostile-${i}` } })),
  ]

  it('delivers an event of every class, flawlessly', async () => {
    const system = await begin()
    expect(await system.deliver(all)).toSatisfy((outcomes: { verdict: string }[]) =>
      outcomes.every(({ verdict }) => verdict === 'delivered'),
    )
    // Elastic and Sentinel have a finding's own uid where others have the event's.
    const own = name === 'elastic' || name === 'sentinel'
    const uid = (each: OcsfEvent) => (own && (each['finding_info'] as { uid?: string } | undefined)?.uid) || each.metadata.uid
    expect([...system.accepted()].sort()).toEqual(all.map(uid).sort())
    expect(system.receiver.problems).toEqual([])
    for (const request of system.receiver.requests.filter(({ path }) => !path.endsWith('/token'))) {
      expect(request.headers['content-encoding']).toBe('gzip')
      expect(request.wireBytes).toBeLessThan(request.body.byteLength)
    }
  })

  it('delivers without compression too', async () => {
    const system = await begin()
    expect(verdicts(await system.deliver(some(3), { compression: 'none' }))).toEqual(['delivered'])
    expect(system.accepted()).toHaveLength(3)
  })

  const faults: readonly (readonly [string, Fault, Verdict])[] = [
    ['429 with Retry-After', answer(429, {}, { 'retry-after': '2' }), 'retry'],
    ['503', answer(503, 'upstream connect error'), 'retry'],
    ['413', answer(413, '<html>too large</html>'), 'split'],
    ['401', answer(401, {}), 'hold'],
    ['404', answer(404, '<html>not found</html>'), 'hold'],
    ['a redirect', answer(307, '', { location: 'http://127.0.0.1:1/' }), 'hold'],
    ['HTML with 200', answer(200, '<html>sign in</html>', { 'content-type': 'text/html' }), 'retry'],
    ['invalid JSON with 200', answer(200, '{"errors":fal', { 'content-type': 'application/json' }), 'retry'],
    ['202', answer(202, '{}'), 'retry'],
    ['a hang', { kind: 'hang' }, 'retry'],
    ['a dripping answer', { kind: 'drip' }, 'retry'],
    ['a reset', { kind: 'reset' }, 'retry'],
  ]
  it.each(faults)('reads %s as it should, and delivers when that is over', async (_, fault, verdict) => {
    const system = await begin()
    system.receiver.fault({ ...fault, on: system.path })
    // The deadline is what ends a hang; everything else has answered long before the usual one.
    const deadline = fault.kind === 'hang' || fault.kind === 'drip' ? { timeoutMs: 1000 } : {}
    const first = await system.deliver(some(3), deadline)
    expect(verdicts(first)).toEqual([verdict])
    if (fault.kind === 'answer' && fault.reply.status === 429) expect(first[0]?.afterMs).toBe(2000)
    expect(system.accepted()).toEqual([])
    expect(verdicts(await system.deliver(some(3)))).toEqual(['delivered'])
    expect(system.accepted()).toHaveLength(3)
  })

  it('asks again when the answer to an accepted request is lost, and the uids show what came twice', async () => {
    const system = await begin()
    system.receiver.fault({ kind: 'reset', after: true, on: system.path })
    expect(verdicts(await system.deliver(some(2)))).toEqual(['retry'])
    expect(system.accepted()).toHaveLength(2)
    expect(verdicts(await system.deliver(some(2)))).toEqual([name === 'elastic' ? 'duplicate' : 'delivered'])
    expect(new Set(system.accepted())).toEqual(new Set(['uid-0', 'uid-1']))
  })

  it('tells by its probe whether it can be reached, and whether its credentials hold', async () => {
    const system = await begin()
    expect(await system.probe()).toMatchObject({ verdict: 'delivered' })
    const wrong = { token: 'x', apiKey: 'x', clientSecret: 'x', credentials: 'x' }
    expect(await system.probe(wrong)).toMatchObject({ verdict: 'hold' })
    expect(verdicts(await system.deliver(some(1), wrong))).toEqual(['hold'])
    expect(system.accepted()).toEqual([])
    system.receiver.fault({ kind: 'hang' })
    expect(await system.probe({ timeoutMs: 500 })).toMatchObject({
      verdict: 'retry',
      reason: expect.stringMatching(/timeout|abort/i),
    })
  })
})

describe('splunk over HTTP, in particular', () => {
  it('delivers up to the event that Splunk cannot take, refuses that one, and asks again for the rest', async () => {
    const system = await opened(splunkSystem())
    const events = some(4)
    system.receiver.fault({
      kind: 'answer',
      after: false,
      reply: { status: 400, body: { text: 'Invalid data format', code: 6, 'invalid-event-number': 2 } },
    })
    expect((await system.deliver(events)).map(({ verdict }) => verdict)).toEqual(['delivered', 'delivered', 'rejected', 'retry'])
  })

  it('holds one index that the token may not write, and delivers to the other', async () => {
    const system = await opened(splunkSystem({ indexes: ['alerts'] }))
    const outcomes = await system.deliver([...some(2), samples['finding']!])
    expect(outcomes.map(({ verdict }) => verdict).sort()).toEqual(['delivered', 'hold', 'hold'])
    expect(system.accepted()).toEqual(['finding-1'])
  })

  it('splits what is too large for Splunk, and keeps its own limit below Splunk Cloud’s', async () => {
    const system = await opened(splunkSystem({ maxBytes: 2000 }))
    expect(verdicts(await system.deliver(some(10)))).toEqual(['split'])
    expect(verdicts(await system.deliver(some(1)))).toEqual(['delivered'])
  })
})

describe('elastic over HTTP, in particular', () => {
  it('counts as duplicates what is there already', async () => {
    const system = await opened(elasticSystem())
    expect(verdicts(await system.deliver(some(2)))).toEqual(['delivered'])
    expect((await system.deliver(some(3))).map(({ verdict }) => verdict)).toEqual(['duplicate', 'duplicate', 'delivered'])
    expect(system.accepted()).toHaveLength(3)
  })

  it('judges each item for itself', async () => {
    const items: Record<string, object> = {
      'uid-1': { status: 429, error: { type: 'es_rejected_execution_exception', reason: 'queue' } },
      'uid-2': {
        status: 400,
        error: { type: 'document_parsing_exception', reason: "field [a.b] of type [ip]. Preview: 'secret'" },
      },
      'uid-3': { status: 403, error: { type: 'security_exception' } },
      'uid-4': { status: 201, failure_store: 'used' },
    }
    const item = (document: Readonly<Record<string, unknown>>) =>
      items[(document['event'] as { id: string }).id] as Record<string, unknown> | undefined
    const system = await opened(elasticSystem({ item }))
    const outcomes = await system.deliver(some(5))
    expect(outcomes.map(({ verdict }) => verdict)).toEqual(['delivered', 'retry', 'rejected', 'hold', 'delivered'])
    expect(JSON.stringify(outcomes)).not.toContain('secret')
    expect(outcomes[4]?.reason).toContain('failure store')
  })

  it('speaks to OpenSearch, and says so when it is told the wrong one', async () => {
    const system = await opened(elasticSystem({ flavour: 'opensearch' }))
    expect(verdicts(await system.deliver(Object.values(samples)))).toEqual(['delivered'])
    const [outcome] = await system.deliver(some(1), { flavour: 'elasticsearch' })
    expect(outcome).toMatchObject({ verdict: 'hold', reason: expect.stringContaining('flavour: opensearch') })
  })

  it('never gives one field two shapes over all classes, which dynamic mapping would refuse', async () => {
    const system = await opened(elasticSystem())
    const outcomes = await system.deliver([...Object.values(samples), ...Object.values(samples).reverse()])
    expect(verdicts(outcomes).sort()).toEqual(['delivered', 'duplicate'])
  })
})

describe('sentinel over HTTP, in particular', () => {
  it('has every column it sends declared in the rule it ships', async () => {
    const system = await opened(sentinelSystem())
    await system.deliver([...Object.values(samples), ...hostile])
    expect([...system.receiver.undeclared]).toEqual([])
    expect(system.receiver.problems).toEqual([])
    expect(new Set(system.receiver.rows.map(({ stream }) => stream))).toEqual(new Set(Object.keys(await declaredStreams())))
  })

  it('never lets one call span more than half an hour', async () => {
    const system = await opened(sentinelSystem())
    const hours = Array.from({ length: 5 }, (_, i) => ({ ...some(5)[i]!, time: Date.UTC(2026, 0, 1) + i * 1_500_000 }))
    expect(verdicts(await system.deliver(hours))).toEqual(['delivered'])
    expect(system.accepted()).toHaveLength(5)
  })

  it('holds when its token ends early, and delivers with a fresh one', async () => {
    const system = await opened(sentinelSystem())
    system.receiver.fault(answer(200, { access_token: 'stale.token.x', expires_in: 3599 }))
    expect(verdicts(await system.deliver(some(1)))).toEqual(['hold'])
    expect(verdicts(await system.deliver(some(1)))).toEqual(['delivered'])
  })

  it('says nothing of the secret that the sign-in echoes', async () => {
    const system = await opened(sentinelSystem())
    const [outcome] = await system.deliver(some(1), { clientSecret: 'wrong-SECRET' })
    expect(outcome).toMatchObject({ verdict: 'hold', reason: expect.stringContaining('AADSTS7000215') })
    expect(JSON.stringify(outcome)).not.toContain('wrong-SECRET')
  })
})

describe('otlp over HTTP, in particular', () => {
  it('quarantines a request of which the receiver refused some, and does not send it again', async () => {
    const system = await opened(otlpSystem({ refuse: records => (records.length > 1 ? 1 : 0) }))
    const outcomes = await system.deliver(some(3))
    expect(verdicts(outcomes)).toEqual(['rejected'])
    expect(outcomes[0]?.reason).toContain('1 of 3')
    expect(verdicts(await system.deliver(some(1)))).toEqual(['delivered'])
  })

  it.each([500, 400, 408])('does not send again after %i, as the specification says', async status => {
    const system = await opened(otlpSystem())
    system.receiver.fault(answer(status, { code: 13, message: 'no' }))
    expect(verdicts(await system.deliver(some(2)))).toEqual(['rejected'])
  })

  it('writes 64-bit integers as decimal strings, although this receiver would take numbers', async () => {
    const system = await opened(otlpSystem())
    await system.deliver(Object.values(samples))
    const bodies = system.receiver.requests.map(({ body }) => body.toString())
    expect(bodies.join('')).not.toMatch(/"(intValue|timeUnixNano|observedTimeUnixNano)":\d/)
    expect(bodies.join('')).toMatch(/"intValue":"\d/)
  })
})
