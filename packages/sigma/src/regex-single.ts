import type { RegexNode } from './regex-tree.ts'

/** More places than this are not looked at. */
const PLACES = 500

/** Characters by their number, those outside ASCII as one. */
type Characters = bigint
const ASCII = 128
const OTHER = 1n << BigInt(ASCII)

/** What a part of an expression may begin with and end with, by places, and whether it may be empty. */
interface Part {
  readonly first: readonly number[]
  readonly last: readonly number[]
  readonly empty: boolean
}
const EMPTY: Part = { first: [], last: [], empty: true }

/**
 * Whether an expression that is bound to the beginning of a text has one way at most for each text: after each character that it takes, the
 * next one decides which place of the expression it belongs to. So a backtracking engine, whatever it tries first, is done with each wrong
 * way at its first character, and takes no more steps than the text has characters times what the expression has places. (Such expressions
 * are called one-unambiguous: Brüggemann-Klein and Wood, One-Unambiguous Regular Languages, 1998.)
 */
export function hasSingleWay(node: RegexNode, flags: string): boolean {
  if (flags.includes('m') || node.kind !== 'sequence' || node.items[0]?.kind !== 'start') return false
  const items = node.items.slice(1)
  if (items.at(-1)?.kind === 'end') items.pop()
  const places = new Places(flags.includes('s'))
  try {
    const whole = places.part({ kind: 'sequence', items })
    return places.apart(whole.first)
  } catch (error) {
    if (error instanceof Unusual) return false
    throw error
  }
}

/** Thrown at what is not looked at. */
class Unusual extends Error {}

class Places {
  readonly #takes: Characters[] = []
  /** By place: which places may come next. */
  readonly #next: Set<number>[] = []
  readonly #dotAll: boolean

  constructor(dotAll: boolean) {
    this.#dotAll = dotAll
  }

  /** Whether of the places that may come first, or next after any place, each character fits one at most. */
  apart(first: readonly number[]): boolean {
    return [first, ...this.#next].every(places => {
      let taken = 0n
      for (const place of places) {
        const takes = this.#takes[place] ?? 0n
        if ((taken & takes) !== 0n) return false
        taken |= takes
      }
      return true
    })
  }

  part(node: RegexNode): Part {
    switch (node.kind) {
      case 'text':
        return Array.from(node.text, char => this.#place(charactersOf(escaped(char)))).reduce((a, b) => this.#joined(a, b), EMPTY)
      case 'class':
        return this.#place(charactersOf(node.class))
      case 'any':
        return this.#place(charactersOf(this.#dotAll ? '^' : '^\\n'))
      case 'sequence':
        return node.items.map(item => this.part(item)).reduce((a, b) => this.#joined(a, b), EMPTY)
      case 'choice': {
        const parts = node.items.map(item => this.part(item))
        return {
          first: parts.flatMap(({ first }) => first),
          last: parts.flatMap(({ last }) => last),
          // Two ways to be empty are two ways.
          empty: parts.filter(({ empty }) => empty).length > 1 ? unusual() : parts.some(({ empty }) => empty),
        }
      }
      case 'repeat':
        return this.#repeated(node)
      default:
        return unusual()
    }
  }

  #repeated({ item, least, most }: Extract<RegexNode, { kind: 'repeat' }>): Part {
    let whole = EMPTY
    for (let i = 0; i < least; i++) whole = this.#joined(whole, this.#filled(item))
    if (most === Infinity) {
      const part = this.#filled(item)
      this.#follow(part.last, part.first)
      return this.#joined(whole, { ...part, empty: true })
    }
    // `x{0,2}` is `(x(x)?)?`: what may be left out is written from its end.
    let rest = EMPTY
    for (let i = least; i < most; i++) rest = { ...this.#joined(this.#filled(item), rest), empty: true }
    return this.#joined(whole, rest)
  }

  /** A part that is repeated: with one that may be empty there are more ways than one. */
  #filled(item: RegexNode): Part {
    const part = this.part(item)
    return part.empty ? unusual() : part
  }

  #place(takes: Characters): Part {
    if (this.#next.length >= PLACES) return unusual()
    const place = this.#takes.push(takes) - 1
    this.#next.push(new Set())
    return { first: [place], last: [place], empty: false }
  }

  #joined(a: Part, b: Part): Part {
    this.#follow(a.last, b.first)
    return {
      first: a.empty ? [...a.first, ...b.first] : a.first,
      last: b.empty ? [...a.last, ...b.last] : b.last,
      empty: a.empty && b.empty,
    }
  }

  #follow(last: readonly number[], first: readonly number[]): void {
    for (const place of last) for (const next of first) this.#next[place]?.add(next)
  }
}

function unusual(): never {
  throw new Unusual()
}

const escaped = (char: string): string => char.replace(/[\\\]^-]/, '\\$&')

/** Of a class as regex-tree.ts writes it. */
function charactersOf(written: string): Characters {
  const regex = new RegExp(`[${written}]`, 'u')
  let found = written.startsWith('^') || /[^\x00-\x7f]/.test(written) ? OTHER : 0n
  for (let code = 0; code < ASCII; code++) if (regex.test(String.fromCharCode(code))) found |= 1n << BigInt(code)
  return found
}
