import type { Anchor } from '../plan/anchor.ts'
import { fold } from '../values.ts'
import { Ends } from './ends.ts'
import { Grams } from './grams.ts'
import { Memo } from './memo.ts'
import type { TextBuffer } from './text.ts'

/** A found anchor: the predicate that is true by it, and the units to be tried. */
export interface Hit {
  readonly text: string
  /** The predicate that is decided, or -1. */
  predicate: number
  readonly units: number[]
  /** The last text for which it was looked for. */
  seen: number
}

const NOTHING: readonly Hit[] = []

/** So few needles are looked for one by one. */
const FEW = 6
/** In so many bytes a text is told apart by fours; see grams.ts. */
const LONG = 7
const FILTER = 4_096

/** The anchors of one field, each text of which is searched for all of them at once. */
export class FieldIndex {
  readonly present: number[] = []
  readonly #words = new Map<string, Hit>()
  readonly #starts: Hit[] = []
  readonly #ends: Hit[] = []
  /** Texts of three bytes and more, which grams find; shorter ones in ASCII; shorter ones that are not. */
  #inside: Hit[] = []
  readonly #tiny: Hit[] = []
  readonly #foreign: Hit[] = []
  readonly #known = new Map<string, Hit>()
  readonly #wordFilter = new Uint8Array(FILTER)
  #anyWord = false
  /** Whether more than whole words are looked for. */
  #more = false
  #prefixes: Ends | undefined
  #suffixes: Ends | undefined
  #grams: Grams | undefined
  readonly #buffer: TextBuffer
  readonly #out: number[] = []
  readonly #memo = new Memo((text: string) => this.#find(text))
  #hits: Hit[] = []
  #texts = 0

  constructor(buffer: TextBuffer) {
    this.#buffer = buffer
  }

  /** Has `unit`, if any, tried when `anchor` is found; `predicate` is true then when the anchor decides it. */
  add(anchor: Anchor, predicate: number, unit?: number): void {
    if (anchor.how === 'present') {
      if (unit !== undefined) this.present.push(unit)
      return
    }
    const key = `${anchor.how}\0${anchor.text}`
    let hit = this.#known.get(key)
    if (!hit) {
      hit = { text: anchor.text, predicate: -1, units: [], seen: 0 }
      this.#known.set(key, hit)
      if (anchor.how === 'equals') this.#addWord(hit)
      else this.#list(anchor).push(hit)
    }
    if (anchor.decides) hit.predicate = predicate
    if (unit !== undefined) hit.units.push(unit)
  }

