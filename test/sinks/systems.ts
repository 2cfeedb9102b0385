import { type Judgement, sinks } from '@weir/ingest'
import type { OcsfEvent } from '@weir/schema/ocsf'
import {
  certificate,
  type ElasticOptions,
  elasticReceiver,
  type OtlpOptions,
  otlpReceiver,
  plain,
  type Receiver,
  sentinelReceiver,
  type SplunkOptions,
  splunkReceiver,
} from '../receivers/index.ts'
import { deliver, type Outcome, probe } from './deliver.ts'

const { splunk, elastic, sentinel, otlp } = sinks

/** A receiver, and the sink pointed at it. */
export interface System<R extends Receiver = Receiver> {
  readonly receiver: R
  /** Matches the path that events go to. */
  readonly path: RegExp
  /** Uids that the receiver holds. */
  accepted(): readonly string[]
  deliver(events: readonly OcsfEvent[], change?: Readonly<Record<string, unknown>>): Promise<Outcome[]>
  probe(change?: Readonly<Record<string, unknown>>): Promise<Judgement>
}

export async function splunkSystem(
  more: Partial<SplunkOptions> = {},
): Promise<System<Awaited<ReturnType<typeof splunkReceiver>>>> {
  const receiver = await splunkReceiver({ token: 'hec-token', indexes: ['main', 'alerts'], ...more })
  const parsed = splunk.options.parse({ url: receiver.url, token: 'env:T', index: 'main', findingsIndex: 'alerts' })
  const options = { ...parsed, token: 'hec-token' }
  return {
    receiver,
    path: /\/collector\/event$/,
    accepted: () => receiver.events.map(({ fields }) => String(fields?.['weir_uid'])),
    deliver: (events, change) => deliver(splunk, { ...options, ...change }, events),
    probe: change => probe(splunk, { ...options, ...change }),
  }
}

export async function elasticSystem(
  more: Partial<ElasticOptions> = {},
): Promise<System<Awaited<ReturnType<typeof elasticReceiver>>>> {
  const receiver = await elasticReceiver({ authorization: 'ApiKey es-key', ...more })
  const parsed = elastic.options.parse({ url: receiver.url, apiKey: 'env:K', flavour: more.flavour ?? 'elasticsearch' })
  const options = { ...parsed, apiKey: 'es-key' }
  return {
    receiver,
    path: /_bulk$/,
    accepted: () => receiver.documents.map(({ document }) => String((document['event'] as { id?: string }).id)),
    deliver: (events, change) => deliver(elastic, { ...options, ...change }, events),
    probe: change => probe(elastic, { ...options, ...change }),
  }
}

interface Rule {
  readonly type: string
  readonly properties: {
    readonly streamDeclarations: Readonly<Record<string, { readonly columns: readonly { name: string; type: string }[] }>>
  }
}

/** The streams and columns of the data collection rule that the sink has installed. */
export async function declaredStreams(): Promise<Readonly<Record<string, readonly { name: string; type: string }[]>>> {
  const files = await sentinel.install?.()
  const { resources } = JSON.parse(files?.['azuredeploy.json'] ?? '{"resources":[]}') as { resources: readonly Rule[] }
  const rule = resources.find(resource => resource.type === 'Microsoft.Insights/dataCollectionRules')
  return Object.fromEntries(
    Object.entries(rule?.properties.streamDeclarations ?? {}).map(([name, { columns }]) => [name, columns]),
  )
}

/** One for all: making a key takes longer than most tests. */
let shared: ReturnType<typeof certificate> | undefined

const ID = '11111111-2222-3333-4444-555555555555'
export async function sentinelSystem(): Promise<System<Awaited<ReturnType<typeof sentinelReceiver>>>> {
  const tls = await (shared ??= certificate())
  const ruleId = `dcr-${'0a'.repeat(16)}`
  const identity = { tenantId: ID, clientId: ID, clientSecret: 'entra-secret' }
  const receiver = await sentinelReceiver({ ...identity, ruleId, streams: await declaredStreams(), strictTimes: true, tls })
  const parsed = sentinel.options.parse({
    url: receiver.url,
    authority: receiver.url,
    ruleId,
    ...identity,
    clientSecret: 'env:S',
  })
  const options = { ...parsed, clientSecret: identity.clientSecret, ca: tls.cert }
  return {
    receiver,
    path: /\/streams\//,
    accepted: () => receiver.rows.map(({ row }) => String(row['EventUid'])),
    deliver: (events, change) => deliver(sentinel, { ...options, ...change }, events),
    probe: change => probe(sentinel, { ...options, ...change }),
  }
}

export async function otlpSystem(more: Partial<OtlpOptions> = {}): Promise<System<Awaited<ReturnType<typeof otlpReceiver>>>> {
  const receiver = await otlpReceiver({ header: ['authorization', 'Bearer otlp-token'], ...more })
  const options = {
    ...otlp.options.parse({ url: receiver.url, credentials: 'env:C' }),

    credentials: 'otlp-token',
  }
  return {
    receiver,
    path: /\/v1\/logs$/,
    accepted: () => receiver.records.map(({ record }) => String(plain(record['attributes'])['weir.event.uid'])),
    deliver: (events, change) => deliver(otlp, { ...options, ...change }, events),
    probe: change => probe(otlp, { ...options, ...change }),
  }
}

export const systems = { splunk: splunkSystem, elastic: elasticSystem, sentinel: sentinelSystem, otlp: otlpSystem }
