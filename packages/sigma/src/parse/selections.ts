import { CONDITION_SIZE, ConditionError, parseCondition } from '../condition/parser.ts'
import { type Path, RuleError } from '../rule.ts'
import type { Condition, Detection } from '../tree.ts'
import type { DetectionReader } from './detection.ts'
import { own } from './metadata.ts'

/** The longest condition, in characters. */
const CONDITION_LENGTH = 65_535

/** Reads the selections of a map and puts them into its condition; `others` are keys of it that are neither. Throws RuleError. */
export function readSelections(
  map: Readonly<Record<string, unknown>>,
  reader: DetectionReader,
  path: readonly string[],
  others: readonly string[] = [],
): Condition {
  if (Object.hasOwn(map, 'timeframe'))
    throw new RuleError([...path, 'timeframe'], 'timeframe belongs to old aggregations; write a correlation rule')
  const detections = new Map<string, Detection>()
  for (const [name, definition] of Object.entries(map)) {
    if (name !== 'condition' && !others.includes(name)) detections.set(name, reader.read(definition, [...path, name]))
  }
  const written = own(map, 'condition')
  const place = [...path, 'condition']
  if (written === undefined || written === null) throw new RuleError(path, 'condition is missing')
  if (!Array.isArray(written)) return readCondition(written, detections, place)
  if (written.length * detections.size > CONDITION_SIZE) throw new RuleError(place, 'too many conditions')
  const items = written.map((one, i) => readCondition(one, detections, [...place, i]))
  const [first] = items
  if (!first) throw new RuleError(place, 'condition is empty')
  return items.length === 1 ? first : { kind: 'or', items }
}

function readCondition(written: unknown, detections: ReadonlyMap<string, Detection>, path: Path): Condition {
  if (typeof written !== 'string') throw new RuleError(path, 'condition must be a text')
  if (written.length > CONDITION_LENGTH) throw new RuleError(path, `condition is longer than ${CONDITION_LENGTH} characters`)
  try {
    return parseCondition(written, detections)
  } catch (error) {
    throw error instanceof ConditionError ? new RuleError(path, `condition: ${error.message}`, error.at) : error
  }
}
