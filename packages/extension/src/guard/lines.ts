import { closeSync, constants, fstatSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { journalFolder } from '../journal/file.ts'

/** Where the guard writes and the extension reads. `env` is that of either: both see what the function was given. */
export const guardFolder = (env: Readonly<Record<string, string | undefined>>): string => `${journalFolder({ env })}/guard`

/** A file is not written beyond this, bytes. What is seen is told once, so that an ordinary function writes some kilobytes. */
export const MAX_BYTES = 1_000_000

/** A file of JSON lines that only grows. Nothing here throws, and a line that cannot be written is lost. */
export interface Lines {
  write(line: object): void
}

/**
 * Opens a new file of `thread`, `<number of the process>-<of the thread in it>`. A line is on the file when `write` returns, so that what is about
 * to end the process is told before. Where the file has been deleted, by a function that clears /tmp or by the extension that has read it, another
 * one takes its place.
 */
export function openLines(folder: string, thread: string): Lines {
  let file: number | undefined
  let bytes = 0

  const open = (): number => {
    // Step by step: with `recursive`, Node does not come back from a place such as /proc.
    for (const each of [dirname(folder), folder]) {
      try {
        mkdirSync(each, 0o700)
      } catch {
        // It is there, or nothing can be written.
      }
    }
    const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants
    const name = `${thread}-${Math.random().toString(36).slice(2, 10)}.jsonl`
    return openSync(`${folder}/${name}`, O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600)
  }
  return {
    write(line) {
      try {
        const data = Buffer.from(`${JSON.stringify(line)}\n`)
        if (bytes + data.length > MAX_BYTES) return
        if (file !== undefined && fstatSync(file).nlink === 0) {
          closeSync(file)
          file = undefined
        }
        file ??= open()
        bytes += writeSync(file, data)
      } catch {
        // A full disk is the function's to notice.
      }
    },
  }
}
