/** So many texts are remembered, of no more characters in all. */
const TEXTS = 512
const CHARACTERS = 16_384
/** No longer text is. */
const LONGEST = 128
/** A text that was remembered is a gain of one, one that was not a loss of two; after such a loss in all, so many texts are not looked up. */
const LOSS = 256
const REST = 8_192

/**
 * What was found in texts that come again and again, as the values of most fields do: names of calls, of users, of programs. Where they do
 * not, looking them up costs more than it saves, so it is left off for a while.
 */
export class Memo<Found> {
  readonly #find: (text: string) => Found
  readonly #found = new Map<string, Found>()
  #characters = 0
  #loss = 0
  #rest = 0

  /** `find` must answer the same whenever it is asked the same. */
  constructor(find: (text: string) => Found) {
    this.#find = find
  }

  of(text: string): Found {
    if (text.length > LONGEST) return this.#find(text)
    if (this.#rest > 0) {
      this.#rest--
      return this.#find(text)
    }
    const known = this.#found.get(text)
    if (known !== undefined) {
      if (this.#loss > 0) this.#loss--
      return known
    }
    const found = this.#find(text)
    this.#loss += 2
    if (this.#loss > LOSS) {
      this.#loss = 0
      this.#rest = REST
      this.#clear()
    } else this.#keep(text, found)
    return found
  }

  #keep(text: string, found: Found): void {
    if (this.#found.size >= TEXTS || this.#characters + text.length > CHARACTERS) this.#clear()
    this.#characters += text.length
    // A copy: a text may be a piece of one that is much longer, and would keep all of it.
    this.#found.set(` ${text}`.slice(1), found)
  }

  #clear(): void {
    this.#found.clear()
    this.#characters = 0
  }
}
