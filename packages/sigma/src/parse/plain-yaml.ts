/** A document that is written as nearly all rules are. */
export interface PlainDocument {
  readonly value: { readonly [key: string]: unknown }
  /** Line of each key at the top, from 1; all begin in column 1. */
  readonly lines: ReadonlyMap<string, number>
  /** Line on which the document begins. */
  readonly line: number
}

/** Not sure: the YAML library must read this one. It never leaves the file. */
class Unsure extends Error {}
const unsure = (): never => {
  throw new Unsure('not plain')
}

const DEPTH = 30
/** Control characters, other lines' ends and the byte order mark; a tab can mean several things. */
// oxlint-disable-next-line no-control-regex
const ODD = /[\0-\x09\x0b-\x1f\x7f\x85\u2028\u2029\ufeff]/
const PLAIN_KEY = /^([A-Za-z_$][^:#]{0,500}?) *:(?: +(.*))?$/
const QUOTED_KEY = /^'((?:[^']|''){0,500})' *:(?: +(.*))?$/
const SINGLE = /^'((?:[^']|'')*)'(?: +#.*)? *$/
const DOUBLE = /^"([^"\\]*)"(?: +#.*)? *$/
const LITERAL = /^\|(-?)(?: +#.*)? *$/
const WORDS: ReadonlyMap<string, unknown> = new Map([
  ...['~', 'null', 'Null', 'NULL'].map(word => [word, null] as const),
  ...['true', 'True', 'TRUE'].map(word => [word, true] as const),
  ...['false', 'False', 'FALSE'].map(word => [word, false] as const),
])
const WHOLE = /^(?:0|-?[1-9]\d{0,14})$/
/** What YAML 1.2 reads as some other number. */
const NUMBER =
  /^(?:[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?|0o[0-7]+|0x[\da-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/

/**
 * Reads a text of one document in the small part of YAML that rules are written in: block maps and lists, scalars on one line, literal blocks.
 * What it reads is what the YAML library reads, several times as fast; undefined where it is not sure, and so for all that is wrong.
 */
export function readPlainYaml(text: string): PlainDocument | undefined {
  if (!text.endsWith('\n') || ODD.test(text)) return undefined
  try {
    return new Reader(text.split('\n')).document()
  } catch (error) {
    if (error instanceof Unsure) return undefined
    throw error
  }
}

class Reader {
  readonly #lines: string[]
  #at = 0

  constructor(lines: string[]) {
    this.#lines = lines
  }

  document(): PlainDocument {
    if (this.#next() === 0 && this.#lines[this.#at] === '---') this.#at++
    if (this.#next() !== 0) return unsure()
    const line = this.#at + 1
    const lines = new Map<string, number>()
    const value = this.#map(0, 0, lines)
    return this.#next() === -1 ? { value, lines, line } : unsure()
  }

  /** Goes to the next line that says something: its indentation, or -1 at the end. */
  #next(): number {
    for (; this.#at < this.#lines.length; this.#at++) {
      const line = this.#lines[this.#at] ?? ''
      const indent = indentOf(line)
      if (indent === line.length || line.charAt(indent) === '#') continue
      return indent
    }
    return -1
  }

  #map(indent: number, depth: number, lines?: Map<string, number>): { [key: string]: unknown } {
    if (depth > DEPTH) return unsure()
    const map: { [key: string]: unknown } = {}
    while (this.#next() === indent) {
      const line = (this.#lines[this.#at] ?? '').slice(indent)
      const found = keyOf(line) ?? unsure()
      if (Object.hasOwn(map, found.key)) return unsure()
      lines?.set(found.key, this.#at + 1)
      this.#at++
      map[found.key] = this.#value(found.rest, indent, depth, true)
    }
    return this.#next() > indent ? unsure() : map
  }

  #list(indent: number, depth: number): unknown[] {
    if (depth > DEPTH) return unsure()
    const list: unknown[] = []
    while (this.#next() === indent) {
      const line = (this.#lines[this.#at] ?? '').slice(indent)
      if (!isItem(line)) break
      const offset = 1 + indentOf(line.slice(1))
      const rest = line.slice(offset)
      if (rest !== '' && !isItem(rest) && keyOf(rest)) {
        // A map that begins behind the dash: its first line as if the dash were a blank.
        this.#lines[this.#at] = ' '.repeat(indent + offset) + rest
        list.push(this.#map(indent + offset, depth + 1))
      } else {
        this.#at++
        list.push(this.#value(rest, indent, depth, false))
      }
    }
    return this.#next() > indent ? unsure() : list
  }

  /** What stands behind a key or a dash, or on the lines below it. */
  #value(rest: string, indent: number, depth: number, inMap: boolean): unknown {
    if (rest === '' || rest.startsWith('#')) {
      const next = this.#next()
      const line = (this.#lines[this.#at] ?? '').slice(Math.max(next, 0))
      if (next > indent) return isItem(line) ? this.#list(next, depth + 1) : this.#map(next, depth + 1)
      return inMap && next === indent && isItem(line) ? this.#list(next, depth + 1) : null
    }
    const literal = LITERAL.exec(rest)
    if (literal) return this.#literal(indent, literal[1] === '-')
    const value = scalarOf(rest)
    // A scalar may go on below.
    return this.#next() > indent ? unsure() : value
  }

  #literal(parent: number, strip: boolean): string {
    const lines: string[] = []
    let indent = -1
    for (; this.#at < this.#lines.length; this.#at++) {
      const line = this.#lines[this.#at] ?? ''
      const own = indentOf(line)
      if (own === line.length) {
        // Blanks before the first line of text could be its indentation, or wrong.
        if (indent < 0 && own > 0) return unsure()
        lines.push(indent < 0 ? '' : line.slice(indent))
        continue
      }
      if (indent < 0) indent = own
      if (own < indent || own <= parent) break
      lines.push(line.slice(indent))
    }
    const after = this.#lines[this.#at]
    if (indent <= parent || (after !== undefined && indentOf(after) > parent)) return unsure()
    while (lines.at(-1) === '') lines.pop()
    const last = lines.at(-1) ?? ''
    if (indentOf(last) === last.length) return unsure()
    const text = lines.join('\n')
    return strip ? text : `${text}\n`
  }
}

const isItem = (line: string): boolean => line === '-' || line.startsWith('- ')

function indentOf(line: string): number {
  let at = 0
  while (line.charCodeAt(at) === 32) at++
  return at
}

/** Without spaces at its end; other blanks are text. */
function withoutBlanks(text: string): string {
  let end = text.length
  while (text.charCodeAt(end - 1) === 32) end--
  return text.slice(0, end)
}

function keyOf(line: string): { readonly key: string; readonly rest: string } | undefined {
  const plain = PLAIN_KEY.exec(line)
  const found = plain ?? QUOTED_KEY.exec(line)
  if (!found) return undefined
  const key = plain ? (found[1] ?? '') : (found[1] ?? '').replaceAll("''", "'")
  if (key === '__proto__' || (plain && WORDS.has(key))) return unsure()
  return { key, rest: withoutBlanks(found[2] ?? '') }
}

function scalarOf(written: string): unknown {
  const single = SINGLE.exec(written)
  if (single) return (single[1] ?? '').replaceAll("''", "'")
  const double = DOUBLE.exec(written)
  if (double) return double[1]
  const comment = written.indexOf(' #')
  const text = withoutBlanks(comment < 0 ? written : written.slice(0, comment))
  if (/^(?:[?:,[\]{}#&*!|>'"%@`]|-(?: |$))/.test(text) || text.includes(': ') || text.endsWith(':')) return unsure()
  if (WORDS.has(text)) return WORDS.get(text)
  if (WHOLE.test(text)) return Number(text)
  return NUMBER.test(text) ? unsure() : text
}
