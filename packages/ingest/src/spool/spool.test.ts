import { randomUUID } from 'node:crypto'
import * as disk from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { SpoolError } from '../errors.ts'
import type { Quarantined } from '../event.ts'
import { event, events } from '../forward/testing.ts'
import { fileQuarantine } from '../quarantine/files.ts'
import { memoryQuarantine } from '../quarantine/memory.ts'
import { s3Quarantine } from '../quarantine/s3.ts'
import { CorruptEntryError, SpoolFullError } from './blobs.ts'
import type { FileSystem } from './blobs-files.ts'
import { fileSpool } from './files.ts'
import { memorySpool } from './memory.ts'
import { s3Spool } from './s3.ts'
import type { Quarantine, Spool, SpoolEntry } from './spool.ts'
import { inputsOf } from './stored.ts'
import { type FakeS3, fakeS3 } from './testing.ts'

let folder: string
let s3: FakeS3
beforeAll(async () => {
  folder = await disk.mkdtemp(join(tmpdir(), 'weir-spool-'))
  s3 = await fakeS3()
})
afterAll(async () => {
  await disk.rm(folder, { recursive: true, force: true })
  await s3.close()
})

const somewhere = (): string => join(folder, randomUUID())
const BUCKET = 'weir-test'
const NOON = Date.UTC(2026, 10, 22, 12)
const entry = (more: Partial<SpoolEntry> = {}): Omit<SpoolEntry, 'id'> => ({
  sink: 'splunk',
  at: NOON,
  why: 'retry',
  reason: 'HTTP 503',
  events: events(3),
  ...more,
})

const SPOOLS: Readonly<Record<string, () => Spool>> = {
  memory: () => memorySpool(),
  files: () => fileSpool({ path: somewhere(), maxBytes: 1 << 20 }),
  s3: () => s3Spool({ bucket: BUCKET, prefix: `${randomUUID()}/spool/`, client: s3.client }),
}

describe.each(Object.entries(SPOOLS))('spool in %s', (_, make) => {
  it('gives back what was put', async () => {
    const spool = make()
    const given = entry({
      events: [{ input: 'shard:1', event: event('ü', { text: 'line\nbreak\u2028 \ud800', ['__proto__']: { a: 1 } }) }],
    })
    const id = await spool.put(given)
    expect(await spool.get(id)).toEqual({ id, ...given })
  })

  it('lists each sink’s entries by age, at most as many as asked for', async () => {
    const spool = make()
    const ids = []
    for (const hours of [2, 0, 1]) ids.push(await spool.put(entry({ at: NOON + hours * 3_600_000, events: events(hours + 1) })))
    await spool.put(entry({ sink: 'splunk-2' }))
    await spool.put(entry({ sink: 'elastic' }))
    expect(await spool.list('splunk', 10)).toEqual([ids[1], ids[2], ids[0]])
    expect(await spool.list('splunk', 2)).toEqual([ids[1], ids[2]])
    expect(await spool.list('none', 2)).toEqual([])
  })

  it('keeps one entry of the same events', async () => {
    const spool = make()
    const first = await spool.put(entry())
    expect(await spool.put(entry({ at: NOON + 60_000, reason: 'HTTP 429' }))).toBe(first)
    expect(await spool.put(entry({ events: events(4) }))).not.toBe(first)
    expect(await spool.list('splunk', 10)).toHaveLength(2)
  })

  it('removes, and says of what is gone that it is', async () => {
    const spool = make()
    const id = await spool.put(entry())
    await spool.remove(id)
    await spool.remove(id)
    expect(await spool.list('splunk', 10)).toEqual([])
    await expect(spool.get(id)).rejects.toThrow(SpoolError)
    await expect(spool.get(id)).rejects.toThrow('gone')
  })

  it.each(['../etc', 'a/b', 'A', '', '.', 'a'.repeat(64)])('refuses a sink called %j', async sink => {
    if (sink === '') return
    await expect(make().put(entry({ sink }))).rejects.toThrow(SpoolError)
    await expect(make().list(sink, 1)).rejects.toThrow(SpoolError)
  })

  it('takes any time and any strings', async () => {
    const spool = make()
    await fc.assert(
      fc.asyncProperty(fc.double(), fc.string({ unit: 'binary' }), fc.jsonValue(), async (at, reason, value) => {
        const given = entry({
          at: Number.isFinite(at) ? at : 0,
          reason,
          events: [{ input: reason, event: event('e', { value }) }],
        })
        const id = await spool.put(given)
        expect(JSON.stringify((await spool.get(id)).events)).toBe(JSON.stringify(given.events))
        await spool.remove(id)
      }),
      { numRuns: 30 },
    )
  })
})

