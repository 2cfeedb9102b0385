import { stripVTControlCharacters, styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Colours a text, or leaves it as it is where colours would do harm. */
export type Paint = (style: Style, text: string) => string

/** Colours only for a terminal, and never when NO_COLOR is set (https://no-color.org). */
export function painter(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Paint {
  const colour = isInteractive(stream, env) && !env['NO_COLOR']
  return (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text)
}

const isInteractive = (stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean => stream.isTTY && env['TERM'] !== 'dumb'

/** Writes for people. */
export interface Terminal {
  /** Whether a person is watching: progress lines are redrawn only then. */
  readonly interactive: boolean
  readonly columns: number
  line(text?: string): void
  /** A line that the next one replaces; nothing where nobody watches. */
  progress(text: string): void
  /** For what goes to this terminal; standard output has a paint of its own. */
  readonly paint: Paint
}

export function createTerminal(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Terminal {
  const interactive = isInteractive(stream, env)
  stream.on('error', () => {}) // nobody reads what is for people: the work goes on
  let pending = false
  const clear = (): void => {
    if (pending) stream.write('\r\x1b[2K')
    pending = false
  }
  return {
    interactive,
    columns: interactive ? (stream.columns ?? 120) : 120,
    line(text = '') {
      clear()
      stream.write(`${text}\n`)
    },
    progress(text) {
      if (!interactive) return
      clear()
      stream.write(text.slice(0, (stream.columns ?? 120) - 1))
      pending = true
    },
    paint: painter(stream, env),
  }
}

/**
 * Text of unknown origin for a terminal: escape sequences removed, control and bidirectional characters made visible, so that a log line can
 * neither move the cursor nor hide what follows it.
 */
export function plain(text: string, most = 400): string {
  const shown = stripVTControlCharacters(text).replace(
    /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu,
    character => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )
  return shown.length > most ? `${shown.slice(0, most - 1)}…` : shown
}

/** `1 file`, `2 files`. */
export const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

/** An error for people, a line for each of its own. It may hold names and texts of unknown origin. */
export function complain(terminal: Terminal, text: string): void {
  for (const line of text.split('\n')) terminal.line(`${terminal.paint('red', 'weir:')} ${plain(line, 2_000)}`)
}

/** Columns as wide as their widest cell; the last is not padded. */
export function table(rows: readonly (readonly string[])[], gap = '  '): string[] {
  const widths: number[] = []
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return rows.map(row =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
      .join(gap)
      .trimEnd(),
  )
}
