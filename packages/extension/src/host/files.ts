import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import type { Appender, Files, Host } from './host.ts'

/** The files of the machine, through Node's own interface, which every runtime that we run on has. */
export const files: Files = {
  read: (path, max, from = 0) =>
    attempt(undefined, () =>
      // A pipe that nobody writes to would be waited for when it is opened.
      withFile(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK, file => {
        const room = Buffer.alloc(max)
        let length = 0
        // A file of /proc has no size, and gives what it has bit by bit.
        for (let got = -1; got !== 0 && length < max; length += got)
          got = fs.readSync(file, room, length, max - length, from + length)
        return room.subarray(0, length)
      }),
    ),
  names: folder => attempt([], () => fs.readdirSync(folder).sort()),
  target: link => attempt('', () => fs.readlinkSync(link)),
  stat: path =>
    attempt(undefined, () => {
      const { size, mtimeMs, ...is } = fs.lstatSync(path)
      const kind =
        (is.mode & fs.constants.S_IFMT) === fs.constants.S_IFREG
          ? 'file'
          : (is.mode & fs.constants.S_IFMT) === fs.constants.S_IFDIR
            ? 'folder'
            : 'other'
      return { kind, bytes: size, modified: mtimeMs }
    }),
  space: path =>
    attempt(undefined, () => {
      const { bsize, blocks, bfree } = fs.statfsSync(path)
      return { bytes: blocks * bsize, used: (blocks - bfree) * bsize }
    }),
  folder: path => attempt(false, () => fs.mkdirSync(path, { mode: 0o700 }) ?? true) || files.stat(path)?.kind === 'folder',
  create: path =>
    attempt<Appender | undefined>(undefined, () => {
      const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = fs.constants
      const file = fs.openSync(path, O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600)
      return {
        append: bytes => attempt(false, () => fs.writeSync(file, bytes) === bytes.length),
        clear: () => attempt(false, () => fs.ftruncateSync(file) ?? true),
        close: () => attempt(undefined, () => fs.closeSync(file)),
      }
    }),
  remove: path => attempt(false, () => fs.unlinkSync(path) ?? true),
}

/** `Host.random` from the system's device; where there is none (a laptop that is no Unix, so that nothing is ever restored) from the process. */
export const systemRandom = (bytes: number): Uint8Array => files.read('/dev/urandom', bytes) ?? randomBytes(bytes)

/** The certificates to trust instead of the runtime's own list: those in the file that `WEIR_CA_FILE` names, in PEM. */
export const authorities = ({ WEIR_CA_FILE: path }: Host['env']): Buffer | undefined =>
  path ? attempt(undefined, () => fs.readFileSync(path)) : undefined

function attempt<T>(otherwise: T, task: () => T): T {
  try {
    return task()
  } catch {
    return otherwise
  }
}

function withFile<T>(path: string, flags: number, use: (file: number) => T): T {
  const file = fs.openSync(path, flags)
  try {
    return use(file)
  } finally {
    fs.closeSync(file)
  }
}
