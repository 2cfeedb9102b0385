/**
 * RE2 expressions, as far as they are plain: what is not read here (flags within, repeated repetitions, properties, `\B`, which V8
 * also finds between the halves of a surrogate pair) is left to RE2 itself.
 */
export type RegexNode =
  | { readonly kind: 'text'; readonly text: string }
  /** One character of a set, written as a class of JavaScript without its brackets; `^` first negates. */
  | { readonly kind: 'class'; readonly class: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'start' | 'end' | 'edge' }
  | { readonly kind: 'sequence' | 'choice'; readonly items: readonly RegexNode[] }
  | { readonly kind: 'repeat'; readonly item: RegexNode; readonly least: number; readonly most: number }

/** An expression and the flags that it begins with, put together with those of the rule. */
export interface RegexTree {
  readonly node: RegexNode
  readonly flags: string
}

/** Undefined for an expression that has anything unusual. */
export function readRegex(source: string, flags: string): RegexTree | undefined {
  const lead = /^\(\?([ims]+)\)/.exec(source)
  const reader = new Reader(lead ? source.slice(lead[0].length) : source)
  const node = reader.choice(0)
  return node && reader.done ? { node, flags: [...new Set(flags + (lead?.[1] ?? ''))].sort().join('') } : undefined
}

const DEEPEST = 50
/** The classes of RE2 are ASCII's, as JavaScript's are without the `i` and `u` flags together. */
const CLASSES: { readonly [letter: string]: string } = { d: '0-9', w: '0-9A-Za-z_', s: '\\t\\n\\f\\r ' }
const CONTROLS: { readonly [letter: string]: string } = { t: '\t', n: '\n', r: '\r', f: '\f', v: '\v' }

class Reader {
  readonly #source: string
  #at = 0

  constructor(source: string) {
    this.#source = source
  }

  get done(): boolean {
    return this.#at === this.#source.length
  }

  choice(depth: number): RegexNode | undefined {
    if (depth > DEEPEST) return undefined
    const items: RegexNode[] = []
    do {
      const item = this.#sequence(depth)
      if (!item) return undefined
      items.push(item)
    } while (this.#take('|'))
    return items.length === 1 ? items[0] : { kind: 'choice', items }
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }

  #sequence(depth: number): RegexNode | undefined {
    const items: RegexNode[] = []
    while (!this.done && this.#source[this.#at] !== '|' && this.#source[this.#at] !== ')') {
      const atom = this.#atom(depth)
      const item = atom && this.#repeated(atom)
      if (!item) return undefined
      items.push(item)
    }
    return { kind: 'sequence', items }
  }

  #repeated(item: RegexNode): RegexNode | undefined {
    const found = /^(?:[*+?]|\{(\d{1,4})(,?)(\d{0,4})\})/.exec(this.#source.slice(this.#at, this.#at + 16))
    if (!found) return item
    this.#at += found[0].length
    this.#take('?')
    // Twice repeated is an error in some engines and a possessive in others.
    if (/^[*+?{]/.test(this.#source.slice(this.#at, this.#at + 1))) return undefined
    const [sign, least = '', comma, most = ''] = found
    if (sign === '*') return { kind: 'repeat', item, least: 0, most: Infinity }
    if (sign === '+') return { kind: 'repeat', item, least: 1, most: Infinity }
    if (sign === '?') return { kind: 'repeat', item, least: 0, most: 1 }
    const end = comma === '' ? Number(least) : most === '' ? Infinity : Number(most)
    return { kind: 'repeat', item, least: Number(least), most: end }
  }

  #atom(depth: number): RegexNode | undefined {
    const char = this.#source[this.#at] ?? ''
    if (char === '(') return this.#group(depth)
    if (char === '[') return this.#class()
    if (char === '\\') return this.#escape()
    this.#at++
    if (char === '.') return { kind: 'any' }
    if (char === '^') return { kind: 'start' }
    if (char === '$') return { kind: 'end' }
    return '*+?{}]'.includes(char) || !isPlain(char) ? undefined : { kind: 'text', text: char }
  }

  #group(depth: number): RegexNode | undefined {
    this.#at++
    if (this.#take('?') && !this.#take(':')) return undefined
    const inner = this.choice(depth + 1)
    return inner && this.#take(')') ? inner : undefined
  }

  #escape(): RegexNode | undefined {
    const letter = this.#source[this.#at + 1] ?? ''
    this.#at += 2
    if (letter === 'b') return { kind: 'edge' }
    const set = CLASSES[letter.toLowerCase()]
    if (set) return { kind: 'class', class: letter === letter.toLowerCase() ? set : `^${set}` }
    const text = CONTROLS[letter] ?? (isPlain(letter) && /[^0-9A-Za-z_]/.test(letter) ? letter : undefined)
    return text === undefined ? undefined : { kind: 'text', text }
  }

  #class(): RegexNode | undefined {
    const found = /^\[(\^?)((?:\\[dwstnrf\\\][^$.*+?(){}|/"'` -]|[^\]\\[])+)\]/.exec(this.#source.slice(this.#at, this.#at + 256))
    if (!found) return undefined
    const [whole, not = '', inside = ''] = found
    if (!/^[\x20-\x7e]+$/.test(inside) || inside.startsWith(']')) return undefined
    // A range from or to a class is an error in RE2 and a text in JavaScript.
    if (/\\[dws]-[^\]]|-\\[dws]/.test(inside)) return undefined
    this.#at += whole.length
    const written = inside.replaceAll(
      /\\([dws])|(\\.)|([/])/g,
      (_, name: string | undefined, escaped: string | undefined, slash: string | undefined) =>
        name ? (CLASSES[name] ?? '') : escaped ? (/\\["'`/ ]/.test(escaped) ? escaped.slice(1) : escaped) : `\\${slash ?? ''}`,
    )
    return { kind: 'class', class: `${not}${written}` }
  }
}

/** In ASCII and no control. */
const isPlain = (char: string): boolean => /^[\x20-\x7e]$/.test(char)
