import { type Document, isAlias, isCollection, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml'
import type { CorrelationRule } from '../correlation/model.ts'
import type { Filter } from '../filter.ts'
import type { FieldMapping } from '../mapping.ts'
import { type Locate, type ParseOptions, type Path, type Refusal, type Rule, RuleError } from '../rule.ts'
import type { Parsed } from '../ruleset.ts'
import { DOCUMENT_DEPTH, readDocument, ruleName } from './document.ts'
import { readMappings } from './mapping.ts'

/** The longest text, in UTF-16 units, and how many documents one text may hold. */
export const TEXT_LIMIT = 1_048_576
export const DOCUMENTS_LIMIT = 1_000
/** How many nodes all aliases of a document may add. */
export const ALIAS_LIMIT = 100

/** YAML 1.2 whatever a %YAML directive says; duplicate keys are looked for in `toValue`, as the library's own check is quadratic. */
export const YAML_OPTIONS = { schema: 'core', merge: true, uniqueKeys: false, prettyErrors: false } as const

const CORE_TAGS: ReadonlySet<string> = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map(name => `tag:yaml.org,2002:${name}`),
)

/**
 * Takes the rules of one YAML text, which holds one or several documents. What is no rule, or one that cannot run as it is written, is
 * refused with its place and reason; the other documents are taken all the same. Never throws.
 */
export function parseRules(text: string, file: string, options: ParseOptions = {}): Parsed {
  const rules: Rule[] = []
  const correlations: CorrelationRule[] = []
  const filters: Filter[] = []
  const refused = eachDocument(text, file, (value, place) => {
    const read = readDocument(value, file, options, place)
    if ('rule' in read) rules.push(read.rule)
    else if ('correlation' in read) correlations.push(read.correlation)
    else filters.push(read.filter)
  })
  return { rules, correlations, filters, refused }
}

/** Takes the field mappings of one YAML text. A document of which one mapping is wrong is refused with its place. Never throws. */
export function parseMappings(
  text: string,
  file: string,
): { readonly mappings: readonly FieldMapping[]; readonly refused: readonly Refusal[] } {
  const mappings: FieldMapping[] = []
  const refused = eachDocument(text, file, value => void mappings.push(...readMappings(value)))
  return { mappings, refused }
}

/** Reads each document of a text; the answer is those that are no YAML, or that `take` threw a RuleError for before it kept anything. */
function eachDocument(text: string, file: string, take: (value: unknown, place: Locate) => void): Refusal[] {
  const refused: Refusal[] = []
  const refuse = (reason: string): Refusal[] => [{ file, line: 1, column: 1, rule: '', reason }]
  if (text.length > TEXT_LIMIT) return refuse(`longer than ${TEXT_LIMIT} characters; split the file`)
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, { ...YAML_OPTIONS, lineCounter: lines })
  if (documents.length === 0) return refuse('holds no document')
  if (documents.length > DOCUMENTS_LIMIT) return refuse(`more than ${DOCUMENTS_LIMIT} documents; split the file`)
  for (const document of documents) {
    if (isEmpty(document) && documents.length > 1) continue
    let value: unknown
    try {
      value = toValue(document)
      take(value, path => {
        const { line, col } = lines.linePos(locate(document, { path, offset: undefined }))
        return { line, column: col }
      })
    } catch (error) {
      if (!(error instanceof RuleError)) throw error
      const { line, col } = lines.linePos(error instanceof YamlError ? error.position : locate(document, error))
      refused.push({ file, line, column: col, rule: ruleName(value), reason: error.message })
    }
  }
  return refused
}

/** Whether a document holds nothing, such as what follows a last `---`: of several documents it is passed over. */
export function isEmpty({ contents, errors }: Document.Parsed): boolean {
  return errors.length === 0 && (contents === null || (isScalar(contents) && contents.value === null && contents.source === ''))
}

/** What is wrong with the YAML itself, and so has a position before there is a path. */
export class YamlError extends RuleError {
  readonly position: number
  constructor(position: number, reason: string) {
    super([], reason)
    this.position = position
  }
}

/** The document's value. Throws `YamlError` for what is no plain data. */
export function toValue(document: Document.Parsed): unknown {
  const [error] = document.errors
  if (error) throw new YamlError(error.pos[0], `not valid YAML: ${firstLine(error.message)}`)
  if (document.contents) checkNodes(document.contents)
  try {
    return document.toJS({ maxAliasCount: ALIAS_LIMIT })
  } catch (error) {
    const reason = error instanceof Error ? firstLine(error.message) : String(error)
    throw new YamlError(document.range[0], `not valid YAML: ${reason}`)
  }
}

/** Refuses custom tags, duplicate keys and deep nesting, and makes texts of numbers that begin with a zero. */
function checkNodes(contents: Node): void {
  const stack: { readonly node: unknown; readonly depth: number }[] = [{ node: contents, depth: 0 }]
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { node, depth } = top
    if (!isScalar(node) && !isCollection(node)) continue
    const at = node.range?.[0] ?? 0
    if (node.tag !== undefined && !CORE_TAGS.has(node.tag))
      throw new YamlError(at, `the tag ${node.tag.slice(0, 80)} is not taken`)
    if (depth > DOCUMENT_DEPTH) throw new YamlError(at, `nested more than ${DOCUMENT_DEPTH} deep`)
    // `00060429` is a code to whoever writes it; YAML 1.1, 1.2 and pySigma make three different things of it.
    if (isScalar(node) && typeof node.value === 'number' && /^[-+]?0\d/.test(node.source ?? '')) node.value = node.source
    if (isSeq(node)) for (const item of node.items) stack.push({ node: item, depth: depth + 1 })
    if (!isMap(node)) continue
    const keys = new Set<string>()
    for (const { key, value } of node.items) {
      if (!isScalar(key)) throw new YamlError(at, 'a key must be a text')
      const name = String(key.value)
      if (keys.has(name)) throw new YamlError(key.range?.[0] ?? at, `the key ${JSON.stringify(name.slice(0, 80))} stands twice`)
      keys.add(name)
      stack.push({ node: key, depth: depth + 1 }, { node: value, depth: depth + 1 })
    }
  }
}

/** The character at which an error's path begins, or as far along the path as the text goes. */
export function locate(
  document: Document.Parsed,
  { path, offset }: { readonly path: Path; readonly offset: number | undefined },
): number {
  let at = document.range[0]
  let node: unknown = document.contents
  if (isCollection(node)) at = node.range?.[0] ?? at
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step)
      if (!pair) return at
      if (isScalar(pair.key)) at = pair.key.range?.[0] ?? at
      node = pair.value
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step]
      if (isScalar(node) || isCollection(node)) at = node.range?.[0] ?? at
    } else return at
  }
  if (offset === undefined || !isScalar(node) || !node.range) return at
  const quoted = node.type === 'QUOTE_SINGLE' || node.type === 'QUOTE_DOUBLE'
  // Where a block scalar's text begins, its indentation and folds make the offset a guess: point at the scalar.
  return node.type === 'PLAIN' || quoted ? node.range[0] + offset + (quoted ? 1 : 0) : node.range[0]
}

const firstLine = (message: string): string => (message.split('\n', 1)[0] ?? '').slice(0, 200)
