import { constants } from 'node:fs'
import { access, mkdir, open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as z from 'zod/mini'
import type { Sink, SinkResponse } from '../sink.ts'
import { localAnswer, judgeLocal } from './shared/local.ts'

const options = z.strictObject({
  path: z
    .string()
    .check(z.minLength(1), z.describe('File to append to, one OCSF event a line; its folder is made when it is not there')),
})
type Options = z.infer<typeof options>

/** Whether a file that a crash may have cut off ends within a line. */
async function endsWithinLine(path: string): Promise<boolean> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    if (size === 0) return false
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
    return buffer[0] !== 0x0a
  } finally {
    await file.close()
  }
}

async function append(path: string, body: string): Promise<SinkResponse> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = await open(path, 'a', 0o600)
  try {
    // A torn line stays a torn line, and none of ours joins it.
    await file.appendFile((await endsWithinLine(path)) ? `\n${body}` : body)
    await file.sync()
  } finally {
    await file.close()
  }
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync() // a new file's name is durable only with its folder
  } finally {
    await folder.close()
  }
  return localAnswer(200)
}

/** A file on this machine: for laptops, tests and air gaps. */
export const file: Sink<Options> = {
  name: 'file',
  summary: 'A local file, one OCSF event a line, synced before it counts',
  options,
  secrets: [],
  limits: () => ({ events: 10_000, bytes: 8_000_000 }),
  encode: (events, { path }) => ({
    method: 'POST',
    url: pathToFileURL(resolve(path)).href,
    headers: { 'content-type': 'application/x-ndjson' },
    body: events.map(event => `${JSON.stringify(event)}\n`).join(''),
  }),
  judge: judgeLocal,
  probe: ({ path }) => ({ method: 'GET', url: pathToFileURL(resolve(path)).href, headers: {}, body: '' }),
  judgeProbe: response => judgeLocal(response, []),
  send: async (request, _, { path }) => {
    try {
      if (request.method === 'POST') return await append(resolve(path), String(request.body))
      await mkdir(dirname(resolve(path)), { recursive: true, mode: 0o700 })
      await access(dirname(resolve(path)), constants.W_OK)
      return localAnswer(200)
    } catch (error) {
      return localAnswer(error)
    }
  },
}
