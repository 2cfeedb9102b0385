import type { Files } from './host/host.ts'

/** A file of /proc as text, byte for character, since what programs are called there may be any bytes; '' where it cannot be read. */
export const textOf = (files: Files, path: string, max = 4_096): string =>
  Buffer.from(files.read(path, max) ?? []).toString('latin1')
