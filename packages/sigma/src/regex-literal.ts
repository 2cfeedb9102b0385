import { readRegex, type RegexNode } from './regex-tree.ts'

/** More alternatives than this help nobody. */
const ALTERNATIVES = 24

/**
 * Texts, folded and in ASCII, of which everything that an RE2 expression matches contains at least one; undefined when none are known. Of
 * several such lists it is the one whose shortest text is longest.
 */
export function regexLiterals(source: string, flags: string): readonly string[] | undefined {
  const tree = readRegex(source, flags)
  return tree && ofNode(tree.node, tree.flags.includes('i'))
}

type Literals = readonly string[] | undefined

function ofNode(node: RegexNode, ignoreCase: boolean): Literals {
  switch (node.kind) {
    case 'text':
      return certain(node.text, ignoreCase) ? [node.text.toLowerCase()] : undefined
    case 'repeat':
      return node.least > 0 ? ofNode(node.item, ignoreCase) : undefined
    case 'choice': {
      const all = node.items.map(item => ofNode(item, ignoreCase))
      const texts = [...new Set(all.flatMap(texts => texts ?? []))]
      return all.includes(undefined) || texts.length > ALTERNATIVES ? undefined : texts
    }
    case 'sequence': {
      let best: Literals
      let run = ''
      for (const item of [...node.items, undefined]) {
        if (item?.kind === 'text' && certain(item.text, ignoreCase)) {
          run += item.text.toLowerCase()
          continue
        }
        if (run !== '') best = better(best, [run])
        run = ''
        if (item) best = better(best, ofNode(item, ignoreCase))
      }
      return best
    }
    default:
      return undefined
  }
}

/** The long s equals s under `i`, and folds to itself. */
const certain = (text: string, ignoreCase: boolean): boolean => !(ignoreCase && /s/i.test(text))

function better(one: Literals, other: Literals): Literals {
  if (!one || !other) return one ?? other
  const worth = (texts: readonly string[]): number => Math.min(...texts.map(text => text.length)) - texts.length / 100
  return worth(other) > worth(one) ? other : one
}
