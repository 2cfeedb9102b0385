import { randomUUID } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ConfigError, SpoolError, UnmappableError } from './errors.ts'
import { event, events, harness, isolated, modelSink, said, sent, spooled, sums, uidOf } from './forward/testing.ts'
import { TransportError } from './http.ts'
import type { Judgement } from './sink.ts'
import { memoryBlobs } from './spool/blobs-memory.ts'
import { memorySpool } from './spool/memory.ts'
import { spoolOver } from './spool/stored.ts'

const DELIVERED: Judgement = { verdict: 'delivered' }
const NOTHING = { delivered: 0, duplicate: 0, spooled: 0, held: 0, quarantined: 0 }

describe('forward', () => {
  it('delivers in requests within the sink’s limit of events, in order', async () => {
    const requests: string[][] = []
    const { forward } = harness(
      request => {
        requests.push(sent(request))
        return said(DELIVERED)
      },
      { sinks: [{ name: 'model', sink: modelSink(), options: { events: 4 } }] },
    )
    const [result] = await forward(events(10))
    expect(requests).toEqual([
      ['e0', 'e1', 'e2', 'e3'],
      ['e4', 'e5', 'e6', 'e7'],
      ['e8', 'e9'],
    ])
    expect(sums(result)).toEqual({ ...NOTHING, delivered: 10 })
    expect(result?.counts.get('in-4')).toEqual({ ...NOTHING, delivered: 2 })
  })

  it('keeps requests within the sink’s limit of bytes', async () => {
    const sizes: number[] = []
    const { forward } = harness(
      request => {
        sizes.push(Buffer.byteLength(request.body))
        return said(DELIVERED)
      },
      { sinks: [{ name: 'model', sink: modelSink(), options: { bytes: 5_000 } }] },
    )
    const items = events(50).map(item => ({
      ...item,
      event: { ...item.event, message: 'x'.repeat(Number(uidOf(item.event).slice(1)) * 50) },
    }))
    const [result] = await forward(items)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(5_000)
    expect(sums(result)).toEqual({ ...NOTHING, delivered: 50 })
  })

  it('quarantines an event that is larger than the sink takes, and delivers the rest', async () => {
    const { forward, quarantine } = harness(() => said(DELIVERED), {
      sinks: [{ name: 'model', sink: modelSink(), options: { bytes: 1_000 } }],
    })
    const items = events(5)
    const [result] = await forward([...items, { input: 'in-big', event: event('big', { message: 'x'.repeat(2_000) }) }])
    expect(sums(result)).toEqual({ ...NOTHING, delivered: 5, quarantined: 1 })
    expect(await isolated(quarantine)).toMatchObject([{ uid: 'big', input: 'in-big', reason: 'too-large' }])
  })

  it('never lets events with different partitions share a request', async () => {
    const requests: string[][] = []
    const sink = modelSink({ partition: ({ metadata }) => String(Number(metadata.uid.slice(1)) % 3) })
    const { forward } = harness(
      request => {
        requests.push(sent(request))
        return said(DELIVERED)
      },
      { sinks: [{ name: 'model', sink, options: {} }] },
    )
    await forward(events(7))
    expect(requests).toEqual([
      ['e0', 'e3', 'e6'],
      ['e1', 'e4'],
      ['e2', 'e5'],
    ])
  })

  it('finds the one event that cannot be encoded, quarantines it without repeating a stranger’s message, and delivers the rest', async () => {
    const plain = modelSink()
    const sink = modelSink({
      encode: (list, options) => {
        for (const { metadata } of list) {
          if (metadata.uid === 'e3') throw new TypeError('CANARY content')
          if (metadata.uid === 'e6') throw new UnmappableError('time: expected a number')
        }
        return plain.encode(list, options)
      },
    })
    const { forward, quarantine } = harness(() => said(DELIVERED), { sinks: [{ name: 'model', sink, options: {} }] })
    const [result] = await forward(events(9))
    expect(sums(result)).toEqual({ ...NOTHING, delivered: 7, quarantined: 2 })
    expect((await isolated(quarantine)).map(({ uid, reason, detail }) => `${uid} ${reason} ${detail}`).sort()).toEqual([
      'e3 rejected sink model: cannot be encoded for the sink: TypeError',
      'e6 rejected sink model: cannot be encoded for the sink: time: expected a number',
    ])
  })

  it('counts what the sink had already', async () => {
    const { forward } = harness(request => said(sent(request).map((_, i) => ({ verdict: i % 2 ? 'duplicate' : 'delivered' }))))
    expect(sums((await forward(events(4)))[0])).toEqual({ ...NOTHING, delivered: 2, duplicate: 2 })
  })

  it('asks again for the same bytes after full-jitter waits, and only as often as it may', async () => {
    const bodies: unknown[] = []
    const { forward, sleeps, spool } = harness(
      request => {
        bodies.push(request.body)
        return said({ verdict: 'retry', reason: 'HTTP 503' }, 503)
      },
      { attempts: { inline: 4, baseMs: 100, capMs: 150 } },
    )
    const [result] = await forward(events(3))
    expect(bodies).toHaveLength(4)
    expect(new Set(bodies).size).toBe(1)
    expect(sleeps).toEqual([50, 75, 75]) // half, because random is 0.5
    expect(sums(result)).toEqual({ ...NOTHING, spooled: 3 })
    expect(result?.lastReason).toBe('HTTP 503')
    expect((await spooled(spool)).map(({ why, reason }) => [why, reason])[0]).toEqual(['retry', 'HTTP 503'])
  })

  it('waits as long as the far side asks', async () => {
    let calls = 0
    const { forward, sleeps } = harness(() => said(calls++ === 0 ? { verdict: 'retry', afterMs: 3_000 } : DELIVERED))
    expect(sums((await forward(events(2)))[0])).toEqual({ ...NOTHING, delivered: 2 })
    expect(sleeps).toEqual([3_000])
  })

  it('does not sit out a long pause that the far side asks for: it spools at once and leaves the sink alone so long', async () => {
    let calls = 0
    const { forward, sleeps, clock } = harness(request => {
      calls++
      if (calls > 1) return said(DELIVERED)
      return said(sent(request).map((_, i) => (i === 0 ? DELIVERED : { verdict: 'retry', reason: 'HTTP 429', afterMs: 40_000 })))
    })
    expect(sums((await forward(events(4), 50_000))[0])).toEqual({ ...NOTHING, delivered: 1, spooled: 3 })
    expect(sleeps).toEqual([])
    clock.now += 39_000
    expect(sums((await forward(events(4), 50_000))[0])).toEqual({ ...NOTHING, spooled: 4 })
    expect(calls).toBe(1)
    clock.now += 1_000
    expect(sums((await forward(events(4), 50_000))[0])).toEqual({ ...NOTHING, delivered: 4 })
  })

  it('does not sleep past its deadline: it spools at once', async () => {
    const { forward, sleeps } = harness(() => said({ verdict: 'retry', afterMs: 60_000 }))
    expect(sums((await forward(events(2), 5_000))[0])).toEqual({ ...NOTHING, spooled: 2 })
    expect(sleeps).toEqual([])
  })

  it('spools without an attempt when no time is left, and does not hold that against the sink', async () => {
    let calls = 0
    const { forward } = harness(() => {
      calls++
      return said(DELIVERED)
    })
    expect(sums((await forward(events(2), 10))[0])).toEqual({ ...NOTHING, spooled: 2 })
    expect(calls).toBe(0)
    expect(sums((await forward(events(2)))[0])).toEqual({ ...NOTHING, delivered: 2 })
  })

  it('sends again only what the sink asked for again', async () => {
    const requests: string[][] = []
    const { forward } = harness(request => {
      const uids = sent(request)
      requests.push(uids)
      return said(uids.map(uid => (requests.length === 1 && uid !== 'e1' ? { verdict: 'retry' } : DELIVERED)))
    })
    expect(sums((await forward(events(3)))[0])).toEqual({ ...NOTHING, delivered: 3 })
    expect(requests).toEqual([
      ['e0', 'e1', 'e2'],
      ['e0', 'e2'],
    ])
  })

  it('passes any number of rejected events in one call: the rest is not to blame', async () => {
    // As Splunk: everything before the first bad event is in, the event is refused, what follows was not read.
    const { forward, sleeps, quarantine } = harness(request => {
      const uids = sent(request)
      const bad = uids.findIndex(uid => Number(uid.slice(1)) % 3 === 1)
      if (bad < 0) return said(DELIVERED)
      return said(uids.map((_, i) => ({ verdict: i < bad ? 'delivered' : i === bad ? 'rejected' : 'retry', reason: 'code 6' })))
    })
    expect(sums((await forward(events(30)))[0])).toEqual({ ...NOTHING, delivered: 20, quarantined: 10 })
    expect(sleeps.every(ms => ms === 0)).toBe(true)
    expect(await isolated(quarantine)).toHaveLength(10)
  })

  it('halves what the sink wants smaller, and quarantines a single event that is still too much', async () => {
    const { forward, quarantine } = harness(request => {
      const uids = sent(request)
      return said(uids.includes('e5') || uids.length > 4 ? { verdict: 'split', reason: 'HTTP 413' } : DELIVERED, 413)
    })
    expect(sums((await forward(events(16)))[0])).toEqual({ ...NOTHING, delivered: 15, quarantined: 1 })
    expect(await isolated(quarantine)).toMatchObject([{ uid: 'e5', reason: 'rejected', detail: 'sink model: HTTP 413' }])
  })

  it.each([
    ['a list that is too short', [DELIVERED]],
    ['an empty list', []],
    ['a verdict nobody knows', { verdict: 'fine' }],
    ['null', null],
    ['a list with a hole', [DELIVERED, null, DELIVERED]],
  ])('does not take %s for delivered', async (_, judgement) => {
    const { forward } = harness(() => said(judgement))
    expect(sums((await forward(events(3)))[0])).toEqual({ ...NOTHING, spooled: 3 })
  })

  it('does not take an answer that judge throws at for delivered', async () => {
    const { forward } = harness(() => ({ status: 200, headers: {}, body: new TextEncoder().encode('<html>CANARY') }))
    const [result] = await forward(events(3))
    expect(sums(result)).toEqual({ ...NOTHING, spooled: 3 })
    expect(result?.lastReason).toBe('HTTP 200: the answer cannot be read')
  })

  it.each([
    ['a broken connection', new TransportError('reset', 'h: the connection broke (ECONNRESET)'), 'spooled'],
    ['an expired certificate', new TransportError('tls', 'h: the TLS connection was refused (CERT_HAS_EXPIRED)'), 'spooled'],
    ['an address that is not allowed', new TransportError('refused-address', 'h is at 10.0.0.1'), 'held'],
    ['anything else that is thrown', new Error('CANARY'), 'spooled'],
  ])('keeps events through %s', async (_, error, outcome) => {
    const { forward, log } = harness(() => Promise.reject(error))
    const [result] = await forward(events(3))
    expect(sums(result)).toEqual({ ...NOTHING, [outcome]: 3 })
    expect(result?.lastReason + JSON.stringify(log)).not.toContain('CANARY')
  })

  it('compresses when the sink’s options say so', async () => {
    const { forward } = harness(
      request => {
        expect(request.headers['content-encoding']).toBe('gzip')
        expect(gunzipSync(request.body as Uint8Array).toString()).toContain('"e0"')
        return said(DELIVERED)
      },
      { sinks: [{ name: 'model', sink: modelSink(), options: { compression: 'gzip' } }] },
    )
    expect(sums((await forward(events(3)))[0])).toEqual({ ...NOTHING, delivered: 3 })
  })

  it('lets a sink on this machine replace HTTP', async () => {
    const sink = modelSink({ send: async (_, list) => said(list.map(() => DELIVERED)) })
    const { forward } = harness(() => Promise.reject(new Error('no network')), { sinks: [{ name: 'model', sink, options: {} }] })
    expect(sums((await forward(events(3)))[0])).toEqual({ ...NOTHING, delivered: 3 })
  })

  it('refuses a sink that the config does not name', async () => {
    const { forwarder, clock } = harness(() => said(DELIVERED))
    await expect(forwarder.forward(new Map([['other', events(1)]]), { deadline: clock.now + 1_000 })).rejects.toThrow('"other"')
  })
})

