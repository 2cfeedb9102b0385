import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  type YAMLMap,
} from 'yaml'
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
  const documents = readDocuments(text, lines)
  if (documents.length === 0) return refuse('holds no document')
  if (documents.length > DOCUMENTS_LIMIT) return refuse(`more than ${DOCUMENTS_LIMIT} documents; split the file`)
  const refuseAt = (at: number, rule: string, reason: string): void => {
    const { line, col } = lines.linePos(at)
    refused.push({ file, line, column: col, rule, reason })
  }
  for (const document of documents) {
    if (document instanceof YamlError) {
      refuseAt(document.position, '', document.message)
      continue
    }
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
      refuseAt(error instanceof YamlError ? error.position : locate(document, error), ruleName(value), error.message)
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

/**
 * The documents of a text, as `parseAllDocuments` reads them; for one that is nested too deep, the error. Nesting is looked at before the library
 * composes documents: it calls itself for each level, and how many levels there is room for changes from run to run.
 */
export function readDocuments(text: string, lines: LineCounter): readonly (Document.Parsed | YamlError)[] {
  const steep = STEEP.exec(text)
  if (steep) {
    for (const { index } of text.slice(0, steep.index).matchAll(/^/gm)) lines.addNewLine(index)
    return [new YamlError(steep.index, TOO_DEEP)]
  }
  const tokens: CST.Token[] = []
  const deep: (number | undefined)[] = []
  for (const token of new Parser(lines.addNewLine).parse(text)) {
    if (token.type !== 'document') {
      tokens.push(token)
      continue
    }
    const { value, ...bare } = token
    const at = tooDeep(value)
    deep.push(at)
    tokens.push(at === undefined ? token : bare)
  }
  const documents = [...new Composer({ ...YAML_OPTIONS, lineCounter: lines }).compose(tokens)]
  return documents.map((document, i) => {
    const at = deep[i]
    return at === undefined ? document : new YamlError(at, TOO_DEEP)
  })
}

/** A line that opens so many lists or keys at once that even the library's parser, which is no recursion but where a document ends, has no room. */
const STEEP = /^[ \t]*(?:[-?][ \t]+){500}/m
const TOO_DEEP = `nested more than ${DOCUMENT_DEPTH} deep`

/** Where a document goes deeper than is read. */
function tooDeep(contents: CST.Token | undefined): number | undefined {
  const stack: { readonly token: CST.Token | null | undefined; readonly depth: number }[] = [{ token: contents, depth: 0 }]
  let first: number | undefined
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { token, depth } = top
    if (!token || !('items' in token)) continue
    if (depth > DOCUMENT_DEPTH) first = Math.min(first ?? token.offset, token.offset)
    else
      for (const { key, value } of token.items) stack.push({ token: key, depth: depth + 1 }, { token: value, depth: depth + 1 })
  }
  return first
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
    if (depth > DOCUMENT_DEPTH) throw new YamlError(at, TOO_DEEP)
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
      const pair = pairsOf(node).get(String(step))
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

const pairs = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>()

/** The pairs of a map by key: thousands of places may be asked for in one map. */
function pairsOf(map: YAMLMap): ReadonlyMap<string, Pair> {
  const known = pairs.get(map) ?? new Map(map.items.flatMap(pair => (isScalar(pair.key) ? [[String(pair.key.value), pair]] : [])))
  pairs.set(map, known)
  return known
}

const firstLine = (message: string): string => (message.split('\n', 1)[0] ?? '').slice(0, 200)
