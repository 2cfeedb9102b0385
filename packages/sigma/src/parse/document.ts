import type { CorrelationRule } from '../correlation/model.ts'
import type { Filter } from '../filter.ts'
import { type Locate, type ParseOptions, type Refusal, type Rule, RuleError } from '../rule.ts'
import type { Condition } from '../tree.ts'
import { readCorrelation } from './correlation.ts'
import { DetectionReader, isMap } from './detection.ts'
import { readFilter } from './filter.ts'
import { checkVersion, own, readLogSource, readMeta, readName, readTaxonomy } from './metadata.ts'
import { readSelections } from './selections.ts'

/** How deep a document may nest, and how many values it may hold, counting a shared one each time. */
export const DOCUMENT_DEPTH = 32
export const DOCUMENT_SIZE = 200_000

/** What one document is. */
export type Document = { readonly rule: Rule } | { readonly correlation: CorrelationRule } | { readonly filter: Filter }

/**
 * Takes a document that is parsed already, from a rule pack: no YAML at cold start. It is checked as strictly as a text. Refusals have
 * line and column 0, and their reason begins with the place in the document.
 */
export function parseDocument(
  document: unknown,
  file: string,
  options: ParseOptions = {},
): Document | { readonly refused: Refusal } {
  try {
    return readDocument(document, file, options, () => ({ line: 0, column: 0 }))
  } catch (error) {
    if (!(error instanceof RuleError)) throw error
    const place = error.path.join('.')
    return {
      refused: {
        file,
        line: 0,
        column: 0,
        rule: ruleName(document),
        reason: place ? `${place}: ${error.message}` : error.message,
      },
    }
  }
}

/** Reads one document. Throws RuleError. */
export function readDocument(document: unknown, file: string, options: ParseOptions, locate: Locate): Document {
  if (!isMap(document)) throw new RuleError([], 'a rule is a map with title, logsource and detection')
  checkSize(document)
  if (Object.hasOwn(document, 'action'))
    throw new RuleError(['action'], 'collections of old Sigma ("action: global") are not Sigma 2; write each rule whole')
  if (Object.hasOwn(document, 'correlation')) return { correlation: readCorrelation(document, file, locate) }
  if (Object.hasOwn(document, 'filter')) return { filter: readFilter(document, file, options, locate) }
  return { rule: readRule(document, file, options, locate) }
}

function readRule(document: Readonly<Record<string, unknown>>, file: string, options: ParseOptions, locate: Locate): Rule {
  const meta = readMeta(document)
  const logsource = readLogSource(document)
  const taxonomy = readTaxonomy(document, options)
  const reader = new DetectionReader(options)
  const condition = readDetection(document, reader)
  checkVersion(document, reader.fields)
  const name = readName(document)
  return {
    meta,
    ...(name === undefined ? {} : { name }),
    logsource,
    ...taxonomy,
    condition,
    fields: [...reader.fields].sort(),
    file,
    place: locate(['id']),
    document,
  }
}

/** What a refused document is called: its title or its id. */
export function ruleName(document: unknown): string {
  if (!isMap(document)) return ''
  const name = own(document, 'title') ?? own(document, 'id')
  return typeof name === 'string' ? name.slice(0, 256) : ''
}

function readDetection(document: Readonly<Record<string, unknown>>, reader: DetectionReader): Condition {
  const detection = own(document, 'detection')
  if (!isMap(detection))
    throw new RuleError(['detection'], detection === undefined ? 'detection is missing' : 'detection must be a map')
  return readSelections(detection, reader, ['detection'])
}

/** Walks the document before anything recursive does. */
function checkSize(document: object): void {
  const stack: { readonly value: unknown; readonly depth: number }[] = [{ value: document, depth: 0 }]
  let seen = 0
  for (let top = stack.pop(); top; top = stack.pop()) {
    if (++seen > DOCUMENT_SIZE) throw new RuleError([], `holds more than ${DOCUMENT_SIZE} values`)
    if (top.depth > DOCUMENT_DEPTH) throw new RuleError([], `nested more than ${DOCUMENT_DEPTH} deep`)
    if (typeof top.value !== 'object' || top.value === null) continue
    for (const value of Object.values(top.value)) stack.push({ value, depth: top.depth + 1 })
  }
}
