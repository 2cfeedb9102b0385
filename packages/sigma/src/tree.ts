import type { Network } from './network.ts'
import type { Pattern } from './values.ts'

/** What a rule's condition says, with its selections in place: `1 of sel_*` is already the OR of them. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly items: readonly Condition[] }
  | { readonly kind: 'not'; readonly item: Condition }
  | { readonly kind: 'selection'; readonly name: string; readonly detection: Detection }

/** What stands under one search identifier: maps are AND, lists of maps are OR, and the leaves are items. */
export type Detection =
  | { readonly kind: 'and' | 'or'; readonly items: readonly Detection[] }
  | { readonly kind: 'item'; readonly item: Item }

/** One line of a selection, `field|modifiers: values`. */
export interface Item {
  /** Undefined for keywords, which are searched in the whole event. */
  readonly field: string | undefined
  readonly values: readonly Value[]
  /** `|all`: every value must match, where otherwise one is enough. */
  readonly all: boolean
  /** `|neq`: true where the rest of the item is false. */
  readonly negated: boolean
}

/** A value after its modifiers. */
export type Value =
  | StringValue
  | RegexValue
  | CompareValue
  | FieldRefValue
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'boolean'; readonly boolean: boolean }
  | { readonly kind: 'null' }
  | { readonly kind: 'cidr'; readonly network: Network }
  | { readonly kind: 'exists'; readonly exists: boolean }
  /** One written value that stands for several, any of which will do: `base64offset`, `expand`. */
  | { readonly kind: 'any'; readonly values: readonly Value[] }

export interface StringValue {
  readonly kind: 'string'
  readonly pattern: Pattern
  /** As written, before escapes: what `re`, `cidr` and `fieldref` read. */
  readonly source: string
  readonly cased: boolean
  /** The pattern's characters are the bytes of another encoding (`wide`, `utf16…`). */
  readonly bytes: boolean
}

export interface RegexValue {
  readonly kind: 'regex'
  readonly source: string
  readonly flags: { readonly i: boolean; readonly m: boolean; readonly s: boolean }
  /** A search, present once the item is complete. */
  readonly test: ((text: string) => boolean) | undefined
}

export type Comparison = 'eq' | 'lt' | 'lte' | 'gt' | 'gte'
export type DatePart = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year'

export interface CompareValue {
  readonly kind: 'compare'
  readonly op: Comparison
  readonly number: number
  /** When present, this part of the field's date is compared instead of the field. */
  readonly part: DatePart | undefined
}

export interface FieldRefValue {
  readonly kind: 'fieldref'
  readonly field: string
  /** Whether this field's value must equal the other's (neither), or begin with it, end with it, contain it (both). */
  readonly starts: boolean
  readonly ends: boolean
}
