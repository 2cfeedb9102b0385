/** A value that is secret whatever it looks like. */
export interface Known {
  /** Names its masks. */
  readonly kind: string
  readonly value: string
}

/** One way in which a known value is written. */
export interface Form extends Known {
  readonly text: string
}

/** A shorter value is passed over: it is too likely to be a word of an innocent line. */
export const MIN_KNOWN = 8
/** Of JSON in JSON. */
const LAYERS = 4

const quoted = (text: string): string => JSON.stringify(text).slice(1, -1)
/** As Python writes JSON. */
const ascii = (text: string): string =>
  text.replace(/[\x80-\uffff]/g, each => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** The ways to write known values that no decoding undoes: within JSON that is cut off, as bytes, and with a plus for a blank, as forms are sent. */
export const formsOf = (known: readonly Known[]): Form[] =>
  known
    .filter(({ value }) => value.length >= MIN_KNOWN)
    .flatMap(({ kind, value }) => {
      const bytes = Buffer.from(value).toString('latin1')
      const texts = new Set([value, value.replaceAll(' ', '+'), bytes])
      for (const plain of [value, bytes]) {
        let [json, escaped] = [plain, plain]
        for (let layer = 0; layer < LAYERS; layer++) {
          json = quoted(json)
          escaped = ascii(quoted(escaped))
          texts.add(json).add(escaped)
        }
      }
      return Array.from(texts, text => ({ kind, value, text }))
    })

/**
 * What stands in any base64 of bytes that hold `text`: its whole groups, for each of the three places where it may begin in one, less what the
 * next byte decides.
 */
export const base64Of = (text: string): string[] =>
  [0, 1, 2].flatMap(before => {
    const bytes = Buffer.from(' '.repeat(before) + text)
    const [from, to] = [before > 0 ? 4 : 0, Math.floor((bytes.length * 4) / 3)]
    return (['base64', 'base64url'] as const).map(form => bytes.toString(form).slice(from, to))
  })
