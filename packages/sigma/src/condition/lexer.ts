/** A word of a condition: an identifier or a pattern of one, or a parenthesis; `end` closes the list. */
export interface Token {
  readonly kind: 'word' | '(' | ')' | 'end'
  readonly text: string
  /** Characters from the condition's beginning. */
  readonly at: number
}

/** Splits a condition into words, or answers what cannot be read. Identifiers are letters, digits, `_` and `-`; a pattern also has `*`. */
export function tokenize(text: string): readonly Token[] | { readonly error: string; readonly at: number } {
  const tokens: Token[] = []
  const pattern = /\s+|([A-Za-z0-9_*-]+)|([()])|(.)/gsu
  for (const { index, 1: word, 2: paren, 3: other } of text.matchAll(pattern)) {
    if (word) tokens.push({ kind: 'word', text: word, at: index })
    else if (paren === '(' || paren === ')') tokens.push({ kind: paren, text: paren, at: index })
    else if (other === '|')
      return { error: 'the pipe of old aggregations ("| count() > 5") is not Sigma 2; write a correlation rule', at: index }
    else if (other) return { error: `unexpected ${JSON.stringify(other)}`, at: index }
  }
  return [...tokens, { kind: 'end', text: '', at: text.length }]
}
