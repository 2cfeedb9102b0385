import type { Path } from '../rule.ts'
import type { LintDocument } from './document.ts'

export type Severity = 'error' | 'warning' | 'info'
/** The most severe first. `error`: the rule does not do what it says. `warning`: probably not. `info`: it works, and could be better. */
export const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info']

/** A mistake that people make in rules. */
export interface Lint {
  /** The word by which it is known and switched off. */
  readonly code: string
  readonly severity: Severity
  /** What it looks for: the row in the README. */
  readonly about: string
  /** The way to mend it. */
  readonly mend: string
  /** Looks at one document. */
  readonly one?: (document: LintDocument, tell: Tell) => void
  /** Looks at all documents together. */
  readonly all?: (documents: readonly LintDocument[], tell: (document: LintDocument, path: Path, what: string) => void) => void
}

/** Reports what is wrong at a place; `offset` counts characters into the scalar there. */
export type Tell = (path: Path, what: string, offset?: number) => void

/** One mistake at one place. */
export interface Report {
  readonly code: string
  readonly severity: Severity
  readonly file: string
  /** Both count from 1. */
  readonly line: number
  readonly column: number
  /** The document's title or id, '' when it has neither. */
  readonly rule: string
  readonly message: string
  readonly mend: string
}
