import { createHash } from 'node:crypto'
import { type CorrelationRule, type Filter, type Parsed, parseDocument, type Refusal, type Rule } from '@weir/sigma'

/** A pack as one JSON: the documents as parsed, so that a cold start reads no YAML. */
export interface PackDocument {
  readonly format: 'weir-rules/1'
  readonly rules: readonly { readonly file: string; readonly document: unknown }[]
}

/** Serializes a pack's rules in their order; equal packs make equal JSON. Cases stay behind: they are for tests. */
export function packDocument({ rules, correlations, filters }: Omit<Parsed, 'refused'>): PackDocument {
  return {
    format: 'weir-rules/1',
    rules: [...rules, ...correlations, ...filters].map(({ file, document }) => ({ file, document })),
  }
}

/**
 * Names a pack by what it holds: 16 hexadecimal digits of the SHA-256 of its documents, in their order. It is the same where the documents were
 * read from YAML and where they came with `packDocument`. Findings carry it.
 */
export function packHash(pack: Omit<Parsed, 'refused'>): string {
  const hash = createHash('sha256')
  for (const { document } of packDocument(pack).rules) hash.update(`${JSON.stringify(document)}\n`)
  return hash.digest('hex').slice(0, 16)
}

/**
 * Reads what `packDocument` made, after a trip through JSON. Each document is checked as strictly as its text was; one that does not load is
 * refused and the rest is taken. Throws TypeError when the whole is no pack.
 */
export function readPackDocument(json: unknown): Parsed {
  if (!isObject(json) || json['format'] !== 'weir-rules/1' || !Array.isArray(json['rules'])) {
    throw new TypeError('not a rule pack of format weir-rules/1: build it again with this version of Weir')
  }
  const rules: Rule[] = []
  const correlations: CorrelationRule[] = []
  const filters: Filter[] = []
  const refused: Refusal[] = []
  for (const [index, entry] of json['rules'].entries()) {
    const file = isObject(entry) && typeof entry['file'] === 'string' ? entry['file'] : `rules[${index}]`
    const read = parseDocument(isObject(entry) ? entry['document'] : undefined, file)
    if ('rule' in read) rules.push(read.rule)
    else if ('correlation' in read) correlations.push(read.correlation)
    else if ('filter' in read) filters.push(read.filter)
    else refused.push(read.refused)
  }
  return { rules, correlations, filters, refused }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