describe('hold', () => {
  it('asks for a fresh secret once, and delivers with it', async () => {
    const tokens: (string | undefined)[] = []
    const asked: boolean[] = []
    const { forward } = harness(
      request => {
        tokens.push(request.headers['authorization'])
        return request.headers['authorization'] === 'new' ? said(DELIVERED) : said({ verdict: 'hold', reason: 'HTTP 401' }, 401)
      },
      {
        sinks: [{ name: 'model', sink: modelSink(), options: { token: 'env:TOKEN' } }],
        resolve: async (_, { fresh = false } = {}) => {
          asked.push(fresh)
          return fresh ? 'new' : 'old'
        },
      },
    )
    expect(sums((await forward(events(3)))[0])).toEqual({ ...NOTHING, delivered: 3 })
    expect(tokens).toEqual(['old', 'new'])
    expect(asked).toEqual([false, true])
  })

  it('spools as held when the fresh secret is refused too, and drops nothing', async () => {
    let calls = 0
    const { forward, spool } = harness(() => {
      calls++
      return said({ verdict: 'hold', reason: 'HTTP 401' }, 401)
    })
    expect(sums((await forward(events(3)))[0])).toEqual({ ...NOTHING, held: 3 })
    expect(calls).toBe(2)
    expect((await spooled(spool)).map(({ why }) => why)).toEqual(['hold', 'hold', 'hold'])
  })

  it('asks for fresh secrets and credentials once a minute, however many calls are partly refused', async () => {
    let fresh = 0
    let tokens = 0
    const sink = modelSink({
      partition: ({ metadata }) => metadata.uid,
      authorize: async () => {
        tokens++
        return { headers: {}, expiresAt: Number.MAX_SAFE_INTEGER }
      },
    })
    const { forward, clock } = harness(
      request => said(String(request.body).includes('"refused":true') ? { verdict: 'hold', reason: 'HTTP 403' } : DELIVERED),
      {
        sinks: [{ name: 'model', sink, options: { token: 'env:TOKEN' } }],
        resolve: async (reference, options) => {
          if (options?.fresh) fresh++
          return reference
        },
      },
    )
    const call = (n: number) => [
      { input: 'a', event: event(`good-${n}`) },
      { input: 'b', event: event(`refused-${n}`, { refused: true }) },
    ]
    for (let n = 0; n < 10; n++) {
      expect(sums((await forward(call(n)))[0])).toEqual({ ...NOTHING, delivered: 1, held: 1 })
      clock.now += 1_000
    }
    expect([fresh, tokens]).toEqual([1, 2])
    clock.now += 50_000
    await forward(call(11))
    expect([fresh, tokens]).toEqual([2, 3])
  })

  it('obtains credentials once, keeps them until they expire, and renews them when refused', async () => {
    let made = 0
    const sink = modelSink({
      authorize: async (_, io) => ({ headers: { authorization: `bearer-${++made}` }, expiresAt: io.now() + 3_600_000 }),
    })
    let good = 'bearer-1'
    const { forward, clock } = harness(
      ({ headers }) => (headers['authorization'] === good ? said(DELIVERED) : said({ verdict: 'hold' }, 401)),
      { sinks: [{ name: 'model', sink, options: {} }] },
    )
    await forward(events(2))
    await forward(events(2))
    expect(made).toBe(1)
    good = 'bearer-2'
    expect(sums((await forward(events(2)))[0])).toEqual({ ...NOTHING, delivered: 2 })
    clock.now += 3_590_000
    good = 'bearer-3'
    expect(sums((await forward(events(2)))[0])).toEqual({ ...NOTHING, delivered: 2 })
    expect(made).toBe(3)
  })

  it('does not wait for credentials past its deadline', async () => {
    const sink = modelSink({ authorize: () => new Promise(() => {}) })
    const { forward } = harness(() => said(DELIVERED), { sinks: [{ name: 'model', sink, options: {} }] })
    const [result] = await forward(events(3), 100)
    expect(sums(result)).toEqual({ ...NOTHING, spooled: 3 })
    expect(result?.lastReason).toContain('secrets and credentials: no answer within 100 ms')
  })

  it('holds events while a secret cannot be read', async () => {
    const { forward } = harness(() => said(DELIVERED), {
      sinks: [{ name: 'model', sink: modelSink(), options: { token: 'env:TOKEN' } }],
      resolve: () => Promise.reject(new ConfigError('env:TOKEN: is not set')),
    })
    const [result] = await forward(events(3))
    expect(sums(result)).toEqual({ ...NOTHING, held: 3 })
    expect(result?.lastReason).toBe('env:TOKEN: is not set')
  })

  it('holds only the partition that is refused', async () => {
    const sink = modelSink({ partition: ({ metadata }) => String(Number(metadata.uid.slice(1)) % 2) })
    const { forward } = harness(
      request => said(sent(request).includes('e0') ? { verdict: 'hold', reason: 'incorrect index' } : DELIVERED),
      {
        sinks: [{ name: 'model', sink, options: {} }],
      },
    )
    expect(sums((await forward(events(10)))[0])).toEqual({ ...NOTHING, delivered: 5, held: 5 })
    expect(sums((await forward(events(10)))[0])).toEqual({ ...NOTHING, delivered: 5, held: 5 })
  })

  it('does not ask every partition of a sink that refuses', async () => {
    let calls = 0
    const sink = modelSink({ partition: ({ metadata }) => metadata.uid })
    const { forward, clock } = harness(
      () => {
        calls++
        return said({ verdict: 'hold' }, 401)
      },
      { sinks: [{ name: 'model', sink, options: {} }] },
    )
    expect(sums((await forward(events(20)))[0])).toEqual({ ...NOTHING, held: 20 })
    expect(calls).toBe(9) // the first, again with fresh credentials, and seven partitions more
    clock.now += 50_000
    expect(sums((await forward(events(20)))[0])).toEqual({ ...NOTHING, held: 20 })
    expect(calls).toBe(9)
  })
})

