import { describe, expect, it } from 'vitest'
import { ConfigError } from '../errors.ts'
import { TransportError } from '../http.ts'
import type { Judgement, SinkIo, SinkRequest } from '../sink.ts'
import { files } from './install/sentinel.ts'
import { columnsOf, kindOf, toAsim } from './schemas/asim.ts'
import { createSentinel, sentinel } from './sentinel.ts'
import { keepsTheSinkContract, response, some } from './testing/contract.ts'
import { event, hostile, samples } from './testing/events.ts'

const id = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const options = {
  ...sentinel.options.parse({
    url: 'https://weir.westeurope-1.ingest.monitor.azure.com',
    ruleId: `dcr-${'0a'.repeat(16)}`,
    tenantId: id,
    clientId: id,
    clientSecret: 'env:SENTINEL_SECRET',
  }),
  clientSecret: 'S3CRET-canary',
}
keepsTheSinkContract(sentinel, options)

const judge = (status: number, code = '', count = 3) =>
  (sentinel.judge(response(status, code === '' ? '' : { error: { code, message: 'm' } }), some(count), options) as Judgement)
    .verdict

const io = (answer: ReturnType<typeof response>, seen: SinkRequest[] = []): SinkIo => ({
  now: () => 1_000_000,
  request: async request => {
    seen.push(request)
    return answer
  },
})

describe('sentinel', () => {
  it('writes a JSON array to the stream of its kind', () => {
    const request = createSentinel(() => samples['finding']!.time).encode([samples['finding']!], options)
    expect(request.url).toBe(
      `https://weir.westeurope-1.ingest.monitor.azure.com/dataCollectionRules/${options.ruleId}/streams/Custom-WeirAlert_CL?api-version=2023-01-01`,
    )
    expect(JSON.parse(String(request.body))).toMatchObject([
      {
        TimeGenerated: '2026-11-22T04:30:15.250Z',
        EventStartTime: '2026-11-22T04:29:00.000Z',
        EventSchema: 'AlertEvent',
        EventType: 'Alert',
        EventUid: 'finding-1',
        EventSeverity: 'High',
        EventOriginalSeverity: 'Critical',
        AlertName: 'Public invoke permission',
        AlertStatus: 'Active',
        AttackTactics: 'Persistence (TA0003), Privilege Escalation (TA0004)',
        AttackTechniques: 'Additional Cloud Credentials (T1098.001), Account Manipulation (T1098)',
        DvcHostname: 'orders',
        DvcScopeId: '111122223333',
        Username: 'mallory',
        AdditionalFields: { evidences: [{ data: { principal: '*' } }] },
      },
    ])
  })

  it('keeps streams and half hours apart', () => {
    const start = Date.UTC(2026, 0, 1, 12)
    const sink = createSentinel(() => start)
    const key = (time: number) => sink.partition?.({ ...samples['api']!, time }, options)
    expect(key(start + 1_799_999)).toBe(key(start))
    expect(key(start + 1_800_000)).not.toBe(key(start))
    expect(sentinel.partition?.(samples['http']!, options)).not.toBe(sentinel.partition?.(samples['api']!, options))
  })

  it('lets events share requests whose time Azure would replace anyway, and keeps their own time beside', () => {
    const now = Date.UTC(2026, 0, 1, 12)
    const sink = createSentinel(() => now + 60_000)
    const old = Array.from({ length: 10_000 }, (_, i) => ({ ...samples['api']!, time: now - i * 1_800_000 }))
    expect(new Set(old.map(event => sink.partition?.(event, options))).size).toBeLessThan(100)
    const [near, far] = JSON.parse(String(sink.encode([old[95]!, old[9_999]!], options).body)) as Record<string, unknown>[]
    expect(near).toMatchObject({ TimeGenerated: '2025-12-30T12:30:00.000Z', EventEndTime: '2025-12-30T12:30:00.000Z' })
    expect(far).toMatchObject({ TimeGenerated: '2026-01-01T12:00:00.000Z', EventEndTime: '2025-06-07T04:30:00.000Z' })
  })

  it.each([
    [204, '', 'delivered'],
    [200, '', 'retry'],
    [202, '', 'retry'],
    [413, 'ContentLengthLimitExceeded', 'split'],
    [400, 'ContentLengthLimitExceeded', 'split'],
    [400, 'ReadyBody_ClientConnectionAbort', 'split'],
    [400, 'RecordsTimeRangeIsMoreThan30Minutes', 'split'],
    [400, 'InvalidRecord', 'split'],
    [400, 'InvalidStream', 'hold'],
    [400, '', 'hold'],
    [401, 'AuthenticationFailed', 'hold'],
    [403, 'OperationFailed', 'hold'],
    [404, 'NotFound', 'hold'],
    [408, '', 'retry'],
    [429, '', 'retry'],
    [500, '', 'retry'],
    [503, '', 'retry'],
  ])('reads HTTP %i %s as %s', (status, code, verdict) => expect(judge(status, code)).toBe(verdict))

  it('refuses for good only an event that cannot be made smaller', () => {
    expect(judge(413, 'ContentLengthLimitExceeded', 1)).toBe('rejected')
    expect(judge(400, 'InvalidRecord', 1)).toBe('rejected')
  })

  it('signs in with client credentials, and renews before the token ends', async () => {
    const seen: SinkRequest[] = []
    const granted = await sentinel.authorize?.(options, io(response(200, { access_token: 'a.b.c', expires_in: 3599 }), seen))
    expect(granted).toEqual({ headers: { authorization: 'Bearer a.b.c' }, expiresAt: 1_000_000 + (3599 - 300) * 1000 })
    expect(seen[0]?.url).toBe(`https://login.microsoftonline.com/${id}/oauth2/v2.0/token`)
    expect(Object.fromEntries(new URLSearchParams(String(seen[0]?.body)))).toEqual({
      grant_type: 'client_credentials',
      client_id: id,
      client_secret: 'S3CRET-canary',
      scope: 'https://monitor.azure.com/.default',
    })
  })

  it.each([
    [401, { error: 'invalid_client', error_description: "AADSTS7000215: Invalid client secret 'S3CRET-canary'" }, 'hold'],
    [400, { error: 'unauthorized_client' }, 'hold'],
    [429, {}, 'retry'],
    [503, {}, 'retry'],
    [200, '<html>', 'retry'],
    [200, { access_token: 'with a space', expires_in: 3599 }, 'retry'],
    [200, { access_token: 'a.b.c' }, 'retry'],
  ])('says of a sign-in answered with %i %o: %s', async (status, body, verdict) => {
    const failed: unknown = await sentinel.authorize?.(options, io(response(status, body))).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(verdict === 'hold' ? ConfigError : TransportError)
    expect(String(failed)).toContain(`token: HTTP ${status}`)
    expect(String(failed)).not.toContain('S3CRET')
  })

  it('drops the largest leftovers that do not fit a column, and says which', () => {
    const big = event(6003, 1, { raw_data: 'x'.repeat(80_000), unmapped: { small: 1 } })
    const row = toAsim(big)
    expect(row['AdditionalFields']).toMatchObject({ unmapped: { small: 1 }, weir_omitted: ['raw_data'] })
    expect(JSON.stringify(row['AdditionalFields']).length).toBeLessThan(64_000)
  })
})

