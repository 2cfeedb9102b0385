import type { TelemetryRecord } from '@weir/schema'
import { FRAME, HEADER_BYTES } from '@weir/schema/seal'
import type { Host } from '../host/host.ts'
import type { Sandbox } from '../sandbox.ts'
import type { Journal } from './journal.ts'
import { createReader, type Place } from './read.ts'

export type Recovery = Pick<Journal, 'waiting' | 'recover'>

const NAME = /^([0-9a-f]{32})\.(\d{1,9})\.journal$/g
/** The function's code shares the folder and can put anything there: of more than this, the rest is given up and counted. */
const MAX_FILES = 64
const MAX_BYTES = 64 * 1024 * 1024
/** In one batch. A cut can be a megabyte when it is open, so that ingest takes few of them at once. */
const MAX_RECORDS = 1_000
const MAX_CUTS = 2
/** What a record of ours takes beside its body, at most. */
const RECORD_BYTES = 80

/** A file whose frames are being carried. */
interface Left {
  readonly path: string
  readonly places: Place[]
}

/**
 * Reads the journals of other processes in `folder`, when it is first asked. A file is removed when the stream has all that was live in it; until
 * then a further process would carry it again, which is seen by the names of the batches inside. The batches that carry it are of a sandbox that
 * stands for nothing else, so that one of them which never arrives is no gap in ours.
 */
export function createRecovery(host: Host, folder: string, sandbox: Sandbox): Recovery {
  const { files } = host
  const began = host.now()
  const reader = createReader(files)
  // Drawn when it is first needed: what a snapshot holds would be every copy's.
  let id = ''
  let left: Left[] | undefined
  let sequence = 0
  let emitted = 0

  /** Lists what there is, and removes what is of no use. */
  const look = (report: (found: object) => void): Left[] => {
    const found = { files: 0, frames: 0, torn: 0, lost: 0 }
    const kept: Left[] = []
    const taken = new Set<string>()
    let bytes = 0
    // Of two files of one sandbox the older counts: the process died before it had done anything with the other.
    const names = files.names(folder).flatMap(name => [...name.matchAll(NAME)])
    for (const [name, owner = ''] of names.sort((a, b) => Number(a[2]) - Number(b[2]))) {
      const path = `${folder}/${name}`
      const stat = owner && owner !== sandbox.id ? files.stat(path) : undefined
      // What was written since we began is a living process's: on a laptop sandboxes may share a folder.
      if (stat?.kind !== 'file' || stat.modified > began) continue
      let places: Place[] = []
      if (stat.bytes > 0 && !taken.has(owner)) {
        taken.add(owner)
        const crowded = kept.length >= MAX_FILES || (bytes += stat.bytes) > MAX_BYTES
        const live = crowded ? { places, lost: stat.bytes } : reader.live(path, owner, stat.bytes)
        places = live.places
        found.files++
        found.frames += places.length
        found.lost += live.lost
        found.torn += live.lost > 0 ? 1 : 0
      }
      if (places.length > 0) kept.push({ path, places })
      else files.remove(path)
    }
    reader.forget()
    if (found.files > 0) report(found)
    return kept
  }
  const finish = () => {
    const done = left?.shift()
    if (done) files.remove(done.path)
    reader.forget()
  }

  return {
    recover(to, maxBytes) {
      id ||= Buffer.from(host.random(16)).toString('hex')
      left ??= look(found => to.own('weir.journal', found))
      const [first] = left
      if (!first) return undefined
      const { path, places } = first
      const header = files.read(path, HEADER_BYTES)
      const records: TelemetryRecord[] = []
      let bytes = 0
      let cuts = 0
      for (let place = places[0]; place; place = places[0]) {
        const found = reader.frame(path, place.from)
        if (found && header) {
          const body = Buffer.concat([header, found.bytes])
          const record: TelemetryRecord = {
            signal: 'weir.sealed',
            time: host.now(),
            invocation: '',
            contentType: 'application/octet-stream',
            body,
          }
          bytes += body.length + RECORD_BYTES
          cuts += found.frame.kind === FRAME.records ? 0 : 1
          if (records.length > 0 && (bytes > maxBytes || cuts > MAX_CUTS || records.length >= MAX_RECORDS)) break
          records.push(record)
        }
        places.shift()
      }
      if (records.length === 0) return undefined
      emitted += records.length
      return { sandbox: id, sequence: ++sequence, emitted, records }
    },
    waiting(batches) {
      if (left?.[0]?.places.length === 0 && !batches.some(each => each.sandbox === id)) finish()
    },
  }
}
