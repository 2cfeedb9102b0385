import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLog } from '../observe.ts'
import { type Followed, followPack, LOOK_EVERY_MS } from './follow.ts'
import { packPlace } from './places.ts'
import { pointerTo } from './pointer.ts'

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

  it('goes on with the first when nothing is there, or the pointer is nonsense, and tries again', async () => {
    const followed = follow()
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

describe('packPlace', () => {
  it('knows a bucket from a folder, and takes no other scheme', () => {
    expect(packPlace('s3://my-bucket/weir/rules/').name).toBe('s3://my-bucket/weir/rules')
    expect(packPlace('s3://my-bucket').name).toBe('s3://my-bucket')
    expect(packPlace('packs').name).toBe('packs')
    expect(() => packPlace('http://example.com/packs')).toThrow(/s3:\/\/BUCKET/)
  })
})
