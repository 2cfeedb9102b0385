import type { OcsfEvent } from '@weir/schema/ocsf'
import * as z from 'zod/mini'
import { createForwarder, type Forwarder, type ForwarderParts } from '../forward.ts'
import { memoryQuarantine } from '../quarantine/memory.ts'
import type { SecretResolver } from '../secrets.ts'
import type { Judgement, Sink, SinkRequest, SinkResponse } from '../sink.ts'
import { memorySpool } from '../spool/memory.ts'
import type { Quarantine, Spool, SpooledEvent } from '../spool/spool.ts'

/** An event of the smallest kind; `uid` tells it from others. */
export const event = (uid: string, more: Readonly<Record<string, unknown>> = {}): OcsfEvent => ({
  class_uid: 0,
  category_uid: 0,
  activity_id: 0,
  type_uid: 0,
  time: 1_700_000_000_000,
  severity_id: 1,
  metadata: { version: '1.8.0', uid, product: { vendor_name: 'test', name: 'test' } },
  ...more,
})

export const uidOf = ({ metadata }: OcsfEvent): string => metadata.uid

/** Events 0 to n-1, of inputs `in-0`, `in-1` … of `perInput` events each. */
export const events = (count: number, perInput = 2): SpooledEvent[] =>
  Array.from({ length: count }, (_, i) => ({ input: `in-${Math.floor(i / perInput)}`, event: event(`e${i}`) }))

export interface ModelOptions {
  readonly token?: string
  readonly events?: number
  readonly bytes?: number
  readonly compression?: 'gzip' | 'none'
  readonly timeoutMs?: number
  readonly url?: string
  readonly ca?: string
}

/** A sink whose far side says its judgement outright: the response's body is JSON of what `judge` returns. */
export const modelSink = (more: Partial<Sink<ModelOptions>> = {}): Sink<unknown> => {
  const sink: Sink<ModelOptions> = {
    name: 'model',
    summary: 'for tests',
    options: z.any(),
    secrets: ['token'],
    limits: ({ events = 100, bytes = 1_000_000 }) => ({ events, bytes }),
    encode: (events, { url = 'https://model.example/', token = '' }) => ({
      method: 'POST',
      url,
      headers: { authorization: token },
      body: events.map(event => JSON.stringify(event)).join('\n'),
    }),
    judge: ({ body }) => JSON.parse(new TextDecoder().decode(body)) as Judgement | Judgement[],
    probe: ({ url = 'https://model.example/' }) => ({ method: 'GET', url, headers: {}, body: '' }),
    judgeProbe: ({ status }) => ({ verdict: status === 200 ? 'delivered' : 'hold', reason: `HTTP ${status}` }),
    ...more,
  }
  return sink
}

/** The uids in a request of the model sink. */
export const sent = ({ body }: SinkRequest): string[] =>
  String(body)
    .split('\n')
    .filter(line => line !== '')
    .map(line => uidOf(JSON.parse(line) as OcsfEvent))

export const said = (judgement: unknown, status = 200): SinkResponse => ({
  status,
  headers: {},
  body: new TextEncoder().encode(JSON.stringify(judgement)),
})

export type Answer = (request: SinkRequest, sink: string) => SinkResponse | Promise<SinkResponse>

export interface Harness {
  readonly forwarder: Forwarder
  readonly spool: Spool
  readonly quarantine: Quarantine
  readonly clock: { now: number }
  /** Every wait, milliseconds. */
  readonly sleeps: number[]
  readonly log: { level: string; fields: object; message: string }[]
  /** Delivers to the sink `model`. */
  readonly forward: (items: readonly SpooledEvent[], budgetMs?: number) => ReturnType<Forwarder['forward']>
}

/** A forwarder over model sinks, with a clock that moves only when it sleeps. */
export function harness(
  answer: Answer,
  {
    sinks = [{ name: 'model', sink: modelSink(), options: {} }],
    resolve = async reference => reference,
    ...parts
  }: Partial<ForwarderParts> & { readonly resolve?: SecretResolver['resolve'] } = {},
): Harness {
  const clock = { now: 1_700_000_000_000 }
  const sleeps: number[] = []
  const log: Harness['log'] = []
  const write = (level: string) => (fields: object, message: string) => void log.push({ level, fields, message })
  const spool = parts.spool ?? memorySpool()
  const quarantine = (parts.quarantine as Quarantine | undefined) ?? memoryQuarantine()
  const forwarder = createForwarder({
    sinks,
    secrets: { resolve },
    io: { now: () => clock.now, request: async request => answer(request, new URL(request.url).hostname.split('.')[0] ?? '') },
    random: () => 0.5,
    now: () => clock.now,
    sleep: async ms => {
      sleeps.push(ms)
      clock.now += ms
    },
    log: { info: write('info'), warn: write('warn'), error: write('error') },
    ...parts,
    spool,
    quarantine,
  })
  return {
    forwarder,
    spool,
    quarantine,
    clock,
    sleeps,
    log,
    forward: (items, budgetMs = 30_000) => forwarder.forward(new Map([['model', items]]), { deadline: clock.now + budgetMs }),
  }
}

/** All events in a sink's spool, oldest entry first. */
export async function spooled(
  spool: Spool,
  sink = 'model',
): Promise<(SpooledEvent & { readonly why: string; readonly reason: string })[]> {
  const entries = await Promise.all((await spool.list(sink, 10_000)).map(id => spool.get(id)))
  return entries.flatMap(({ events, why, reason }) => events.map(item => ({ ...item, why, reason })))
}

/** All events in a quarantine, with reason and detail. */
export async function isolated(
  quarantine: Quarantine,
): Promise<{ uid: string; input: string; reason: string; detail: string }[]> {
  const entries = await Promise.all((await quarantine.list(10_000)).map(id => quarantine.get(id)))
  return entries.flatMap(({ bytes, origin, reason, detail }) =>
    Buffer.from(bytes)
      .toString('utf8')
      .split('\n')
      .filter(line => line !== '')
      .map(line => ({ uid: uidOf(JSON.parse(line) as OcsfEvent), input: origin.id, reason, detail })),
  )
}

/** The counts of a result, summed over its inputs. */
export function sums(result: Awaited<ReturnType<Forwarder['forward']>>[number] | undefined) {
  const sum = { delivered: 0, duplicate: 0, spooled: 0, held: 0, quarantined: 0 }
  for (const counts of result?.counts.values() ?? []) {
    for (const outcome of Object.keys(sum) as (keyof typeof sum)[]) sum[outcome] += counts[outcome]
  }
  return sum
}
