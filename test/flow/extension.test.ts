import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startKinesis, startLambda } from '@weir/emulator'
import { prepareLayer } from '@weir/extension'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ARN = 'arn:aws:kinesis:us-east-1:111122223333:stream/telemetry'
let folder = ''
let layer = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-function-'))
  layer = await prepareLayer(join(folder, 'opt'))
  await mkdir(join(folder, 'task'))
  await writeFile(join(folder, 'task/index.mjs'), 'export const handler = async event => ({ doubled: event.n * 2 })\n')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe("a function's result", () => {
  it.each([
    ['without a stream', {}],
    ['with a stream that is none', { WEIR_STREAM_ARN: 'not-an-arn' }],
    ['with a stream that nobody serves', { WEIR_STREAM_ARN: ARN, WEIR_KINESIS_ENDPOINT: 'http://127.0.0.1:9' }],
    ['with a stream that refuses the credentials', { WEIR_STREAM_ARN: ARN, refusing: '1' }],
  ])('is the same %s', { timeout: 60_000 }, async (_, { refusing, ...given }: Record<string, string>) => {
    const kinesis = refusing ? await startKinesis({ credentials: { accessKeyId: 'other', secretAccessKey: 'other' } }) : undefined
    const lambda = startLambda({ tempFolder: folder })
    try {
      const env = {
        ...given,
        ...(kinesis ? { WEIR_KINESIS_ENDPOINT: kinesis.endpoint } : {}),
        WEIR_TELEMETRY_HOST: '127.0.0.1',
        WEIR_BIND: '127.0.0.1',
        WEIR_ROOT: join(folder, 'opt'),
        WEIR_NODE: process.execPath,
      }
      const double = lambda.createFunction({
        name: 'double',
        taskRoot: join(folder, 'task'),
        timeoutSeconds: 20,
        maxConcurrency: 1,
        extensions: [{ path: layer, env }],
      })
      const seen = new Set<unknown>()
      for (const n of [1, 2, 3]) {
        const { functionError, payload } = await double.invoke({ n })
        expect(functionError).toBeUndefined()
        expect(payload).toEqual({ doubled: n * 2 })
        for (const sandbox of double.sandboxes) seen.add(sandbox)
      }
      expect(seen.size).toBe(1) // an extension that crashed would have cost the sandbox
    } finally {
      await lambda.close()
      await kinesis?.close()
    }
  })
})