interface Rule {
  readonly type: string
  readonly properties: {
    readonly streamDeclarations: Record<string, { columns: { name: string; type: string }[] }>
    readonly dataFlows: { streams: string[]; outputStream: string; transformKql: string }[]
  }
}

describe('the data collection rule', () => {
  const { resources } = JSON.parse(files['azuredeploy.json']!) as { resources: Rule[] }
  const rule = resources.find(resource => resource.type === 'Microsoft.Insights/dataCollectionRules')!
  const declared = (stream: string) =>
    new Map(rule.properties.streamDeclarations[stream]?.columns.map(({ name, type }) => [name, type]))
  const fits: Record<string, (value: unknown) => boolean> = {
    string: value => typeof value === 'string',
    int: value => Number.isInteger(value),
    long: value => Number.isInteger(value),
    datetime: value => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
    dynamic: value => typeof value === 'object',
  }

  it('declares every column of every event, with its type', () => {
    for (const [name, sample] of [...Object.entries(samples), ...hostile.map((each, i) => [`hostile ${i}`, each] as const)]) {
      const columns = declared(kindOf(sample).stream)
      for (const [column, value] of Object.entries(toAsim(sample))) {
        const type = columns.get(column)
        expect(type, `${name}: ${column}`).toBeDefined()
        expect(fits[type!]?.(value), `${name}: ${column} is a ${type}, got ${JSON.stringify(value)}`).toBe(true)
      }
    }
  })

  it('stays within what one rule may hold, and sends each stream to one table', () => {
    expect(Object.keys(rule.properties.streamDeclarations).length).toBeLessThanOrEqual(10)
    expect(rule.properties.dataFlows.length).toBeLessThanOrEqual(10)
    for (const flow of rule.properties.dataFlows) {
      expect(flow.outputStream).toMatch(/^(Custom-\w{1,42}_CL|Microsoft-ASim\w+Logs)$/)
      expect(declared(flow.streams[0]!).size).toBeGreaterThan(10)
    }
    const reserved = ['_ResourceId', 'id', '_SubscriptionId', 'TenantId', 'Type', 'UniqueId', 'Title']
    for (const kind of Object.values(samples).map(kindOf)) {
      for (const { name } of columnsOf(kind)) {
        expect(name).toMatch(/^[A-Za-z]\w{0,44}$/)
        expect(reserved).not.toContain(name)
      }
    }
  })
})
