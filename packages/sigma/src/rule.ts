import type { Condition } from './tree.ts'
import type { LogSource, RuleMeta } from './types.ts'

/** A rule that has passed every check and can be matched: what `createEngine` takes. */
export interface Rule {
  readonly meta: RuleMeta
  /** What correlations and filters may call it, beside its id. */
  readonly name?: string
  readonly logsource: LogSource
  /** Which body the rule's field names belong to: `event.record` for `sigma`, `event.ocsf` for `ocsf`. */
  readonly taxonomy: 'sigma' | 'ocsf'
  /** The user's own taxonomy that the document is written in: a field mapping for it translates the names. */
  readonly dialect?: string
  readonly condition: Condition
  /** Every field that the detection reads, sorted; keywords read the whole event and are not in it. */
  readonly fields: readonly string[]
  /** The same rule for events of other log sources, under their field names. An event that several bindings match is one match. */
  readonly also?: readonly Binding[]
  /** The filters that its condition holds, in the order in which they were read. */
  readonly filters?: readonly CarriedFilter[]
  readonly file: string
  /** Where its id stands, or else where its document begins. */
  readonly place: Place
  /** The parsed YAML, to be put into a pack; `parseDocument` reads it back. */
  readonly document: unknown
}

/** A filter that a rule carries. */
export interface CarriedFilter {
  readonly id: string
  readonly title: string
  readonly file: string
}

/** A rule as it is tried on the events of one log source. */
export interface Binding {
  readonly logsource: LogSource
  readonly condition: Condition
  /** As `Rule.fields`. */
  readonly fields: readonly string[]
}

/** A place in the text that a document came from: line and column count from 1, and are 0 when it came from a pack. */
export interface Place {
  readonly line: number
  readonly column: number
}
export type Locate = (path: Path) => Place

/** Why a document was not taken. Line and column count from 1, and are 0 when the document came from a pack. */
export interface Refusal {
  readonly file: string
  readonly line: number
  readonly column: number
  /** The rule's title, or its id, or '' when it has neither. */
  readonly rule: string
  readonly reason: string
}

export interface ParseOptions {
  /** The values of `%name%` under `|expand`; they may hold wildcards. A rule whose placeholder is not here is refused. */
  readonly placeholders?: { readonly [name: string]: readonly string[] }
  /** Taxonomies beside `sigma` and `ocsf` that the field mappings translate. A rule of any other is refused. */
  readonly taxonomies?: readonly string[]
}

/** Where in a document something is wrong: the keys and indexes that lead there. */
export type Path = readonly (string | number)[]

/** A rule that cannot be taken. It never leaves the package: the parser turns it into a Refusal. */
export class RuleError extends Error {
  readonly path: Path
  /** Characters into the scalar at `path`, for conditions. */
  readonly offset: number | undefined

  constructor(path: Path, reason: string, offset?: number) {
    super(reason)
    this.path = path
    this.offset = offset
  }
}
