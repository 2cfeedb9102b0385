import type { Condition, Detection, Item, Value } from '../tree.ts'
import { shapeOf } from './regex-shape.ts'

/** A text of fewer characters is in too many events to tell rules apart. */
export const NEEDLE = 3

/**
 * Whether a rule has something that every event it matches must hold and that an index can look for: a value, a number, or a text of at least
 * `NEEDLE` characters. A rule without one is tried on every event that has its
 * fields.
 */
export function indexed(condition: Condition): boolean {
  if (condition.kind === 'not') return false
  if (condition.kind === 'selection') return ofDetection(condition.detection)
  return condition.kind === 'and' ? condition.items.some(indexed) : condition.items.every(indexed)
}

function ofDetection(detection: Detection): boolean {
  if (detection.kind === 'item') return ofItem(detection.item)
  return detection.kind === 'and' ? detection.items.some(ofDetection) : detection.items.every(ofDetection)
}

function ofItem({ values, all, negated }: Item): boolean {
  if (negated) return false
  return all ? values.some(ofValue) : values.every(ofValue)
}

function ofValue(value: Value): boolean {
  if (value.kind === 'any') return value.values.every(ofValue)
  if (value.kind === 'string') {
    // A whole value is looked up, however short.
    if (value.pattern.every(part => typeof part === 'string')) return true
    return value.pattern.some(part => typeof part === 'string' && part.length >= NEEDLE)
  }
  if (value.kind === 'regex') return shapeOf(value.source).needs >= NEEDLE
  return value.kind === 'number' || value.kind === 'boolean' || (value.kind === 'compare' && value.op === 'eq' && !value.part)
}
