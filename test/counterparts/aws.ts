import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { memoryCheckpoints, startEventSourceMapping, startLambda } from '@weir/emulator'
import { prepareLayer } from '@weir/extension'
import { check, createHandler, summarize, tick } from '@weir/ingest'
import { encodeBatch } from '@weir/schema'
import { elasticReceiver, splunkReceiver } from '../receivers/index.ts'
import type { Counterpart } from './counterpart.ts'
import { CREDENTIALS, furnish, startMoto } from './moto.ts'
import { python } from './python.ts'
import { ACCOUNT, batches, REGION, trail } from './samples.ts'
import { openWeir } from './weir.ts'

const BUCKET = 'weir-bucket'
const later = (): number => Date.now() + 60_000

/** AWS as moto has it: S3, DynamoDB, Kinesis, Secrets Manager and Systems Manager behind the real SDK clients, found as on Lambda. */
export const aws: Counterpart = {
  name: 'aws',
  async run(stand) {
    const moto = await startMoto(stand, await python(stand))
    await furnish(moto, { hec: 'old-token', elastic: 'es-key' })
    const hec = await splunkReceiver({ token: 'new-token' })
    const es = await elasticReceiver({ authorization: 'ApiKey es-key' })
    const store = { type: 's3', bucket: BUCKET, prefix: 'weir/' }
    const config = {
      state: { type: 'dynamodb', table: 'weir-state' },
      spool: store,
      quarantine: store,
      onFailure: { bucket: BUCKET, prefix: 'aws/lambda/' },
      sinks: [
        {
          name: 'hec',
          type: 'splunk',
          route: 'all',
          url: hec.url,
          token: 'secretsmanager:weir/hec#token',
          allowPrivateNetwork: true,
        },
        { name: 'es', type: 'elastic', route: 'all', url: es.url, apiKey: 'ssm:/weir/elastic', allowPrivateNetwork: true },
      ],
    }
    const first = await openWeir(config, { aws: true })
    const kinesis = new KinesisClient({
      region: REGION,
      endpoint: moto.endpoint,
      credentials: CREDENTIALS,
      requestHandler: new NodeHttpHandler(),
    })
    const put = async (StreamName: string, records: readonly Uint8Array[]): Promise<void> => {
      const Records = records.map((Data, i) => ({ Data, PartitionKey: `key-${i % 3}` }))
      const { FailedRecordCount } = await kinesis.send(new PutRecordsCommand({ StreamName, Records }))
      assert.equal(FailedRecordCount ?? 0, 0)
    }
    const checkpoints = { telemetry: memoryCheckpoints(), trail: memoryCheckpoints() }
    /** Drives a handler over what the stream holds and no handler has had, by the rules of an event source mapping. */
    const drive = async (stream: keyof typeof checkpoints, invoke: ReturnType<typeof createHandler>): Promise<number> => {
      const mapping = await startEventSourceMapping({
        client: kinesis,
        stream,
        region: REGION,
        account: ACCOUNT,
        invoke: (event, context) => invoke(event, context),
        reportBatchItemFailures: true,
        maximumRetryAttempts: 0,
        state: checkpoints[stream],
        onFailure: (record, key) => moto.s3('PUT', `${BUCKET}/${key}`, JSON.stringify(record)).then(() => {}),
      })
      await mapping.idle()
      await mapping.close()
      return mapping.metrics.records
    }

    await stand.step('Kinesis: the extension, under the emulated Lambda, puts its batches by ARN, signed by itself', async () => {
      const taskRoot = join(stand.temp, 'function')
      await mkdir(taskRoot)
      await writeFile(join(taskRoot, 'index.mjs'), `export const handler = async () => { console.log('order paid'); return 1 }\n`)
      const layer = join(stand.temp, 'layer')
      const lambda = startLambda({
        tempFolder: stand.temp,
        region: REGION,
        account: ACCOUNT,
        credentials: { ...CREDENTIALS, sessionToken: 'test' },
      })
      const orders = lambda.createFunction({
        name: 'orders',
        taskRoot,
        timeoutSeconds: 10,
        extensions: [{ path: await prepareLayer(layer) }],
        env: {
          WEIR_ROOT: layer,
          WEIR_NODE: process.execPath,
          WEIR_STREAM_ARN: `arn:aws:kinesis:${REGION}:${ACCOUNT}:stream/telemetry`,
          WEIR_KINESIS_ENDPOINT: moto.endpoint,
          WEIR_TELEMETRY_HOST: '127.0.0.1',
          WEIR_BIND: '127.0.0.1',
        },
      })
      for (let i = 0; i < 3; i++) assert.equal((await orders.invoke()).payload, 1)
      await lambda.close()
    })
    await stand.step('the event source mapping reads them back, and CloudTrail from its own stream', async () => {
      await put(
        'telemetry',
        batches().map(batch => encodeBatch(batch)),
      )
      await put('trail', trail())
      const handler = createHandler(first.weir)
      assert.ok((await drive('telemetry', handler)) > batches().length)
      assert.equal(await drive('trail', handler), trail().length)
      assert.ok(first.made.some(event => JSON.stringify(event).includes('order paid')))
      assert.ok(first.made.some(event => event.class_uid === 2004))
    })

    const uids = (): string[] => first.made.map(event => event.metadata.uid).toSorted()
    await stand.step('Systems Manager: a SecureString is the key of a sink, which has every event', () =>
      assert.deepEqual(es.documents.map(({ document }) => (document['event'] as { id: string }).id).toSorted(), uids()),
    )
    await stand.step(
      'Secrets Manager and S3: a sink that refuses the old token has nothing, and its events are held in the bucket',
      async () => {
        assert.equal(hec.events.length, 0)
        const waiting = await Promise.all((await first.weir.spool.list('hec', 1000)).map(id => first.weir.spool.get(id)))
        assert.deepEqual(waiting.flatMap(({ events }) => events.map(({ event }) => event.metadata.uid)).toSorted(), uids())
        assert.ok(waiting.every(({ why }) => why === 'hold'))
        assert.match(await moto.s3('GET', `${BUCKET}?list-type=2&prefix=weir/spool/hec/`), /<Key>weir\/spool\/hec\/\d{4}\//)
      },
    )
    await stand.step(
      'a new token in Secrets Manager, a tick in another process: every event delivered, the spool empty',
      async () => {
        await moto.call('secretsmanager', 'secretsmanager.PutSecretValue', {
          SecretId: 'weir/hec',
          SecretString: JSON.stringify({ user: 'weir', token: 'new-token' }),
        })
        const second = await openWeir(config, { aws: true })
        const { settled } = await tick(second.weir, later())
        assert.equal(settled, uids().length)
        assert.deepEqual(hec.events.map(({ fields }) => String(fields?.['weir_uid'])).toSorted(), uids())
        assert.deepEqual(await second.weir.spool.list('hec', 10), [])
        await second.weir.close()
      },
    )

    await stand.step('S3: what cannot be decoded is in quarantine, byte for byte', async () => {
      const broken = Buffer.from(encodeBatch(batches()[1] ?? assert.fail()))
      broken[broken.length - 8] = (broken.at(-8) ?? 0) ^ 0xff
      assert.deepEqual(await first.handle([{ stream: 'telemetry', data: broken }]), [])
      const [id = '', ...more] = await first.weir.quarantine.list(10)
      assert.deepEqual(more, [])
      const entry = await first.weir.quarantine.get(id)
      assert.deepEqual(Buffer.from(entry.bytes), broken)
      assert.equal(entry.reason, 'corrupt')
      await first.weir.quarantine.remove(id)
    })
    await stand.step(
      'S3: batches that the mapping gave up on go from their on-failure objects into quarantine, record by record',
      async () => {
        await put('trail', trail())
        await drive('trail', () => Promise.reject(new Error('out of order')))
        const listed = await moto.s3('GET', `${BUCKET}?list-type=2&prefix=aws/lambda/`)
        const objects = listed.match(/<Key>/g)?.length ?? 0
        assert.ok(objects > 0)
        assert.equal((await tick(first.weir, later())).failed, objects)
        const entries = await Promise.all((await first.weir.quarantine.list(100)).map(id => first.weir.quarantine.get(id)))
        const eventId = (bytes: Uint8Array): string =>
          (JSON.parse(Buffer.from(bytes).toString('utf8')) as { eventID: string }).eventID
        assert.deepEqual(entries.map(({ bytes }) => eventId(bytes)).toSorted(), trail().map(eventId).toSorted())
        assert.ok(entries.every(({ reason }) => reason === 'on-failure'))
        assert.doesNotMatch(await moto.s3('GET', `${BUCKET}?list-type=2&prefix=aws/lambda/`), /<Key>/)
      },
    )
    await stand.step('DynamoDB: the ledger adds up, for every sink and stream', async () => {
      const summary = await summarize(first.weir.ledger)
      assert.deepEqual(check(summary), [])
      for (const { sink, delivered, routed } of summary.sinks) assert.equal(delivered, routed, sink)
      assert.equal(summary.totals.quarantined, (batches()[1]?.records.length ?? 0) + trail().length)
    })
    await stand.step('DynamoDB: a fold by eight workers at once counts each batch once, and a lease has one holder', async () => {
      const workers = await Promise.all(Array.from({ length: 8 }, () => openWeir(config, { aws: true })))
      const states = workers.map(({ weir }) => weir.parts.state)
      const now = Date.now()
      const fold = (state: (typeof states)[number], batch: string): Promise<number> =>
        state.fold({
          key: 'counterpart|x',
          batch,
          now,
          expiresAt: now + 60_000,
          initial: 0,
          reduce: n => ({ state: n + 1, answer: n + 1 }),
        })
      const answers = await Promise.all(states.flatMap((state, w) => [0, 1, 2].map(i => fold(state, `batch-${w}-${i}`))))
      assert.deepEqual(
        answers.toSorted((a, b) => a - b),
        Array.from({ length: 24 }, (_, i) => i + 1),
      )
      assert.equal(await fold(states[0] ?? assert.fail(), 'batch-7-2'), answers.at(-1))
      const taken = await Promise.all(states.map((state, w) => state.lease('drain|x', `worker-${w}`, now, 60_000)))
      assert.equal(taken.filter(Boolean).length, 1)
      await Promise.all(workers.map(({ weir }) => weir.close()))
    })

    await first.weir.close()
    kinesis.destroy()
    await Promise.all([hec.close(), es.close()])
    for (const name of ['AWS_ENDPOINT_URL', 'AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) delete process.env[name]
  },
}
