import { readRegex, type RegexNode } from '../regex-tree.ts'
import type { RegexValue } from '../tree.ts'

/** What an expression looks like, as far as lints ask. */
export interface RegexShape {
  /** The one text that it searches for, when it is a text with or without anchors and `.*`; whether the text is bound to an end. */
  readonly literal?: { readonly text: string; readonly start: boolean; readonly end: boolean }
  /** A `.*` at an end, where a search needs none. */
  readonly idleEnds: boolean
  /** It has letters outside classes and escapes, and all are lower case. */
  readonly lowerCase: boolean
  /** By its flags, those that it begins with too. */
  readonly ignoresCase: boolean
}

/** The flags that an expression begins with, such as `(?i)`: their letters. */
export const inlineFlags = (source: string): string => /^\(\?([a-zA-Z]+)\)/.exec(source)?.[1] ?? ''

/** Undefined for an expression that is not plain enough to be read; see regex-tree.ts. */
export function shapeOf({ source, flags }: RegexValue): RegexShape | undefined {
  const written = (['i', 'm', 's'] as const).filter(flag => flags[flag]).join('')
  const tree = readRegex(source, written)
  if (!tree) return undefined
  const parts = tree.node.kind === 'sequence' ? tree.node.items : [tree.node]
  const literal = tree.flags.includes('m') ? undefined : literalOf(parts, tree.flags.includes('s'))
  const letters = [...textsOf(tree.node)].join('')
  return {
    ...(literal && { literal }),
    idleEnds: parts.length > 1 && (isFree(parts[0]) || isFree(parts.at(-1))),
    lowerCase: /[a-z]/.test(letters) && letters === letters.toLowerCase(),
    ignoresCase: tree.flags.includes('i'),
  }
}

/** `.*`. */
const isFree = (node: RegexNode | undefined): boolean =>
  node?.kind === 'repeat' && node.item.kind === 'any' && node.least === 0 && node.most === Infinity

function literalOf(parts: readonly RegexNode[], dotAll: boolean): RegexShape['literal'] {
  const start = parts[0]?.kind === 'start'
  const end = parts.at(-1)?.kind === 'end'
  const inner = parts.slice(start ? 1 : 0, end ? -1 : undefined)
  const [before, after] = [isFree(inner[0]), isFree(inner.at(-1))]
  // Between an anchor and the text the dot stops at a line break, where a wildcard does not.
  if (!dotAll && ((start && before) || (end && after))) return undefined
  const rest = inner.slice(before ? 1 : 0, after ? -1 : undefined)
  const text = rest.map(node => (node.kind === 'text' ? node.text : undefined))
  if (text.length === 0 || text.includes(undefined)) return undefined
  return { text: text.join(''), start: start && !before, end: end && !after }
}

function* textsOf(node: RegexNode): Generator<string> {
  if (node.kind === 'text') yield node.text
  else if (node.kind === 'repeat') yield* textsOf(node.item)
  else if (node.kind === 'sequence' || node.kind === 'choice') for (const item of node.items) yield* textsOf(item)
}
