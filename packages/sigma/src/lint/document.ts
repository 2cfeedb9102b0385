import { LineCounter } from 'yaml'
import { parseCondition } from '../condition/parser.ts'
import { DetectionReader, isMap } from '../parse/detection.ts'
import { readDocument, ruleName } from '../parse/document.ts'
import { DOCUMENTS_LIMIT, isEmpty, locate, readDocuments, TEXT_LIMIT, toValue, YamlError } from '../parse/yaml.ts'
import type { CorrelationRule } from '../correlation/model.ts'
import { type ParseOptions, type Path, type Place, type Refusal, type Rule, RuleError } from '../rule.ts'
import type { Condition, Detection, Item } from '../tree.ts'

type Fields = Readonly<Record<string, unknown>>

/** A document as lints look at it: what is written, what it means, and where. */
export interface LintDocument {
  readonly file: string
  readonly title: string
  readonly kind: 'rule' | 'correlation' | 'filter' | 'refused'
  readonly written: Fields
  /** `offset` counts characters into the scalar at the path. */
  readonly place: (path: Path, offset?: number) => Place
  readonly refused?: Refusal
  /** What was read of it, as the engine takes it. */
  readonly rule?: Rule
  readonly correlation?: CorrelationRule
  /** Of rules and filters. */
  readonly detection?: LintDetection
}

export interface LintDetection {
  /** Where its selections stand: `detection`, or `filter`. */
  readonly path: Path
  readonly condition: Condition
  readonly conditions: readonly { readonly text: string; readonly path: Path }[]
  readonly selections: readonly Selection[]
}

/** What stands under a search identifier. */
export interface Selection {
  readonly name: string
  readonly path: Path
  readonly detection: Detection
  readonly items: readonly LintItem[]
}

/** One line of a selection, `field|modifiers: values`, with its place. */
export interface LintItem {
  readonly item: Item
  /** '' for keywords. */
  readonly field: string
  readonly modifiers: readonly string[]
  /** As written, always as a list. */
  readonly values: readonly unknown[]
  readonly path: Path
  /** Where the value with this index stands. */
  readonly at: (index: number) => Path
}

/** What cannot be read, or not as YAML: a document that is refused. */
export function unreadDocument(file: string, reason: string, at: Place = { line: 1, column: 1 }): LintDocument {
  return { file, title: '', kind: 'refused', written: {}, place: () => at, refused: { file, ...at, rule: '', reason } }
}

/** Reads the documents of one text. What is refused is in the answer as well, with what could be read of it. Never throws. */
export function readLintDocuments(text: string, file: string, options: ParseOptions = {}): LintDocument[] {
  const lines = new LineCounter()
  if (text.length > TEXT_LIMIT) return [unreadDocument(file, `longer than ${TEXT_LIMIT} characters; split the file`)]
  const documents = readDocuments(text, lines)
  if (documents.length > DOCUMENTS_LIMIT) return [unreadDocument(file, `more than ${DOCUMENTS_LIMIT} documents; split the file`)]
  if (documents.length === 0) return [unreadDocument(file, 'holds no document')]
  const read: LintDocument[] = []
  const position = (at: number): Place => {
    const { line, col } = lines.linePos(at)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  for (const document of documents) {
    if (document instanceof YamlError) {
      read.push(unreadDocument(file, document.message, position(document.position)))
      continue
    }
    if (isEmpty(document) && documents.length > 1) continue
    const place = (path: Path, offset?: number): Place => position(locate(document, { path, offset }))
    let value: unknown
    try {
      value = toValue(document)
      const known = readDocument(value, file, options, place)
      const written = isMap(value) ? value : {}
      const base = { file, title: ruleName(value), written, place }
      if ('correlation' in known) read.push({ ...base, kind: 'correlation', ...known })
      else if ('filter' in known)
        read.push({ ...base, kind: 'filter', detection: readDetection(written, ['filter'], ['rules'], options) })
      else read.push({ ...base, kind: 'rule', ...known, detection: readDetection(written, ['detection'], [], options) })
    } catch (error) {
      if (!(error instanceof RuleError)) throw error
      const at = error instanceof YamlError ? position(error.position) : place(error.path, error.offset)
      const title = ruleName(value)
      const refused = { file, ...at, rule: title, reason: error.message }
      read.push({ file, title, kind: 'refused', written: isMap(value) ? value : {}, place, refused })
    }
  }
  return read
}

function readDetection(
  document: Fields,
  path: readonly [string],
  others: readonly string[],
  options: ParseOptions,
): LintDetection {
  const map = document[path[0]]
  if (!isMap(map)) throw new RuleError(path, 'must be a map')
  const reader = new DetectionReader(options)
  const selections = Object.entries(map)
    .filter(([name]) => name !== 'condition' && !others.includes(name))
    .map(([name, written]) => {
      const at = [...path, name]
      const detection = reader.read(written, at)
      return { name, path: at, detection, items: [...itemsOf(written, detection, at)] }
    })
  const texts = Array.isArray(map['condition']) ? map['condition'] : [map['condition']]
  const conditions = texts.map((text: unknown, i) => ({
    text: String(text),
    path: Array.isArray(map['condition']) ? [...path, 'condition', i] : [...path, 'condition'],
  }))
  const detections = new Map(selections.map(({ name, detection }) => [name, detection]))
  const items = conditions.map(({ text }) => parseCondition(text, detections))
  const [first] = items
  return { path, condition: items.length === 1 && first ? first : { kind: 'or', items }, conditions, selections }
}

/** Walks what is written beside what was read of it: a map of one line and a list of one map are that line and that map. */
function* itemsOf(written: unknown, detection: Detection, path: Path): Generator<LintItem> {
  const maps = Array.isArray(written) && written.some(isMap)
  const parts: readonly (readonly [string | number, unknown])[] = maps
    ? [...written.entries()]
    : isMap(written)
      ? Object.entries(written)
      : []
  if (parts.length === 0) {
    if (detection.kind === 'item') yield lintItem('', written, detection.item, path)
    return
  }
  for (const [i, [key, value]] of parts.entries()) {
    const part = parts.length === 1 || detection.kind === 'item' ? detection : detection.items[i]
    if (!part) continue
    const at = [...path, key]
    if (maps) yield* itemsOf(value, part, at)
    else if (part.kind === 'item') yield lintItem(String(key), value, part.item, at)
  }
}

function lintItem(key: string, written: unknown, item: Item, path: Path): LintItem {
  const [field = '', ...modifiers] = key.split('|')
  const listed = Array.isArray(written)
  return { item, field, modifiers, values: listed ? written : [written], path, at: index => (listed ? [...path, index] : path) }
}
