import { type Paint, painter } from './terminal.ts'

/** Where results go. */
export interface Output {
  write(data: string | Uint8Array): unknown
  /** Waits while the reader is slow, so that what it has not taken is not held; false where what is written goes nowhere. */
  ready?(): Promise<boolean>
  /** Colours, where a person reads what is written here. */
  readonly paint?: Paint
}

/** How to colour what goes to `out`. */
export const paintOf = (out: Output): Paint => out.paint ?? ((_, text) => text)

/** Standard output: a write never throws, and what follows a failed one is dropped. */
export interface StandardOutput extends Output {
  /** Waits for what was written; says why some of it could not be, as a code. A reader that went away (`| head`) is no failure. */
  finish(): Promise<string | undefined>
}

export function standardOutput(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): StandardOutput {
  let lost = false
  let failure: string | undefined
  let wake = (): void => {}
  stream.on('drain', () => wake())
  stream.on('error', (error: NodeJS.ErrnoException) => {
    lost = true
    if (error.code !== 'EPIPE') failure ??= error.code ?? error.message
    wake()
  })
  return {
    paint: painter(stream, env),
    write(data) {
      if (!lost) stream.write(data)
    },
    async ready() {
      if (!lost && stream.writableNeedDrain) {
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
      return !lost
    },
    async finish() {
      if (!lost) await new Promise<void>(resolve => stream.write('', () => setImmediate(resolve))) // 'error' comes after the callback
      return failure
    },
  }
}
