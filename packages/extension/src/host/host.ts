/** Where a connection goes. */
export interface Target {
  readonly host: string
  readonly port: number
  readonly tls: boolean
}

/** One byte stream. Writes before it is open are queued. */
export interface Connection {
  write(bytes: Uint8Array): void
  /** Tears it down at once; `closed` still follows. */
  close(): void
}

/** What a connection tells. `closed` comes exactly once, last, with an error code such as `ECONNREFUSED`, or '' for a clean end. */
export interface ConnectionEvents {
  data(bytes: Uint8Array): void
  closed(reason: string): void
}

export interface Listener {
  readonly port: number
  close(): void
}

/** What a path is, a link being itself. Times are epoch milliseconds. */
export interface Stat {
  readonly kind: 'file' | 'folder' | 'other'
  readonly bytes: number
  readonly modified: number
}

/** A file that only grows. Each answer is false when the disk said no, and then nothing of the call counts as written. */
export interface Appender {
  append(bytes: Uint8Array): boolean
  /** Back to nothing, ready for the next `append`. */
  clear(): boolean
  close(): void
}

/** The sandbox's files. Nothing here throws: what cannot be read is absent. */
export interface Files {
  /** At most `max` bytes, from `from` (0 by default). */
  read(path: string, max: number, from?: number): Uint8Array | undefined
  /** Names in a folder, sorted; none where there is no folder. */
  names(folder: string): readonly string[]
  /** Where a symbolic link points; '' where there is none. */
  target(link: string): string
  stat(path: string): Stat | undefined
  /** Size and use of the file system that holds `path`, bytes. */
  space(path: string): { readonly bytes: number; readonly used: number } | undefined
  /** Makes a folder that only this user may read. True when it is there afterwards and is a folder. */
  folder(path: string): boolean
  /** A new file that only this user may read; absent where there is something of that name, a link included. */
  create(path: string): Appender | undefined
  remove(path: string): boolean
}

/** All that the core needs of the machine under it. One file per runtime implements it; tests pass a plain object. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The runtime under us, for example `node v24.21.0`. */
  readonly runtime: string
  /** Wall clock, epoch milliseconds. It jumps over a freeze, which is why it is used to find stale sockets. */
  now(): number
  /** Runs `task` once, after `ms`; the answer cancels it. */
  after(ms: number, task: () => void): () => void
  dial(target: Target, events: ConnectionEvents): Connection
  /** Listens on `bind`, at a free port where none is given. */
  listen(bind: string, accept: (connection: Connection) => ConnectionEvents, port?: number): Promise<Listener>
  readonly files: Files
  sha256(data: string | Uint8Array): Uint8Array
  hmac(key: string | Uint8Array, data: string): Uint8Array
  /** Bytes from the system's random source: unlike a generator inside the process it differs between two restores of one snapshot. */
  random(bytes: number): Uint8Array
  /** One line to standard output. */
  say(line: string): void
  exit(code: number): void
  /** Called for whatever nobody caught. Without it a bug of ours would end the process, and with it the function's environment. */
  onUncaught(handler: () => void): void
}