describe('a failing sink', () => {
  it('costs one call an attempt; those after it go to the spool until it has cooled down, and then one probes', async () => {
    let up = false
    let calls = 0
    const { forward, clock, log } = harness(
      () => {
        calls++
        return up ? said(DELIVERED) : said({ verdict: 'retry', reason: 'HTTP 503' }, 503)
      },
      { attempts: { inline: 2 } },
    )
    await forward(events(2))
    expect(calls).toBe(2)
    for (let i = 0; i < 5; i++) expect(sums((await forward(events(2)))[0])).toEqual({ ...NOTHING, spooled: 2 })
    expect(calls).toBe(2)
    clock.now += 20_000
    await forward(events(2))
    expect(calls).toBe(3) // a probe is one attempt
    up = true
    clock.now += 20_000
    await forward(events(2)) // twice as long now: still left alone
    expect(calls).toBe(3)
    clock.now += 20_000
    expect(sums((await forward(events(2)))[0])).toEqual({ ...NOTHING, delivered: 2 })
    expect(sums((await forward(events(2)))[0])).toEqual({ ...NOTHING, delivered: 2 })
    expect(log.at(-1)?.message).toBe('the sink is back')
  })

  it('is not one that takes some events and puts off others', async () => {
    let calls = 0
    const { forward } = harness(request => {
      calls++
      return said(sent(request).map(uid => (uid === 'e0' ? { verdict: 'retry', reason: 'HTTP 429' } : DELIVERED)))
    })
    for (let i = 0; i < 3; i++) expect(sums((await forward(events(4)))[0])).toEqual({ ...NOTHING, delivered: 3, spooled: 1 })
    expect(calls).toBe(6)
  })

  it('lets one call at a time find out whether it is back', async () => {
    const waiting: (() => void)[] = []
    let calls = 0
    const { forward, clock } = harness(async () => {
      if (++calls <= 2) return said({ verdict: 'retry' }, 503)
      await new Promise<void>(resolve => waiting.push(resolve))
      return said(DELIVERED)
    })
    await forward(events(1))
    clock.now += 20_000
    const probe = forward(events(1))
    expect(sums((await forward(events(1)))[0])).toEqual({ ...NOTHING, spooled: 1 })
    waiting[0]?.()
    expect(sums((await probe)[0])).toEqual({ ...NOTHING, delivered: 1 })
    expect(calls).toBe(3)
  })

  it('leaves the other sinks as they are', async () => {
    const requests: string[] = []
    const sinks = ['good', 'bad', 'dead'].map(name => ({
      name,
      sink: modelSink(),
      options: { url: `https://${name}.example/`, timeoutMs: 20 },
    }))
    const { forwarder, clock, sleeps } = harness(
      (_, sink) => {
        requests.push(sink)
        if (sink === 'good') return said(DELIVERED)
        if (sink === 'bad') return said({ verdict: 'retry' }, 503)
        return Promise.reject(new TransportError('timeout', 'dead'))
      },
      { sinks },
    )
    const routed = new Map(sinks.map(({ name }) => [name, events(4)]))
    const results = await forwarder.forward(routed, { deadline: clock.now + 10_000 })
    expect(results.map(({ sink }) => sink)).toEqual(['good', 'bad', 'dead'])
    expect(results.map(sums)).toEqual([
      { ...NOTHING, delivered: 4 },
      { ...NOTHING, spooled: 4 },
      { ...NOTHING, spooled: 4 },
    ])
    expect(requests.filter(sink => sink === 'good')).toHaveLength(1)
    expect(sleeps).toHaveLength(2) // one for each failing sink, none for the good one
  })

  it('logs and answers without any content of events', async () => {
    const { forward, log } = harness(() => said({ verdict: 'hold', reason: 'HTTP 403' }, 403))
    const [result] = await forward([{ input: 'in', event: event('uid', { message: 'CANARY' }) }])
    expect(JSON.stringify([log, result?.lastReason])).not.toContain('CANARY')
    expect(log).toHaveLength(1)
  })
})

