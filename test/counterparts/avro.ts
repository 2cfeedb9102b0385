import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Batch, decodeBatch, encodeBatch } from '@weir/schema'
import type { Counterpart } from './counterpart.ts'
import { python } from './python.ts'
import { batches } from './samples.ts'

interface Answer {
  readonly fingerprint: string
  readonly read: readonly unknown[]
  readonly written: readonly string[]
}

/** Not exported: another program has nothing but the schemas and the dictionary. */
const schema = (file: string): string => new URL(`../../packages/schema/src/batch/${file}`, import.meta.url).href

const asPlain = (batch: Batch): unknown => ({
  sandbox: batch.sandbox,
  sequence: batch.sequence,
  count: batch.records.length,
  function: { ...batch.function },
  extension: batch.extension,
  emitted: batch.emitted,
  dropped: batch.dropped.map(each => ({ ...each })),
  records: batch.records.map(({ body, ...record }) => ({ ...record, body: Buffer.from(body).toString('base64') })),
})

/** An Avro library that shares nothing with ours, given the schemas alone. */
export const avro: Counterpart = {
  name: 'avro',
  async run(stand) {
    const bin = await python(stand)
    const { ENVELOPE, PAYLOAD, ENVELOPE_FINGERPRINT } = (await import(schema('v1-schema.ts'))) as {
      ENVELOPE: object
      PAYLOAD: object
      ENVELOPE_FINGERPRINT: string
    }
    const { DICTIONARIES } = (await import(schema('dictionary.ts'))) as { DICTIONARIES: ReadonlyMap<number, Uint8Array> }
    const originals = batches()
    const encoded = originals.map(batch => Buffer.from(encodeBatch(batch)))
    const dictionaries = Object.fromEntries([...DICTIONARIES].map(([id, bytes]) => [id, Buffer.from(bytes).toString('base64')]))
    const question = { envelope: ENVELOPE, payload: PAYLOAD, dictionaries, batches: encoded.map(each => each.toString('base64')) }
    const done = spawnSync(join(bin, 'python'), [fileURLToPath(new URL('batch.py', import.meta.url))], {
      input: JSON.stringify(question),
      timeout: 60_000,
      maxBuffer: 64 << 20,
      encoding: 'utf8',
    })
    assert.equal(done.status, 0, done.stderr)
    const answer = JSON.parse(done.stdout) as Answer

    await stand.step('the schema has the fingerprint that stands before every batch', () =>
      assert.equal(answer.fingerprint, ENVELOPE_FINGERPRINT),
    )
    await stand.step(`fastavro reads ${encoded.length} batches as they were meant, checksum and dictionary included`, () =>
      assert.deepEqual(
        answer.read,
        encoded.map(bytes => asPlain(decodeBatch(bytes))),
      ),
    )
    await stand.step('what it reads is what was put in', () =>
      assert.deepEqual(
        answer.read.map(each =>
          (each as { records: readonly { signal: string; time: number }[] }).records.map(({ signal, time }) => [signal, time]),
        ),
        originals.map(batch => batch.records.map(({ signal, time }) => [signal, time])),
      ),
    )
    await stand.step('Weir reads what fastavro writes', () =>
      assert.deepEqual(
        answer.written.map(text => asPlain(decodeBatch(Buffer.from(text, 'base64')))),
        originals.map((_, i) => asPlain(decodeBatch(encoded[i] as Buffer))),
      ),
    )
  },
}