const item = (more: Partial<Quarantined> = {}): Quarantined => ({
  origin: { stream: 'telemetry', id: 'shardId-0:1', arrival: NOON, accounts: ['111111111111'], sources: ['weir'] },
  reason: 'corrupt',
  detail: 'checksum',
  bytes: new Uint8Array([0xc3, 0x01, 0, 255, 10, 10]),
  records: 3,
  ...more,
})

const QUARANTINES: Readonly<Record<string, () => Quarantine>> = {
  memory: () => memoryQuarantine(),
  files: () => fileQuarantine({ path: somewhere(), maxBytes: 1 << 20 }),
  s3: () => s3Quarantine({ bucket: BUCKET, prefix: `${randomUUID()}/quarantine/`, client: s3.client }),
}

describe.each(Object.entries(QUARANTINES))('quarantine in %s', (_, make) => {
  it('gives back what was put, byte for byte', async () => {
    const quarantine = make()
    const id = await quarantine.put(item())
    const { bytes, ...rest } = await quarantine.get(id)
    expect([...bytes]).toEqual([...item().bytes])
    expect({ ...rest, bytes: undefined }).toEqual({ ...item(), bytes: undefined })
  })

  it('keeps one entry of the same input and reason, lists by arrival, and removes', async () => {
    const quarantine = make()
    const late = await quarantine.put(item({ origin: { ...item().origin, arrival: NOON + 3_600_000 } }))
    const id = await quarantine.put(item({ detail: 'length' }))
    expect(await quarantine.put(item({ detail: 'length' }))).toBe(id)
    expect(await quarantine.list(10)).toEqual([id, late])
    await quarantine.remove(id)
    expect(await quarantine.list(10)).toEqual([late])
    await expect(quarantine.get(id)).rejects.toThrow('gone')
  })

  it('takes any bytes', async () => {
    const quarantine = make()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3_000 }), async bytes => {
        expect([...(await quarantine.get(await quarantine.put(item({ bytes })))).bytes]).toEqual([...bytes])
      }),
      { numRuns: 20 },
    )
  })
})

