import { SpoolError } from '../errors.ts'

/**
 * Named bytes that survive a crash, in folders: what spool and quarantine are made of. Adapters: files, S3, memory.
 */
export interface Blobs {
  /**
   * Stores bytes under a name made of folder, time and hash; resolves with the name when they are durable. The same folder and hash again,
   * within what the adapter can see, leaves one. Throws `SpoolFullError` where there is no room.
   */
  put(folder: string, at: number, hash: string, bytes: Uint8Array, options?: PutOptions): Promise<string>
  /** Names in a folder, oldest first. */
  list(folder: string, limit: number): Promise<readonly string[]>
  /** Throws `SpoolError` where there is no such name. */
  get(name: string): Promise<Uint8Array>
  /** No error where it is gone already. */
  remove(name: string): Promise<void>
}

export interface PutOptions {
  /** For what takes the place of something larger that is removed right after. */
  readonly evenIfFull?: boolean
}

/** There is no room. Nothing old is dropped to make some: the input stays with its stream until a person makes room. */
export class SpoolFullError extends SpoolError {}

/** What is stored under a name is not what was written. */
export class CorruptEntryError extends SpoolError {
  readonly bytes: Uint8Array
  /** The entry's header where it can still be read. */
  readonly header: Readonly<Record<string, unknown>> | undefined
  constructor(message: string, bytes: Uint8Array, header?: Readonly<Record<string, unknown>>) {
    super(message)
    this.bytes = bytes
    this.header = header
  }
}

/** A folder is a sink's name or ''; checked here too, because it becomes part of a path. */
const FOLDER = /^([a-z0-9][a-z0-9-]{0,62})?$/

export function checkFolder(folder: string): string {
  if (!FOLDER.test(folder)) throw new SpoolError('a folder is a sink name: lower-case letters, digits and "-"')
  return folder === '' ? '' : `${folder}/`
}

const LATEST = Date.UTC(2100, 0, 1)

/** Times become parts of names; a claimed time may be anything. */
export function clampTime(at: number): number {
  return Number.isFinite(at) ? Math.min(Math.max(0, Math.trunc(at)), LATEST) : 0
}
