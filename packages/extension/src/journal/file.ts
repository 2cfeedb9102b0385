import type { Batch } from '@weir/schema'
import { createSealer, FRAME, keyId, type Sealer, TAG_BYTES, writeFrame, writeHead, writeHeader } from '@weir/schema/seal'
import type { Config } from '../config.ts'
import type { Counters } from '../counters.ts'
import type { Appender, Host } from '../host/host.ts'
import type { Sandbox } from '../sandbox.ts'
import type { Journal } from './journal.ts'
import { createRecovery } from './recovery.ts'

/** A cut that finds more than this before it begins another file: nothing before it is needed any more but what still waits. */
const MAX_STALE = 256 * 1024
/** A journal is begun only where so many times its size are free, and no more than that is held by others. */
const MAX_SHARE = 4

/** The journal's folder: in /tmp, which is the sandbox's own. `WEIR_TMP` names another on a laptop; `$TMPDIR` in it stands for that variable. */
export const journalFolder = ({ env }: Pick<Host, 'env'>): string =>
  `${(env['WEIR_TMP'] || '/tmp').replace('$TMPDIR', env['TMPDIR'] ?? '')}/.weir`

/** What a journal is made of. `encode` writes a batch as it stands, without compressing it: the encoder is in the bundle, and this file is beside it. */
export interface JournalParts {
  readonly host: Host
  readonly config: Config
  readonly key: Uint8Array
  readonly sandbox: Sandbox
  readonly counters: Counters
  readonly encode: (batch: Batch) => Uint8Array
}

/**
 * A journal in files `<sandbox>.<n>.journal`, sealed to `key`, one write for each call. File n + 1 begins with a cut; where both are found, the
 * process died before that cut was done. The first failure of the disk removes the journal and ends it, with a fault.
 */
export function createJournal({ host, config, key, sandbox, counters, encode }: JournalParts): Journal {
  const folder = journalFolder(host)
  const { files } = host
  const capacity = 2 * config.bufferBytes
  /** Batches that were cut and wait. */
  const live = new Map<number, Uint8Array>()
  let sealer: Sealer | undefined
  let header: Uint8Array = Buffer.alloc(0)
  let file: Appender | undefined
  let generation = 0
  let size = 0
  let number = 0
  let last = 0
  let aheads = 0
  let full = false
  // What is written before a snapshot would be in every copy of it.
  let off = config.initializationType === 'snap-start'

  const path = () => `${folder}/${sandbox.id}.${generation}.journal`
  let own = path()
  const discard = () => {
    file?.clear()
    file?.close()
    if (file) files.remove(own)
    file = undefined
    size = 0
  }
  const fail = (why: string) => {
    counters.fault(`journal:${why}`)
    discard()
    live.clear()
    off = true
  }
  const create = (): boolean => {
    if (!sealer) {
      sealer = createSealer(key, bytes => host.random(bytes))
      header = writeHeader({ keyId: keyId(key), sandbox: sandbox.id, encapsulated: sealer.encapsulated })
    }
    own = path()
    size = 0
    // A later file is smaller than the one that it takes the place of.
    file = files.folder(folder) && (generation > 0 || hasRoom()) ? files.create(own) : undefined
    return !!file
  }
  /** /tmp is the function's: what earlier processes left and could not ship must not fill it. */
  const hasRoom = (): boolean => {
    const held = files.names(folder).reduce((sum, name) => sum + (files.stat(`${folder}/${name}`)?.bytes ?? 0), 0)
    const space = files.space(folder)
    return held <= MAX_SHARE * capacity && (!space || space.bytes - space.used >= MAX_SHARE * capacity)
  }
  const frame = (kind: number, sequence: number, plain: Uint8Array): Uint8Array => {
    const head = writeHead(kind, plain.length ? plain.length + TAG_BYTES : 0, number, sequence)
    return writeFrame(head, plain.length && sealer ? sealer.seal(number++, Buffer.concat([header, head]), plain) : plain)
  }
  /** Frames are made late: their numbers must be those of the file's own key. */
  const append = (make: () => Uint8Array[]) => {
    if (!file && !create()) return fail('create')
    const frames = make()
    const bytes = Buffer.concat(size === 0 ? [header, ...frames] : frames)
    if (!file?.append(bytes)) return fail('write')
    size += bytes.length
  }
  /** Nothing here may cost a record. */
  const guarded = (task: () => void) => {
    if (off) return
    try {
      task()
    } catch {
      fail('internal')
    }
  }
  const cutFrames = (batches: readonly (readonly [number, Uint8Array])[]): Uint8Array[] =>
    batches.length === 0
      ? [frame(FRAME.cut, last, Buffer.alloc(0))]
      : batches.map(([sequence, data], index) => frame(index === batches.length - 1 ? FRAME.cut : FRAME.part, sequence, data))
  const recovery = createRecovery(host, folder, sandbox)

  return {
    ahead(batch) {
      guarded(() => {
        if (size > capacity) {
          if (!full) counters.fault('journal:full')
          full = true
          return
        }
        const sequence = last + ++aheads
        append(() => [frame(FRAME.records, sequence, encode({ ...batch, sequence }))])
      })
    },
    cut(batches, upTo) {
      guarded(() => {
        last = upTo
        aheads = 0
        if (batches.length === 0 && !file) return
        for (const { sequence, data } of batches) live.set(sequence, data)
        if (size <= MAX_STALE) return append(() => cutFrames(batches.map(({ sequence, data }) => [sequence, data])))
        const [old, before] = [file, own]
        generation++
        file = undefined
        append(() => cutFrames([...live]))
        old?.close()
        full = false
        if (!files.remove(before)) fail('remove')
      })
    },
    waiting(batches) {
      recovery.waiting(batches)
      guarded(() => {
        const kept = new Set(batches.filter(each => each.sandbox === sandbox.id).map(each => each.sequence))
        const before = live.size
        for (const sequence of live.keys()) if (!kept.has(sequence)) live.delete(sequence)
        if (live.size === before || !file) return
        if (live.size > 0 || aheads > 0) return append(() => [markFrame([...live.keys()])])
        if (!file.clear()) return fail('write')
        size = 0
        full = false
      })
    },
    recover: recovery.recover,
    renew() {
      discard()
      live.clear()
      sealer = undefined
      generation = number = last = aheads = 0
      full = off = false
    },
  }
}

function markFrame(sequences: readonly number[]): Uint8Array {
  const content = Buffer.alloc(4 * sequences.length)
  for (const [index, sequence] of sequences.entries()) content.writeUInt32LE(sequence, 4 * index)
  return writeFrame(writeHead(FRAME.mark, content.length, 0, 0), content)
}