describe('when storage fails', () => {
  const broken = () => Promise.reject(new SpoolError('/spool: the disk is full; make room (ENOSPC)'))

  it('names the inputs that are not safe, and only those', async () => {
    const { forward, log } = harness(
      request => said(sent(request).map(uid => (uid === 'e1' ? { verdict: 'retry' } : DELIVERED))),
      {
        spool: { ...memorySpool(), put: broken },
      },
    )
    const [result] = await forward(events(6))
    expect([...(result?.unsafe ?? [])]).toEqual(['in-0'])
    expect(sums(result)).toEqual({ ...NOTHING, delivered: 5 })
    expect(log.at(-1)).toMatchObject({ level: 'error', fields: { sink: 'model', events: 1 } })
  })

  it('spools what the quarantine cannot take', async () => {
    const { forward, spool } = harness(() => said({ verdict: 'rejected', reason: 'HTTP 400' }), { quarantine: { put: broken } })
    const [result] = await forward(events(2))
    expect(sums(result)).toEqual({ ...NOTHING, spooled: 2 })
    expect(await spooled(spool)).toHaveLength(2)
  })
})

describe('drain', () => {
  const down = said({ verdict: 'retry', reason: 'HTTP 503' }, 503)
  const terms = (now: number) => ({ deadline: now + 60_000, limit: 100 })

  it('delivers the spool, oldest first, and empties it', async () => {
    let up = false
    const got: string[] = []
    const { forward, forwarder, clock, spool } = harness(request => {
      if (!up) return down
      got.push(...sent(request))
      return said(DELIVERED)
    })
    await forward(events(4))
    clock.now += 1_000
    await forward([{ input: 'late', event: event('z') }])
    up = true
    clock.now += 20_000
    const rows = await forwarder.drain('model', terms(clock.now))
    expect(got).toEqual(['e0', 'e1', 'e2', 'e3', 'z'])
    expect(await spool.list('model', 10)).toEqual([])
    expect(rows.map(({ input, delivered }) => [input, delivered])).toEqual([
      ['in-0', 2],
      ['in-1', 2],
      ['late', 1],
    ])
  })

  it('stops where the sink fails, and leaves the breaker open', async () => {
    let calls = 0
    let read = 0
    const memory = memorySpool()
    const get = (id: string) => {
      read++
      return memory.get(id)
    }
    const { forward, forwarder, clock, spool } = harness(
      () => {
        calls++
        return down
      },
      { spool: { ...memory, get } },
    )
    await forward(events(2))
    await forward(events(4).slice(2))
    expect(await forwarder.drain('model', terms(clock.now))).toEqual([])
    expect(calls).toBe(2)
    clock.now += 20_000
    expect(await forwarder.drain('model', terms(clock.now))).toEqual([])
    expect(calls).toBe(3)
    expect(read).toBe(2) // one entry each time
    expect(await spooled(spool)).toHaveLength(4)
  })

  it('puts the rest of an entry back with its age, and goes on', async () => {
    let phase = 'down'
    const { forward, forwarder, clock, spool } = harness(request => {
      if (phase === 'down') return down
      return said(sent(request).map(uid => (phase === 'partly' && uid === 'e1' ? { verdict: 'retry' } : DELIVERED)))
    })
    await forward(events(2))
    const { at } = await spool.get((await spool.list('model', 1))[0] ?? '')
    clock.now += 5_000
    await forward([{ input: 'late', event: event('z') }])
    phase = 'partly'
    clock.now += 20_000
    const rows = await forwarder.drain('model', terms(clock.now))
    expect(rows.map(({ input, delivered }) => [input, delivered])).toEqual([
      ['in-0', 1],
      ['late', 1],
    ])
    const [id = ''] = await spool.list('model', 10)
    expect((await spool.get(id)).at).toBe(at)
    expect((await spool.get(id)).events.map(({ event }) => uidOf(event))).toEqual(['e1'])
    phase = 'up'
    expect(await forwarder.drain('model', terms(clock.now))).toMatchObject([{ input: 'in-0', delivered: 1 }])
    expect(await spool.list('model', 10)).toEqual([])
  })

  it('passes over what one index refuses: what lies behind it is delivered, and the sink does not count as failing', async () => {
    const sink = modelSink({ partition: ({ index }) => String(index) })
    let asked = 0
    const { forward, forwarder, clock, spool } = harness(
      request => {
        if (!String(request.body).includes('"index":"refused')) return said(DELIVERED)
        asked++
        return said({ verdict: 'hold', reason: 'HTTP 403' })
      },
      { sinks: [{ name: 'model', sink, options: {} }] },
    )
    const of = (uid: string, index: string) => ({ input: uid, event: event(uid, { index }) })
    for (let i = 0; i < 12; i++) {
      await spool.put({ sink: 'model', at: i, why: 'hold', reason: 'r', events: [of(`r${i}`, `refused-${i % 3}`)] })
    }
    for (let i = 0; i < 3; i++)
      await spool.put({ sink: 'model', at: 100 + i, why: 'retry', reason: 'r', events: [of(`g${i}`, 'good')] })
    const rows = await forwarder.drain('model', { deadline: clock.now + 60_000, limit: 3 })
    expect(rows.map(({ input }) => input)).toEqual(['g0', 'g1', 'g2'])
    expect(asked).toBe(4) // each index once, the first again with fresh credentials
    expect(sums((await forward([of('live', 'good'), of('other', 'refused-1')]))[0])).toEqual({
      ...NOTHING,
      delivered: 1,
      held: 1,
    })
    expect(asked).toBe(4)
  })

  it('settles an entry before it removes it', async () => {
    let up = false
    const { forward, forwarder, clock, spool } = harness(() => (up ? said(DELIVERED) : down))
    await forward(events(2))
    up = true
    clock.now += 20_000
    const settle = () => Promise.reject(new Error('the ledger is down'))
    await expect(forwarder.drain('model', { ...terms(clock.now), settle })).rejects.toThrow('the ledger is down')
    expect(await spooled(spool)).toHaveLength(2)
  })

  it('quarantines what the sink, now back, will never take', async () => {
    let up = false
    const { forward, forwarder, clock, quarantine } = harness(request =>
      up ? said(sent(request).map(uid => (uid === 'e0' ? { verdict: 'rejected', reason: 'HTTP 400' } : DELIVERED))) : down,
    )
    await forward(events(3))
    up = true
    clock.now += 20_000
    expect(await forwarder.drain('model', terms(clock.now))).toMatchObject([
      { input: 'in-0', delivered: 1, quarantined: 1 },
      { input: 'in-1', delivered: 1, quarantined: 0 },
    ])
    expect(await isolated(quarantine)).toMatchObject([{ uid: 'e0' }])
  })
})

