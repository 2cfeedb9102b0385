/** The user can mend it: printed without a stack, exit code 2. The message says where and what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** A source of secrets that did not answer, or not now: the same question may be answered in a while. */
export class SourceUnavailable extends ConfigError {}

/** We must mend it: printed with its stack, exit code 1. */
export class WeirError extends Error {
  override readonly name: string = 'WeirError'
}

/** A record that its source recognized and cannot normalize; it goes to quarantine. The message names the field, never its content. */
export class UnmappableError extends WeirError {
  override readonly name = 'UnmappableError'
}

/** A spool or quarantine entry that is gone or cannot be read. */
export class SpoolError extends WeirError {
  override readonly name = 'SpoolError'
}

/** An error for the log: name and message, and those of its cause. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  return `${error.name}: ${error.message}${error.cause === undefined ? '' : ` (${describe(error.cause)})`}`
}
