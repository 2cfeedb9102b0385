/** A secret in a text: what to mask, and under which name. */
export interface Secret {
  readonly kind: string
  readonly value: string
}

/** One stretch of a text to replace. */
export interface Edit {
  readonly start: number
  readonly end: number
  /** What it holds. More than one where it is encoded. */
  readonly secrets: readonly Secret[]
  /** Where several edits overlap, the lowest one gives the mask. */
  readonly rank: number
  /** What to write instead, for an encoded stretch; undefined for the mask of its secret. */
  readonly encode?: (mask: Mask) => string
}

/** Writes the mask of a secret. */
export type Mask = (secret: Secret) => string

const MASK = /\[redacted:[\w:-]{1,80}\]/g

/** `text` with its edits made. */
export function applyEdits(text: string, edits: readonly Edit[], mask: Mask): string {
  let done = 0
  let result = ''
  for (const { start, end, secrets, encode } of edits) {
    const [secret] = secrets
    result += text.slice(done, start) + (encode ? encode(mask) : secret ? mask(secret) : '')
    done = end
  }
  return result + text.slice(done)
}

const inOrder = (a: Edit, b: Edit): number => a.start - b.start || a.rank - b.rank

/** Edits in order; those that overlap become one that covers them all and is named by the lowest rank. */
export function merge(edits: Edit[]): Edit[] {
  const merged: Edit[] = []
  for (const edit of edits.sort(inOrder)) {
    const last = merged.at(-1)
    if (!last || edit.start >= last.end) {
      merged.push(edit)
      continue
    }
    const named = edit.rank < last.rank ? edit : last
    const whole = named.start <= last.start && named.end >= Math.max(last.end, edit.end)
    const { secrets, rank } = named
    const range = { start: last.start, end: Math.max(last.end, edit.end) }
    merged[merged.length - 1] = whole ? named : { ...range, secrets, rank }
  }
  return merged
}

/** The edits that touch no mask: what is masked stays as it is. */
export function besideMasks(text: string, edits: Edit[]): Edit[] {
  if (!text.includes('[redacted:')) return edits
  const masks = [...text.matchAll(MASK)]
  let next = 0
  return edits.sort(inOrder).filter(edit => {
    while ((masks[next]?.index ?? text.length) + (masks[next]?.[0].length ?? 0) <= edit.start && next < masks.length) next++
    return (masks[next]?.index ?? text.length) >= edit.end
  })
}
