import { REGEX_PROGRAM_LIMIT } from './regex.ts'
import { hasSingleWay } from './regex-single.ts'
import { readRegex, type RegexNode } from './regex-tree.ts'

export interface LinearRegExp {
  readonly regex: RegExp
  /** No text with fewer UTF-16 units matches; it need not be searched. */
  readonly least: number
}

/**
 * The same expression for V8's own RegExp, which is many times faster, where it is certain that it answers the same and as surely ends;
 * else undefined. A backtracking engine takes long where something can be repeated in many ways, so repetitions must have an end, and all
 * ways that a search may try at one place of a text must take fewer steps than the largest expression that RE2 is given; or else there must
 * be only one way, from the beginning of the text.
 */
export function linearRegExp(source: string, flags: string): LinearRegExp | undefined {
  const tree = readRegex(source, flags)
  // Under `i` RE2 and JavaScript fold a few letters outside ASCII differently.
  if (!tree || tree.flags.includes('i')) return undefined
  const node = trimmed(tree.node)
  try {
    if (effort(node, 1).steps > REGEX_PROGRAM_LIMIT && !hasSingleWay(node, tree.flags)) return undefined
    return { regex: new RegExp(written(node, tree.flags), 'u'), least: shortest(node) }
  } catch {
    return undefined
  }
}

/** A search only asks whether there is a match, so a repetition at either end need be no longer than its least. */
function trimmed(node: RegexNode): RegexNode {
  if (node.kind === 'choice') return { kind: 'choice', items: node.items.map(trimmed) }
  const items = node.kind === 'sequence' ? node.items : [node]
  const last = items.length - 1
  return {
    kind: 'sequence',
    items: items.map((item, i) => (item.kind === 'repeat' && (i === 0 || i === last) ? { ...item, most: item.least } : item)),
  }
}

interface Effort {
  /** Ways in which the part can be matched from one place. */
  readonly ways: number
  /** Characters looked at in all of them. */
  readonly steps: number
}

/** An upper bound, when a part is come to in `ways` ways; infinite where a repetition has no end. */
function effort(node: RegexNode, ways: number): Effort {
  switch (node.kind) {
    case 'choice': {
      const all = node.items.map(item => effort(item, ways))
      return { ways: sum(all.map(one => one.ways)), steps: sum(all.map(one => one.steps)) }
    }
    case 'sequence':
      return node.items.reduce<Effort>(
        (so, item) => {
          const next = effort(item, so.ways)
          return { ways: next.ways, steps: so.steps + next.steps }
        },
        { ways, steps: 0 },
      )
    case 'repeat': {
      if (node.most > REGEX_PROGRAM_LIMIT) return { ways: Infinity, steps: Infinity }
      let so: Effort = { ways, steps: 0 }
      let out = node.least === 0 ? ways : 0
      for (let i = 1; i <= node.most; i++) {
        const next = effort(node.item, so.ways)
        // What is repeated may be empty, and the repetitions count all the same.
        so = { ways: next.ways, steps: so.steps + Math.max(next.steps, 1) }
        if (so.steps > REGEX_PROGRAM_LIMIT) return { ways: Infinity, steps: Infinity }
        if (i >= node.least) out += next.ways
      }
      return { ways: out, steps: so.steps }
    }
    default:
      return { ways, steps: ways }
  }
}

function shortest(node: RegexNode): number {
  switch (node.kind) {
    case 'choice':
      return Math.min(...node.items.map(shortest))
    case 'sequence':
      return sum(node.items.map(shortest))
    case 'repeat':
      return node.least * shortest(node.item)
    case 'text':
    case 'class':
    case 'any':
      return 1
    default:
      return 0
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

const SPECIAL = /[\\^$.*+?()[\]{}|/]/g

function written(node: RegexNode, flags: string): string {
  const multi = flags.includes('m')
  switch (node.kind) {
    case 'text':
      return node.text.replaceAll(SPECIAL, '\\$&')
    case 'class':
      return `[${node.class}]`
    case 'any':
      return flags.includes('s') ? '[^]' : '[^\\n]'
    case 'start':
      return multi ? '(?<=^|\\n)' : '^'
    case 'end':
      return multi ? '(?=\\n|$)' : '$'
    case 'edge':
      return '\\b'
    case 'sequence':
      return node.items.map(item => written(item, flags)).join('')
    case 'choice':
      return `(?:${node.items.map(item => written(item, flags)).join('|')})`
    case 'repeat': {
      const { item, least, most } = node
      const inner = written(item, flags)
      const group = item.kind === 'text' || item.kind === 'class' || item.kind === 'any' ? inner : `(?:${inner})`
      return `${group}{${least},${most === Infinity ? '' : most}}`
    }
  }
}
