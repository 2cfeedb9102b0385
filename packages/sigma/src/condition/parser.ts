import { compilePattern } from '../glob.ts'
import type { Condition, Detection } from '../tree.ts'
import { parseString } from '../values.ts'
import { type Token, tokenize } from './lexer.ts'

/** How deep parentheses and `not` may nest, and how many selections a condition may name once its patterns are resolved. */
export const CONDITION_DEPTH = 64
export const CONDITION_SIZE = 10_000

export class ConditionError extends Error {
  readonly at: number
  constructor(reason: string, at: number) {
    super(reason)
    this.at = at
  }
}

const QUANTIFIERS: ReadonlyMap<string, 'and' | 'or'> = new Map([
  ['1', 'or'],
  ['any', 'or'],
  ['all', 'and'],
])

/**
 * Reads a condition and puts the selections in its place. Least binding first: `or`, `and`, `not`, `1|any|all of`, parentheses; keywords
 * are lower case. Throws ConditionError for what cannot be read, an unknown selection, and a pattern that names none.
 */
export function parseCondition(text: string, detections: ReadonlyMap<string, Detection>): Condition {
  const tokens = tokenize(text)
  if ('error' in tokens) throw new ConditionError(tokens.error, tokens.at)
  const parser = new Parser(tokens, detections)
  return parser.condition()
}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #detections: ReadonlyMap<string, Detection>
  #next = 0
  #depth = 0
  #size = 0

  constructor(tokens: readonly Token[], detections: ReadonlyMap<string, Detection>) {
    this.#tokens = tokens
    this.#detections = detections
  }

  condition(): Condition {
    const tree = this.#or()
    const token = this.#peek()
    if (token.kind !== 'end') throw new ConditionError(`expected "and", "or" or the end, found "${shown(token)}"`, token.at)
    return tree
  }

  #or = (): Condition => this.#chain('or', this.#and)
  #and = (): Condition => this.#chain('and', this.#not)

  #chain(word: 'and' | 'or', operand: () => Condition): Condition {
    const first = operand()
    const items = [first]
    while (this.#accept(word)) items.push(operand())
    return items.length === 1 ? first : { kind: word, items }
  }

  #not = (): Condition => {
    const at = this.#peek().at
    if (!this.#accept('not')) return this.#primary()
    return { kind: 'not', item: this.#nested(at, this.#not) }
  }

  #primary(): Condition {
    const token = this.#take()
    if (token.kind === '(') {
      const tree = this.#nested(token.at, this.#or)
      const close = this.#take()
      if (close.kind !== ')') throw new ConditionError(`expected ")", found "${shown(close)}"`, close.at)
      return tree
    }
    if (token.kind !== 'word') throw new ConditionError(`expected a selection, found "${shown(token)}"`, token.at)
    return this.#accept('of') ? this.#quantified(token) : this.#selection(token.text, token.at)
  }

  #quantified(quantifier: Token): Condition {
    const kind = QUANTIFIERS.get(quantifier.text)
    if (!kind) throw new ConditionError(`"${quantifier.text} of" is not Sigma; write 1, any or all`, quantifier.at)
    const token = this.#take()
    if (token.kind !== 'word')
      throw new ConditionError(`expected "them" or a pattern after "of", found "${shown(token)}"`, token.at)
    const pattern = token.text === 'them' ? '*' : token.text
    const matches = compilePattern(parseString(pattern))
    const names = [...this.#detections.keys()].filter(name => matches(name) && (pattern.startsWith('_') || !name.startsWith('_')))
    const items = names.map(name => this.#selection(name, token.at))
    const [first] = items
    if (!first) throw new ConditionError(`"${quantifier.text} of ${token.text}" names no selection`, token.at)
    return items.length === 1 ? first : { kind, items }
  }

  #selection(name: string, at: number): Condition {
    const detection = this.#detections.get(name)
    if (!detection) {
      const lower = name.toLowerCase()
      const hint = ['and', 'or', 'not'].includes(lower)
        ? 'keywords are lower case, and stand between selections'
        : 'the detection has no such name'
      throw new ConditionError(`unknown selection "${name}": ${hint}`, at)
    }
    if (++this.#size > CONDITION_SIZE) throw new ConditionError(`names more than ${CONDITION_SIZE} selections`, at)
    return { kind: 'selection', name, detection }
  }

  #nested(at: number, parse: () => Condition): Condition {
    if (++this.#depth > CONDITION_DEPTH) throw new ConditionError(`nested more than ${CONDITION_DEPTH} deep`, at)
    const tree = parse()
    this.#depth--
    return tree
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '', at: 0 }
  }

  #take(): Token {
    const token = this.#peek()
    this.#next++
    return token
  }

  #accept(word: string): boolean {
    const token = this.#peek()
    if (token.kind !== 'word' || token.text !== word) return false
    this.#next++
    return true
  }
}

const shown = (token: Token): string => (token.kind === 'end' ? 'the end' : token.text)