  #list({ how, text }: Anchor): Hit[] {
    if (how === 'starts') return this.#starts
    if (how === 'ends') return this.#ends
    if (text.length > 2 || /[\u0800-\uffff]/.test(text) || (text.length === 2 && !isAscii(text))) return this.#inside
    return isAscii(text) ? this.#tiny : this.#foreign
  }

  #addWord(hit: Hit): void {
    const { text } = hit
    this.#words.set(text, hit)
    const last = text.charCodeAt(text.length - 1)
    // Folding a text may change its length, but never to a word in ASCII.
    if (isAscii(text)) this.#wordFilter[place(text.length, text.charCodeAt(0) || 0, last || 0)] = 1
    else this.#anyWord = true
  }

  /** To be called once, when all anchors are in. */
  close(): void {
    const encoder = new TextEncoder()
    const texts = (hits: readonly Hit[]): string[] => hits.map(({ text }) => text)
    const short = this.#inside.filter(({ text }) => isAscii(text) && text.length < LONG)
    if (short.length <= FEW) {
      this.#tiny.push(...short)
      this.#inside = this.#inside.filter(hit => !short.includes(hit))
    }
    this.#known.clear()
    this.#more = [this.#starts, this.#ends, this.#inside, this.#tiny, this.#foreign].some(list => list.length > 0)
    if (this.#starts.length > FEW) this.#prefixes = new Ends(texts(this.#starts), false)
    if (this.#ends.length > FEW) this.#suffixes = new Ends(texts(this.#ends), true)
    if (this.#inside.length > FEW) this.#grams = new Grams(this.#inside.map(({ text }) => encoder.encode(text)))
  }

  /** Whether any value's text matters. */
  get reads(): boolean {
    return this.#words.size > 0 || this.#more
  }

  /** The anchors in a text as it was written. */
  search(written: string): readonly Hit[] {
    return this.#more || this.#mayBeWord(written) ? this.#memo.of(written) : NOTHING
  }

  #find(written: string): readonly Hit[] {
    const text = fold(written)
    const word = this.#words.get(text)
    if (word) this.#hits.push(word)
    return this.searchFolded(text)
  }

  /** The anchors in a folded text, without whole words. */
  searchFolded(text: string): readonly Hit[] {
    if (this.#more) this.#search(text)
    const hits = this.#hits
    if (hits.length === 0) return NOTHING
    this.#hits = []
    return hits
  }

  #search(text: string): void {
    const hits = this.#hits
    if (!this.#prefixes) for (const hit of this.#starts) if (text.startsWith(hit.text)) hits.push(hit)
    if (!this.#suffixes) for (const hit of this.#ends) if (text.endsWith(hit.text)) hits.push(hit)
    if (!this.#grams) for (const hit of this.#inside) if (text.includes(hit.text)) hits.push(hit)
    for (const hit of this.#tiny) if (text.includes(hit.text)) hits.push(hit)
    const prefixes = this.#prefixes?.mayFind(text) ? this.#prefixes : undefined
    const suffixes = this.#suffixes?.mayFind(text) ? this.#suffixes : undefined
    if (!prefixes && !suffixes && !this.#grams && this.#foreign.length === 0) return
    const buffer = this.#buffer
    const out = this.#out
    let length = buffer.write(text, 0)
    // A text of ASCII has as many bytes as letters; of a long one only a piece is written.
    if (length !== text.length || buffer.next(text, 0) >= 0)
      for (const hit of this.#foreign) if (text.includes(hit.text)) hits.push(hit)
    if (prefixes) {
      const count = prefixes.find(buffer.bytes, length, out)
      for (let i = 0; i < count; i++) {
        const hit = this.#starts[out[i] ?? -1]
        if (hit && text.startsWith(hit.text)) hits.push(hit)
      }
    }
    if (this.#grams) length = this.#searchInside(this.#grams, text, length)
    else if (buffer.next(text, 0) >= 0) length = buffer.writeEnd(text)
    if (!suffixes) return
    const count = suffixes.find(buffer.bytes, length, out)
    for (let i = 0; i < count; i++) {
      const hit = this.#ends[out[i] ?? -1]
      if (hit && text.endsWith(hit.text)) hits.push(hit)
    }
  }

  /** Searches piece by piece, the first of which is written; answers the length of the last. */
  #searchInside(grams: Grams, text: string, length: number): number {
    const round = ++this.#texts
    const hits = this.#hits
    const buffer = this.#buffer
    const out = this.#out
    for (let from = 0; ; ) {
      const count = grams.find(buffer.bytes, buffer.groups, length, out)
      for (let i = 0; i < count; i++) {
        const hit = this.#inside[out[i] ?? -1]
        if (!hit || hit.seen === round) continue
        hit.seen = round
        if (text.includes(hit.text)) hits.push(hit)
      }
      from = buffer.next(text, from)
      if (from < 0) return length
      length = buffer.write(text, from)
    }
  }

  #mayBeWord(text: string): boolean {
    if (this.#anyWord) return true
    const { length } = text
    if (length === 0) return this.#wordFilter[0] === 1
    const first = text.charCodeAt(0)
    const last = text.charCodeAt(length - 1)
    return first > 0x7f || last > 0x7f || this.#wordFilter[place(length, lower(first), lower(last))] === 1
  }
}

const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text)
const lower = (code: number): number => (code >= 65 && code <= 90 ? code + 32 : code)
const place = (length: number, first: number, last: number): number =>
  length === 0 ? 0 : (Math.imul(length, 961) + first * 31 + last) & (FILTER - 1)