describe('fileSpool', () => {
  const cleanups: (() => void)[] = []
  afterEach(() => {
    for (const cleanup of cleanups.splice(0)) cleanup()
  })
  const fileOf = (path: string, id: string): string => join(path, `${id}.ndjson.gz`)

  it('detects any cut, and any change to the content', async () => {
    const path = somewhere()
    const spool = fileSpool({ path, maxBytes: 1 << 20 })
    const id = await spool.put(entry())
    const whole = await disk.readFile(fileOf(path, id))
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), async (place, change, cut) => {
        const damaged = cut ? whole.subarray(0, place) : Buffer.from(whole)
        if (!cut) damaged[place] = (damaged[place] ?? 0) ^ change
        await disk.writeFile(fileOf(path, id), damaged)
        const outcome: unknown = await spool.get(id).catch((thrown: unknown) => thrown)
        // Some bits of gzip mean nothing to the content: times and flags in its header, and what pads its last byte.
        if (outcome instanceof CorruptEntryError) return
        expect(cut).toBe(false)
        expect(outcome).toEqual({ id, ...entry() })
      }),
      { numRuns: 300 },
    )
  })

  it('still says of a torn entry which inputs it held', async () => {
    const path = somewhere()
    const spool = fileSpool({ path, maxBytes: 1 << 24 })
    const many = Array.from({ length: 200 }, (_, i) => ({ input: `in-${i % 2}`, event: event(randomUUID()) }))
    const id = await spool.put(entry({ events: many }))
    const whole = await disk.readFile(fileOf(path, id))
    await disk.writeFile(fileOf(path, id), whole.subarray(0, whole.length / 2))
    const error = await spool.get(id).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(CorruptEntryError)
    expect([...inputsOf((error as CorruptEntryError).header)]).toEqual([
      ['in-0', 100],
      ['in-1', 100],
    ])
  })

  it('refuses a whole entry of another kind, and one whose checksum does not match', async () => {
    const path = somewhere()
    const spool = fileSpool({ path, maxBytes: 1 << 20 })
    const id = await spool.put(entry())
    const text = gunzipSync(await disk.readFile(fileOf(path, id))).toString()
    await disk.writeFile(fileOf(path, id), gzipSync(text.replace('"e1"', '"e9"')))
    await expect(spool.get(id)).rejects.toThrow('checksum')
    await disk.writeFile(fileOf(path, id), gzipSync(text.replace('spool/1', 'spool/9')))
    await expect(spool.get(id)).rejects.toThrow('is not an entry of spool/1')
    await disk.writeFile(fileOf(path, id), gzipSync('hello'))
    await expect(spool.get(id)).rejects.toThrow('is not an entry of spool/1')
  })

  it('reads nothing outside its folder', async () => {
    const spool = fileSpool({ path: somewhere(), maxBytes: 1 << 20 })
    for (const id of ['../../etc/passwd', 'splunk/../../x', '/etc/passwd', 'splunk/', 'splunk/000000000000001-x']) {
      await expect(spool.get(id)).rejects.toThrow('named by what list answered')
      await expect(spool.remove(id)).rejects.toThrow('named by what list answered')
    }
  })

  it('refuses when it is full, drops nothing, and takes again when there is room', async () => {
    const path = somewhere()
    const size = async (count: number): Promise<number> => {
      const probe = fileSpool({ path: join(path, 'probe'), maxBytes: 1 << 20 })
      const id = await probe.put(entry({ events: events(count) }))
      const bytes = (await disk.stat(fileOf(join(path, 'probe'), id))).size
      await disk.rm(join(path, 'probe'), { recursive: true })
      return bytes
    }
    const spool = fileSpool({ path: join(path, 'spool'), maxBytes: (await size(50)) + 10 })
    const id = await spool.put(entry({ events: events(50) }))
    await expect(spool.put(entry({ events: events(2) }))).rejects.toThrow(SpoolFullError)
    await expect(spool.put(entry({ sink: 'elastic', events: events(2) }))).rejects.toThrow('raise maxBytes')
    expect(await spool.list('splunk', 10)).toEqual([id])
    // The rest of an entry takes the place of the entry.
    const rest = await spool.put(entry({ events: events(40) }), { replaces: id })
    await spool.remove(id)
    expect(await spool.list('splunk', 10)).toEqual([rest])
    await spool.remove(rest)
    await spool.put(entry({ events: events(3) }))
  })

  it('sees the room that another process made or took', async () => {
    const path = somewhere()
    const one = fileSpool({ path, maxBytes: 600 })
    const other = fileSpool({ path, maxBytes: 600 })
    const id = await one.put(entry({ events: events(2) }))
    await one.put(entry({ events: events(3) })).catch(() => {})
    for (const left of await one.list('splunk', 10)) if (left !== id) await one.remove(left)
    const big = entry({ events: Array.from({ length: 3 }, () => ({ input: randomUUID(), event: event(randomUUID()) })) })
    await expect(other.put(big)).rejects.toThrow(SpoolFullError)
    await one.remove(id)
    await other.put(big)
  })

  /** The real file system, with one call that fails. */
  const failing = (call: 'write' | 'sync' | 'rename' | 'readdir', code: string): FileSystem => {
    const error = Object.assign(new Error(`${code}: simulated`), { code })
    const fails = () => Promise.reject(error)
    return {
      ...disk,
      ...(call === 'rename' && { rename: fails }),
      ...(call === 'readdir' && { readdir: fails }),
      open: async (...given) => {
        const handle = await disk.open(...given)
        if (call === 'write') handle.writeFile = fails
        if (call === 'sync') handle.sync = fails
        return handle
      },
    }
  }

  it.each([
    ['write', 'ENOSPC', SpoolFullError, 'the disk is full'],
    ['sync', 'ENOSPC', SpoolFullError, 'the disk is full'],
    ['write', 'EDQUOT', SpoolFullError, 'quota'],
    ['rename', 'EROFS', SpoolError, 'read-only'],
    ['sync', 'EIO', SpoolError, 'cannot be used (EIO)'],
    ['readdir', 'EACCES', SpoolError, 'may not be written'],
  ] as const)('says so when %s fails with %s, and leaves nothing half-written', async (call, code, type, words) => {
    const path = somewhere()
    const spool = fileSpool({ path, maxBytes: 1 << 20, fs: failing(call, code) })
    const error: unknown = await spool.put(entry()).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(type)
    expect((error as Error).message).toContain(words)
    expect(await disk.readdir(join(path, 'splunk'))).toEqual([])
  })

  it('shows nothing of an entry whose writer died before the rename', async () => {
    const path = somewhere()
    const stuck = { ...disk, rename: () => Promise.reject(new Error('killed')), rm: async () => {} }
    await expect(fileSpool({ path, maxBytes: 1 << 20, fs: stuck }).put(entry())).rejects.toThrow(SpoolError)
    const spool = fileSpool({ path, maxBytes: 1 << 20 })
    expect(await disk.readdir(join(path, 'splunk'))).toHaveLength(1)
    expect(await spool.list('splunk', 10)).toEqual([])
    // An hour later it is rubbish, and goes.
    const [part = ''] = await disk.readdir(join(path, 'splunk'))
    const old = new Date(Date.now() - 2 * 3_600_000)
    await disk.utimes(join(path, 'splunk', part), old, old)
    await spool.put(entry())
    expect(await disk.readdir(join(path, 'splunk'))).toHaveLength(1)
    expect(await spool.list('splunk', 10)).toHaveLength(1)
  })

  it('does not list its folder for each entry, and never takes a drained one for stored', async () => {
    const path = somewhere()
    let listed = 0
    const readdir = ((...given: Parameters<typeof disk.readdir>) => {
      listed++
      return disk.readdir(...given)
    }) as typeof disk.readdir
    const spool = fileSpool({ path, maxBytes: 1 << 20, fs: { ...disk, readdir } })
    for (let i = 0; i < 50; i++) await spool.put(entry({ events: [{ input: `i${i}`, event: event(`e${i}`) }] }))
    expect(listed).toBeLessThan(5)
    const id = await spool.put(entry())
    expect(await spool.put(entry({ at: NOON + 1 }))).toBe(id)
    await fileSpool({ path, maxBytes: 1 << 20 }).remove(id)
    const again = await spool.put(entry())
    expect((await spool.get(again)).events).toEqual(entry().events)
  })

  it('syncs the file before it gets its name, and the folder after', async () => {
    const order: string[] = []
    const watched: FileSystem = {
      ...disk,
      open: async (...given) => {
        const handle = await disk.open(...given)
        const sync = handle.sync.bind(handle)
        handle.sync = async () => {
          order.push((await handle.stat()).isDirectory() ? 'sync folder' : 'sync file')
          return sync()
        }
        return handle
      },
      rename: async (...given) => {
        order.push('rename')
        return disk.rename(...given)
      },
    }
    await fileSpool({ path: somewhere(), maxBytes: 1 << 20, fs: watched }).put(entry())
    expect(order.slice(-3)).toEqual(['sync file', 'rename', 'sync folder'])
  })

  it('is readable by its owner only', async () => {
    const path = somewhere()
    const id = await fileSpool({ path, maxBytes: 1 << 20 }).put(entry())
    expect((await disk.stat(fileOf(path, id))).mode & 0o077).toBe(0)
    expect((await disk.stat(join(path, 'splunk'))).mode & 0o077).toBe(0)
  })
})

