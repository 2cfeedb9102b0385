/** What each call may look at, however short its input. */
const BASE = 1_000_000
/**
 * What it may look at for each character of its input. 256 KiB of ordinary lines full of words like `token`, percent signs and mail addresses
 * take about 60, and 130 as JSON in JSON; 200 take about a tenth of a second.
 */
const PER_CHARACTER = 200

/**
 * What one call of the redactor may look at, counted in characters: a pattern that runs over a text counts the text, a candidate counts what it
 * covers, so does decoding. Patterns, encodings, rounds and layers of JSON in JSON all draw on it, so that none multiplies another without
 * bound. Whoever finds it spent masks what is left to look at.
 */
export class Work {
  /** Characters looked at so far. */
  spent = 0
  /** Depth of JSON in JSON: only the text that was handed in adds to what may be spent, its layers do not. */
  layers = 0
  #limit = BASE

  /** Allows for a text of the input. What another text overspent is not held against it. */
  allow(characters: number): void {
    if (this.layers === 0) this.#limit = Math.max(this.#limit, this.spent) + PER_CHARACTER * characters
  }

  /** False when this is more than is left: then do not look. */
  spend(characters: number): boolean {
    if (!this.isSpent) this.spent += characters
    return !this.isSpent
  }

  get isSpent(): boolean {
    return this.spent > this.#limit
  }
}