describe('drain of a damaged entry', () => {
  it('sets it aside in quarantine, settles its events, and goes on', async () => {
    let up = false
    const kept = new Map<string, Uint8Array>()
    const blobs = memoryBlobs()
    const damaged = {
      ...blobs,
      get: async (name: string) => kept.get(name) ?? blobs.get(name),
    }
    const { forward, forwarder, clock, spool, quarantine, log } = harness(
      () => (up ? said(DELIVERED) : said({ verdict: 'retry' }, 503)),
      { spool: spoolOver(damaged) },
    )
    // Enough that the header is readable where the end is not.
    await forward(Array.from({ length: 300 }, (_, i) => ({ input: `in-${i % 2}`, event: event(randomUUID()) })))
    clock.now += 1_000
    await forward([{ input: 'late', event: event('z') }])
    const [first = ''] = await spool.list('model', 1)
    const whole = await blobs.get(first)
    kept.set(first, whole.subarray(0, whole.length - 100))
    up = true
    clock.now += 20_000
    const rows = await forwarder.drain('model', { deadline: clock.now + 60_000, limit: 100 })
    expect(rows).toMatchObject([
      { input: 'in-0', entry: first, delivered: 0, quarantined: 150 },
      { input: 'in-1', entry: first, delivered: 0, quarantined: 150 },
      { input: 'late', delivered: 1 },
    ])
    expect(await spool.list('model', 10)).toEqual([])
    const [id = ''] = await quarantine.list(10)
    expect(await quarantine.get(id)).toMatchObject({
      reason: 'corrupt',
      records: 300,
      origin: { stream: 'spool:model', id: first },
    })
    expect(log.some(({ level, message }) => level === 'error' && message.includes('damaged'))).toBe(true)
  })
})

describe('probe', () => {
  it('says what the sink says', async () => {
    const { forwarder } = harness(() => said(null, 403))
    expect(await forwarder.probe('model')).toEqual({ verdict: 'hold', reason: 'HTTP 403' })
  })

  it('names why no answer came', async () => {
    const { forwarder } = harness(() => Promise.reject(new TransportError('dns', 'x: the name cannot be resolved (ENOTFOUND)')))
    expect(await forwarder.probe('model')).toMatchObject({ verdict: 'retry', transport: 'dns' })
  })

  it('names a secret that cannot be read', async () => {
    const { forwarder } = harness(() => said(null), {
      sinks: [{ name: 'model', sink: modelSink(), options: { token: 'env:TOKEN' } }],
      resolve: () => Promise.reject(new ConfigError('env:TOKEN: is not set')),
    })
    expect(await forwarder.probe('model')).toEqual({ verdict: 'hold', reason: 'env:TOKEN: is not set' })
  })
})
