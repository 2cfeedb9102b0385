import { hash } from 'node:crypto'
import type { OcsfEvent } from '@weir/schema/ocsf'
import type { Event, Origin } from '../../event.ts'
import type { DecodedRecord } from '../../source.ts'

/** An event whose OCSF body is made when it is first read, and kept. */
export function lazyEvent(known: Omit<Event, 'ocsf'>, map: () => OcsfEvent): Event {
  return new LazyEvent(known, map)
}

class LazyEvent implements Event {
  readonly uid: Event['uid']
  readonly time: Event['time']
  readonly source: Event['source']
  readonly classUid: Event['classUid']
  readonly logsource: Event['logsource']
  readonly record: Event['record']
  readonly identity: Event['identity']
  readonly #map: () => OcsfEvent
  #ocsf: OcsfEvent | undefined

  constructor(known: Omit<Event, 'ocsf'>, map: () => OcsfEvent) {
    this.uid = known.uid
    this.time = known.time
    this.source = known.source
    this.classUid = known.classUid
    this.logsource = known.logsource
    this.record = known.record
    this.identity = known.identity
    this.#map = map
  }

  get ocsf(): OcsfEvent {
    this.#ocsf ??= this.#map()
    return this.#ocsf
  }
}

/** 32 hex digits of a SHA-256 over the parts, each behind its length, so that no two lists of parts read the same. */
export function hashUid(parts: readonly (string | number | Uint8Array)[]): string {
  let at = 0
  let text = ''
  for (const part of parts) {
    if (typeof part === 'object') {
      at = written(`${text}${part.length}:`, at)
      room(at + part.length).set(part, at)
      at += part.length
      text = ''
    } else {
      const whole = String(part)
      text += `${typeof part === 'number' ? whole.length : Buffer.byteLength(whole)}:${whole}`
    }
  }
  at = written(text, at)
  const digest = hash('sha256', scratch.subarray(0, at), 'hex')
  scratch = SCRATCH
  return digest.slice(0, 32)
}

/** What is hashed stands here as a whole: one call costs half of many. Never larger than this between two hashes. */
const SCRATCH = Buffer.allocUnsafeSlow(64 * 1024)
let scratch = SCRATCH

function written(text: string, at: number): number {
  return at + room(at + 3 * text.length).write(text, at)
}

/** The scratch with room for so many bytes. */
function room(bytes: number): Buffer {
  if (bytes > scratch.length) {
    const larger = Buffer.allocUnsafeSlow(2 * bytes)
    larger.set(scratch)
    scratch = larger
  }
  return scratch
}

/** The uid of a record that has none of its own: its place on its stream, and its bytes. A log event's place is the id that CloudWatch gave it. */
export function placeUid({ carrier, bytes, index }: DecodedRecord, { stream, id }: Origin): string {
  if (carrier.kind === 'logs' && carrier.id !== '') {
    const { owner, logGroup, logStream } = carrier.envelope
    return hashUid(['logs', owner, logGroup, logStream, carrier.id])
  }
  return hashUid([stream, id, index, bytes])
}

/**
 * Whether only the service itself can have written what a stream brings. Not where functions write too: any of them may write whatever it likes,
 * so an id inside such a record is a claim and must not become the event's uid, or it could make another event look like a duplicate.
 */
export function isVouched({ sources, file }: Origin): boolean {
  return file === true || !sources.includes('weir')
}

/** What a reader should know before trusting the event, for `metadata.labels`. */
export function labelsOf({ repaired }: DecodedRecord, claimed: boolean): readonly string[] | undefined {
  if (!repaired && !claimed) return undefined
  return [...(claimed ? ['weir:claimed-identity'] : []), ...(repaired ? ['weir:repaired-text'] : [])]
}
