import { type Batch, decodeBatch, type TelemetryRecord } from '@weir/schema'
import { encodeBatch } from '@weir/schema/encode'
import { createOpener, makeKeys } from '@weir/schema/open'
import { readConfig } from '../config.ts'
import { createCounters } from '../counters.ts'
import type { Files, Host } from '../host/host.ts'
import { createSandbox } from '../sandbox.ts'
import { fakeHost } from '../testing/host.ts'
import { createJournal } from './file.ts'
import type { Carrier, Journal } from './journal.ts'

export const PAIR = makeKeys()
export const KEY = Buffer.from(PAIR.public, 'base64')
const opener = createOpener([Buffer.from(PAIR.private, 'base64')])

/** A disk in memory that outlives its processes. */
export class Disk {
  readonly files = new Map<string, Buffer>()
  /** Files of a process that can be killed: after the given number of changes, or in the middle of the one after. */
  process(): { files: Files; killAfter(changes: number, share: number): void; readonly dead: boolean; fail: boolean } {
    let left = Number.POSITIVE_INFINITY
    let part = 0
    const state = { dead: false, fail: false }
    /** Whether this change happens; at the last moment a write happens in part. */
    const happens = (): boolean => {
      if (state.dead) return false
      if (left-- > 0) return true
      state.dead = true
      return false
    }
    const add = (path: string, bytes: Uint8Array) =>
      this.files.set(path, Buffer.concat([this.files.get(path) ?? Buffer.alloc(0), bytes]))
    const files: Files = {
      read: (path, max, from = 0) => this.files.get(path)?.subarray(from, from + max),
      names: folder =>
        [...this.files.keys()]
          .filter(each => each.startsWith(folder))
          .map(each => each.slice(folder.length + 1))
          .sort(),
      target: () => '',
      stat: path => {
        const bytes = this.files.get(path)
        return bytes && { kind: 'file', bytes: bytes.length, modified: 0 }
      },
      space: () => undefined,
      folder: () => true,
      create: path => {
        if (state.fail || this.files.has(path)) return undefined
        if (happens()) this.files.set(path, Buffer.alloc(0))
        return {
          append: bytes => {
            if (state.fail) return false
            const alive = !state.dead
            if (happens()) add(path, bytes)
            else if (alive && this.files.has(path)) add(path, bytes.subarray(0, Math.floor(bytes.length * part)))
            return true
          },
          clear: () => {
            if (happens()) this.files.set(path, Buffer.alloc(0))
            return true
          },
          close: () => {},
        }
      },
      remove: path => {
        if (happens()) this.files.delete(path)
        return true
      },
    }
    return {
      files,
      killAfter(changes, share) {
        left = changes
        part = share
      },
      get dead() {
        return state.dead
      },
      get fail() {
        return state.fail
      },
      set fail(value) {
        state.fail = value
      },
    }
  }
}

let seed = 0

/** A journal on a disk, as one process of the extension has it. */
export function testJournal(
  files: Files,
  env: Record<string, string> = {},
  now = () => Date.UTC(2026, 0, 1),
): { journal: Journal; sandbox: ReturnType<typeof createSandbox>; counters: ReturnType<typeof createCounters>; host: Host } {
  const fake = fakeHost({ env: { WEIR_JOURNAL_KEY: PAIR.public, ...env } })
  const host: Host = {
    ...fake,
    now,
    files,
    random: bytes => Buffer.alloc(bytes, Buffer.of(++seed & 0xff, (seed >> 8) & 0xff, 7)),
  }
  const config = readConfig(host.env)
  const counters = createCounters()
  const sandbox = createSandbox(host, config, { id: '', accountId: '', functionName: 'f', functionVersion: '1' })
  return {
    journal: createJournal({ host, config, key: KEY, sandbox, counters, encode: batch => encodeBatch(batch, false) }),
    sandbox,
    counters,
    host,
  }
}

export const record = (body: string): TelemetryRecord => ({
  signal: 'function',
  time: 1,
  invocation: '',
  contentType: 'text/plain',
  body: Buffer.from(body),
})

export const batchOf = (sandbox: string, sequence: number, records: readonly TelemetryRecord[]): Batch => ({
  sandbox,
  sequence,
  function: { arn: '', version: '', memoryMb: 128, region: '', runtime: '', initializationType: '' },
  extension: '',
  emitted: 0,
  dropped: [],
  previous: '',
  signature: new Uint8Array(),
  records,
})

/** The records in a carrier, each with the uid that ingest would give it. */
export function opened({ records }: Pick<Carrier, 'records'>): { uid: string; body: string; emitted: number }[] {
  return records.flatMap(each => {
    const batch = decodeBatch(opener.open(each.body).batch)
    return batch.records.map((one, index) => ({
      uid: `${batch.sandbox}/${batch.sequence}/${index}`,
      body: Buffer.from(one.body).toString(),
      emitted: batch.emitted,
    }))
  })
}
