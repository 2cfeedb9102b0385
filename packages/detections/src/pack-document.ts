import { createHash } from 'node:crypto'
import {
  type CorrelationRule,
  type FieldMapping,
  type Filter,
  type Parsed,
  parseDocument,
  readMappings,
  type Refusal,
  type Rule,
} from '@weir/sigma'

/** A pack as one JSON: the documents as parsed, so that a cold start reads no YAML. */
export interface PackDocument {
  readonly format: 'weir-rules/1'
  readonly rules: readonly { readonly file: string; readonly document: unknown }[]
  /** What the documents are read with: left out where there is none. */
  readonly mappings?: readonly FieldMapping[]
  readonly placeholders?: NonNullable<Parsed['placeholders']>
}

/** Serializes a pack's rules in their order; equal packs make equal JSON. Cases stay behind: they are for tests. */
export function packDocument(pack: Omit<Parsed, 'refused'>): PackDocument {
  const { rules, correlations, filters, mappings = [], placeholders = {} } = pack
  return {
    format: 'weir-rules/1',
    rules: [...rules, ...correlations, ...filters].map(({ file, document }) => ({ file, document })),
    ...(mappings.length > 0 && { mappings }),
    ...(Object.keys(placeholders).length > 0 && { placeholders }),
  }
}

/**
 * Names a pack by what it holds: 16 hexadecimal digits of the SHA-256 of its documents, in their order, and of what they are read with. It is
 * the same where the documents were read from YAML and where they came with `packDocument`. Findings carry it.
 */
export function packHash(pack: Omit<Parsed, 'refused'>): string {
  const hash = createHash('sha256')
  const { rules, mappings, placeholders } = packDocument(pack)
  for (const { document } of rules) hash.update(`${JSON.stringify(document)}\n`)
  if (mappings || placeholders) hash.update(JSON.stringify([mappings, placeholders]))
  return hash.digest('hex').slice(0, 16)
}

/**
 * Reads what `packDocument` made, after a trip through JSON. Each document is checked as strictly as its text was; one that does not load is
 * refused and the rest is taken. Throws an error when the whole is no pack, or what its documents are read with is broken.
 */
export function readPackDocument(json: unknown): Parsed {
  if (!isObject(json) || json['format'] !== 'weir-rules/1' || !Array.isArray(json['rules'])) {
    throw new TypeError('not a rule pack of format weir-rules/1: build it again with this version of Weir')
  }
  const rules: Rule[] = []
  const correlations: CorrelationRule[] = []
  const filters: Filter[] = []
  const refused: Refusal[] = []
  const mappings = json['mappings'] === undefined ? [] : readMappings(json['mappings'])
  const placeholders = readPlaceholders(json['placeholders'])
  const options = { placeholders, taxonomies: mappings.flatMap(({ taxonomy = [] }) => taxonomy) }
  for (const [index, entry] of json['rules'].entries()) {
    const file = isObject(entry) && typeof entry['file'] === 'string' ? entry['file'] : `rules[${index}]`
    const read = parseDocument(isObject(entry) ? entry['document'] : undefined, file, options)
    if ('rule' in read) rules.push(read.rule)
    else if ('correlation' in read) correlations.push(read.correlation)
    else if ('filter' in read) filters.push(read.filter)
    else refused.push(read.refused)
  }
  return { rules, correlations, filters, refused, mappings, placeholders }
}

function readPlaceholders(lists: unknown = {}): NonNullable<Parsed['placeholders']> {
  if (!isObject(lists)) throw new TypeError('placeholders of a rule pack are lists by name')
  return Object.fromEntries(
    Object.entries(lists).map(([name, list]) => {
      if (!Array.isArray(list) || !list.every(value => typeof value === 'string'))
        throw new TypeError(`the placeholder ${name.slice(0, 80)} of a rule pack is no list of texts`)
      return [name, list]
    }),
  )
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
