import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compilePack, openPack, parseRules } from '@weir/sigma'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLog } from '../observe.ts'
import { type FakeS3, fakeS3 } from '../spool/testing.ts'
import { type Followed, followPack, LOOK_EVERY_MS } from './follow.ts'
import { bucketOf, packPlace } from './places.ts'
import { pointerTo } from './pointer.ts'
import { publishPack } from './publish.ts'

let folder = ''
let lines: string[] = []
let time = 0
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-packs-'))
  lines = []
  time = 1_000_000
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const publish = async (text: string, named?: string): Promise<string> => {
  const hash = named ?? createHash('sha256').update(text).digest('hex')
  await writeFile(join(folder, `${hash}.json`), text)
  await writeFile(join(folder, 'current.json'), pointerTo(hash))
  return hash
}

const follow = (): Followed<unknown> =>
  followPack<unknown>(
    'the first',
    packPlace(folder),
    pack => {
      if (pack === 'bad') throw new Error('not a pack')
      return pack
    },
    { now: () => time, log: createLog('info', { write: line => void lines.push(line) }) },
  )

describe('followPack', () => {
  it('takes over a pack when the pointer moves, and looks once a minute only', async () => {
    const followed = follow()
    await publish('"one"')
    await followed.look()
    expect(followed.current).toBe('one')
    await publish('"two"')
    await followed.look()
    expect(followed.current).toBe('one')
    time += LOOK_EVERY_MS
    await followed.look()
    expect(followed.current).toBe('two')
  })

  it.each([
    ['that does not open', '"bad"', undefined, /not a pack/],
    ['that is not JSON', '{', undefined, /does not load/],
    ['whose bytes have another hash', '"x"', 'a'.repeat(64), /publish it again/],
  ])('keeps the last good pack when the pointer names one %s, and says so once', async (_, text, named, reason) => {
    const followed = follow()
    await publish('"good"')
    await followed.look()
    await publish(text, named)
    for (let i = 0; i < 3; i++) {
      time += LOOK_EVERY_MS
      await followed.look()
    }
    expect(followed.current).toBe('good')
    expect(lines.filter(line => line.includes('refused'))).toHaveLength(1)
    expect(lines.join()).toMatch(reason)
    time += LOOK_EVERY_MS
    await publish('"mended"')
    await followed.look()
    expect(followed.current).toBe('mended')
  })

  it('goes on with the first when nothing is there, which is no error, or the pointer is nonsense, and tries again', async () => {
    const followed = follow()
    await followed.look()
    expect(lines.join()).toContain('no rule pack is published here')
    time += LOOK_EVERY_MS
    await followed.look()
    await writeFile(join(folder, 'current.json'), '{"pack":"../../etc/passwd"}')
    time += LOOK_EVERY_MS
    await followed.look()
    expect(followed.current).toBe('the first')
    expect(lines).toHaveLength(2)
    time += LOOK_EVERY_MS
    await publish('"late"')
    await followed.look()
    expect(followed.current).toBe('late')
  })

  it('refuses a file that is too large for a pointer', async () => {
    await writeFile(join(folder, 'current.json'), ' '.repeat(5_000))
    await follow().look()
    expect(lines.join()).toMatch(/5000 bytes/)
  })
})

describe('a bucket of packs', () => {
  let s3: FakeS3
  beforeEach(async () => {
    s3 = await fakeS3()
  })
  afterEach(() => s3.close())
  const PACK = JSON.stringify(compilePack({ rules: [], correlations: [], silent: new Set() }, '0123456789abcdef'))
  const sha256 = createHash('sha256').update(PACK).digest('hex')
  const place = () => packPlace('s3://packs/weir/rules', s3.client)
  const open = () =>
    followPack<string>('the first', place(), pack => openPack(pack).hash, {
      now: () => time,
      log: createLog('info', { write: line => void lines.push(line) }),
    })

  it('gets the pack before the pointer to it, and is followed', async () => {
    await publishPack(place(), { json: PACK, sha256 })
    expect([...s3.objects.keys()]).toEqual([`weir/rules/${sha256}.json`, 'weir/rules/current.json'])
    const followed = open()
    await followed.look()
    expect(followed.current).toBe('0123456789abcdef')
  })

  it('keeps its pointer when the pack is none that opens, or its upload fails', async () => {
    await expect(publishPack(place(), { json: '{}', sha256 })).rejects.toThrow(/^rule pack: format/)
    const { rules } = parseRules('title: a\nlogsource: { product: p }\ndetection: { sel: { a|re: x+ }, condition: sel }', 'a.yml')
    const broken = JSON.stringify(compilePack({ rules, correlations: [], silent: new Set() }, '0123456789abcdef'))
    await expect(publishPack(place(), { json: broken.replace('"x+"', '"(x"'), sha256 })).rejects.toThrow(
      /^rule pack: plans\.sigma/,
    )
    s3.refuse = { status: 403, code: 'AccessDenied' }
    await expect(publishPack(place(), { json: PACK, sha256 })).rejects.toThrow()
    expect(s3.objects.size).toBe(0)
  })

  it('may be away, empty, forbidden or without the pack that it names: the last good pack goes on', async () => {
    await publishPack(place(), { json: PACK, sha256 })
    const followed = open()
    await followed.look()
    s3.put('weir/rules/current.json', Buffer.from(pointerTo('b'.repeat(64))))
    time += LOOK_EVERY_MS
    await followed.look()
    expect(lines.at(-1)).toMatch(/is not there, and the pointer names it/)
    s3.refuse = { status: 403, code: 'AccessDenied' }
    time += LOOK_EVERY_MS
    await followed.look()
    expect(lines.at(-1)).toMatch(/a rule pack is refused/)
    expect(followed.current).toBe('0123456789abcdef')
  })
})

describe('a place that does not answer', () => {
  it('is waited for no longer than its time', async () => {
    const stuck = { name: 'stuck', read: () => new Promise<Uint8Array>(() => {}), write: async () => {} }
    const log = createLog('info', { write: line => void lines.push(line) })
    const followed = followPack('the first', stuck, String, { now: () => time, log, within: 1 })
    await followed.look()
    expect(followed.current).toBe('the first')
    expect(lines.join()).toMatch(/a rule pack is refused.*/)
  })
})

describe('packPlace', () => {
  it('knows a bucket from a folder, and takes no other scheme', () => {
    expect(packPlace('s3://my-bucket/weir/rules/').name).toBe('s3://my-bucket/weir/rules')
    expect(packPlace('s3://my-bucket').name).toBe('s3://my-bucket')
    expect(packPlace('packs').name).toBe('packs')
    expect(bucketOf('s3://my-bucket/a*')).toBeUndefined() // it goes into a policy
    expect(() => packPlace('http://example.com/packs')).toThrow(/s3:\/\/BUCKET/)
  })
})
