import assert from 'node:assert/strict'
import { cp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { OcsfEvent } from '@weir/schema/ocsf'
import { type Counterpart, freePort, install, need, serving, type Stand } from './counterpart.ts'
import { openWeir, sampleRecords } from './weir.ts'

const VERSION = '2.19.1' // opensearch/pom.xml

interface Hit {
  readonly _id: string
  readonly _index: string
  readonly _source: Readonly<Record<string, unknown>>
}

/** A node's jars, as Maven brings them, and the address of a node that runs on them. */
async function startNode(stand: Stand): Promise<string> {
  const [java, maven] = [need('java'), need('mvn')]
  const folder = await stand.installed(`opensearch-${VERSION}`, async folder => {
    await cp(fileURLToPath(new URL('opensearch', import.meta.url)), folder, { recursive: true })
    const args = ['-B', '-q', 'dependency:copy-dependencies', '-DoutputDirectory=jars']
    await install(maven, args, { cwd: folder, seconds: 400, log: join(folder, 'install.log') })
  })
  stand.note(`OpenSearch ${VERSION}, one node, its security plugin not installed`)
  const [port, transport] = [await freePort(), await freePort()]
  const program = ['-Xmx512m', '-cp', join(folder, 'jars/*'), join(folder, 'OpenSearchNode.java')]
  const node = stand.start(java, [...program, join(stand.temp, 'node'), String(port), String(transport)], { cwd: stand.temp })
  const url = `http://127.0.0.1:${port}`
  await serving('OpenSearch', node, `${url}/_cluster/health?wait_for_status=yellow`, 120)
  return url
}

async function ask(method: string, url: string, body?: string): Promise<Readonly<Record<string, unknown>>> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) })
  const text = await response.text()
  assert.ok(response.ok, `${method} ${new URL(url).pathname}: ${response.status} ${text.slice(0, 500)}`)
  return JSON.parse(text) as Readonly<Record<string, unknown>>
}

/** OpenSearch: data streams made from what `weir sinks elastic --install` writes, and events that can be found in them. */
export const opensearch: Counterpart = {
  name: 'opensearch',
  async run(stand) {
    const url = await startNode(stand)
    await stand.step('takes the pipeline and the template that weir installs', async () => {
      const weir = fileURLToPath(new URL('../../packages/cli/src/weir.ts', import.meta.url))
      const folder = join(stand.temp, 'install')
      const log = join(stand.temp, 'install.log')
      await install(process.execPath, [weir, 'sinks', 'elastic', '--install', folder], { seconds: 60, log })
      const files = (await readdir(join(folder, 'opensearch'), { recursive: true })).filter(file => file.endsWith('.json'))
      assert.deepEqual(files.toSorted(), ['_index_template/logs-weir.json', '_ingest/pipeline/weir-ingested.json'])
      for (const file of files.toSorted().reverse()) {
        await ask('PUT', `${url}/${file.replace('.json', '')}`, await readFile(join(folder, 'opensearch', file), 'utf8'))
      }
    })

    const common = {
      type: 'elastic',
      route: 'all',
      url,
      username: 'weir',
      password: 'env:OPENSEARCH_PASSWORD',
      timeoutMs: 45_000, // the first document of a stream makes its index, which takes a busy machine long
      allowPrivateNetwork: true,
    }
    process.env['OPENSEARCH_PASSWORD'] = 'none-is-asked'
    const sinks = [
      { ...common, name: 'opensearch', flavour: 'opensearch' },
      { ...common, name: 'mistaken', flavour: 'elasticsearch', namespace: 'other' },
    ]
    const { weir, made, handle } = await openWeir({ sinks })
    const search = async (): Promise<readonly Hit[]> => {
      await ask('POST', `${url}/logs-weir.*/_refresh`)
      const found = await ask('GET', `${url}/logs-weir.*/_search?size=10000`)
      return (found['hits'] as { hits: readonly Hit[] }).hits
    }
    const idOf = ({ _source }: Hit): string => (_source['event'] as { id: string }).id

    await stand.step('lets weir check in', async () =>
      assert.equal((await weir.forwarder.probe('opensearch')).verdict, 'delivered'),
    )
    await stand.step('takes every event, each once', async () => {
      assert.deepEqual(await handle(sampleRecords()), [])
      const waiting = await Promise.all((await weir.spool.list('opensearch', 10)).map(id => weir.spool.get(id)))
      assert.deepEqual(
        waiting.map(({ reason }) => reason),
        [],
      )
      assert.deepEqual((await search()).map(idOf).toSorted(), made.map(event => event.metadata.uid).toSorted())
    })
    await stand.step('has findings and events in their data streams, with their times and when they arrived', async () => {
      const streams = (await ask('GET', `${url}/_data_stream`))['data_streams'] as readonly { name: string }[]
      assert.deepEqual(streams.map(({ name }) => name).toSorted(), ['logs-weir.events-default', 'logs-weir.findings-default'])
      const byUid = new Map(made.map(event => [event.metadata.uid, event]))
      for (const hit of await search()) {
        const event: OcsfEvent = byUid.get(idOf(hit)) ?? assert.fail(hit._id)
        assert.match(hit._index, event.class_uid === 2004 ? /weir\.findings/ : /weir\.events/)
        assert.equal(Date.parse(String(hit._source['@timestamp'])), event.time)
        assert.ok(Date.parse((hit._source['event'] as { ingested: string }).ingested) > Date.now() - 600_000)
      }
    })
    await stand.step('finds what an analyst asks for: by rule, by user, by time, and inside weir.ocsf', async () => {
      const count = async (query: object): Promise<number> =>
        Number((await ask('POST', `${url}/logs-weir.*/_count`, JSON.stringify({ query })))['count'])
      const findings = made.filter(event => event.class_uid === 2004).length
      assert.equal(await count({ exists: { field: 'rule.name' } }), findings)
      assert.ok((await count({ match: { 'user.name': 'mallory' } })) > 0)
      assert.equal(await count({ range: { '@timestamp': { lt: '2000-01-01' } } }), 0)
      assert.equal(await count({ range: { '@timestamp': { gte: '2026-01-01' } } }), made.length)
      const mapping = JSON.stringify(await ask('GET', `${url}/logs-weir.events-default/_mapping`))
      assert.match(mapping, /"ocsf":\{"type":"flat_object"\}/)
    })
    await stand.step('answers that it has them already, when all are sent again', async () => {
      const items = made.map(event => ({ input: 'again', event }))
      const [result] = await weir.forwarder.forward(new Map([['opensearch', items]]), { deadline: Date.now() + 60_000 })
      assert.partialDeepStrictEqual(result?.counts.get('again'), { delivered: 0, duplicate: made.length })
      assert.equal((await search()).length, made.length)
    })
    await stand.step('refuses what only Elasticsearch knows, and weir holds the events and says what to set', async () => {
      const entries = await Promise.all((await weir.spool.list('mistaken', 100)).map(id => weir.spool.get(id)))
      assert.equal(entries.flatMap(({ events }) => events).length, made.length)
      for (const { why, reason } of entries) {
        assert.equal(why, 'hold')
        assert.match(reason, /set flavour: opensearch/)
      }
    })
    await weir.close()
  },
}
