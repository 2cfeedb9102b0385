import { FRAME, type Frame, HEADER_BYTES, MAX_FRAME, readFrame, readHeader } from '@weir/schema/seal'
import type { Files } from '../host/host.ts'

/** Where a frame lies in its file. */
export type Place = Pick<Frame, 'kind' | 'from' | 'sequence'>

export interface Reader {
  /** The frame at `from`, as bytes; absent where none is whole there. */
  frame(path: string, from: number): { readonly frame: Frame; readonly bytes: Uint8Array } | undefined
  /** What a journal of `sandbox` holds that nobody has acknowledged; all of it lost where it is none. */
  live(path: string, sandbox: string, size: number): Live
  /** Lets go of what was read. */
  forget(): void
}

export interface Live {
  readonly places: Place[]
  /** Bytes that cannot be read: a torn tail, or what something else wrote. */
  readonly lost: number
}

/** A window holds the largest frame. */
const WINDOW = MAX_FRAME + 64
/** The function's code can put anything there: what stands behind so many frames is given up. */
const MAX_FRAMES = 50_000
const NOTHING: { readonly path: string; readonly from: number; readonly bytes: Uint8Array } = {
  path: '',
  from: 0,
  bytes: new Uint8Array(),
}

/** Reads journals by way of a window, so that a file takes few reads and little memory. */
export function createReader(files: Files): Reader {
  let view = NOTHING
  const reader: Reader = {
    frame(path, from) {
      for (const fresh of [false, true]) {
        if (fresh) view = { path, from, bytes: files.read(path, WINDOW, from) ?? NOTHING.bytes }
        const frame = view.path === path && from >= view.from && readFrame(view.bytes, from - view.from)
        if (frame) return { frame, bytes: view.bytes.subarray(frame.from, frame.to) }
      }
      return undefined
    },
    live(path, sandbox, size) {
      const header = readHeader(files.read(path, HEADER_BYTES) ?? NOTHING.bytes)
      if (header?.sandbox !== sandbox) return { places: [], lost: size }
      const cuts = new Map<number, Place>()
      let records: Place[] = []
      let parts: Place[] = []
      let from = HEADER_BYTES
      for (let count = 0; count < MAX_FRAMES; count++) {
        const found = reader.frame(path, from)
        if (!found) break
        const { kind, sequence, content } = found.frame
        const place = { kind, from, sequence }
        if (kind === FRAME.records) records.push(place)
        else if (kind === FRAME.part) parts.push(place)
        else if (kind === FRAME.cut) {
          if (content.length > 0) parts.push(place)
          for (const each of parts) cuts.set(each.sequence, each)
          records = []
          parts = []
        } else if (kind === FRAME.mark) {
          const kept = sequencesOf(content)
          for (const each of cuts.keys()) if (!kept.has(each)) cuts.delete(each)
        }
        from += found.bytes.length
      }
      return { places: [...cuts.values(), ...records], lost: Math.max(0, size - from) }
    },
    forget() {
      view = NOTHING
    },
  }
  return reader
}

function sequencesOf(mark: Uint8Array): Set<number> {
  const bytes = Buffer.from(mark)
  const found = new Set<number>()
  for (let at = 0; at + 4 <= bytes.length; at += 4) found.add(bytes.readUInt32LE(at))
  return found
}