describe('s3Spool', () => {
  it('names objects by sink, hour and content', async () => {
    const prefix = `${randomUUID()}/`
    await s3Spool({ bucket: BUCKET, prefix, client: s3.client }).put(entry())
    expect([...s3.objects.keys()].filter(key => key.startsWith(prefix))).toEqual([
      expect.stringMatching(new RegExp(`^${prefix}splunk/2026/11/22/12/[0-9a-f]{32}\\.ndjson\\.gz$`)),
    ])
  })

  it('lists an hour by age, over pages, and ignores what it did not write', async () => {
    const prefix = `${randomUUID()}/`
    const spool = s3Spool({ bucket: BUCKET, prefix, client: s3.client })
    const ids: string[] = []
    for (let i = 0; i < 12; i++) ids.push(await spool.put(entry({ events: events(i + 1) })))
    s3.put(`${prefix}splunk/notes.txt`, Buffer.from('a person was here'))
    s3.pageSize = 5
    expect(await spool.list('splunk', 100)).toEqual(ids)
    expect(await spool.list('splunk', 3)).toEqual(ids.slice(0, 3))
    s3.pageSize = 1_000
  })

  it('says which bucket cannot be used, and how', async () => {
    const spool = s3Spool({ bucket: BUCKET, prefix: 'x/', client: s3.client })
    s3.refuse = { status: 403, code: 'AccessDenied' }
    await expect(spool.put(entry())).rejects.toThrow(`s3://${BUCKET}/x/: cannot be used (AccessDenied)`)
    await expect(spool.list('splunk', 1)).rejects.toThrow(SpoolError)
    s3.refuse = undefined
  })
})
