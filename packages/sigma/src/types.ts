/** Where a rule's events come from, as Sigma names it: https://sigmahq.io/docs/basics/log-sources */
export interface LogSource {
  readonly product?: string
  readonly service?: string
  readonly category?: string
}

export type Level = 'informational' | 'low' | 'medium' | 'high' | 'critical'
export const LEVELS: readonly Level[] = ['informational', 'low', 'medium', 'high', 'critical']

/** What a person is told of a detection, whether a Sigma rule or a typed detector makes it. Names are Sigma's. */
export interface RuleMeta {
  /** A UUID; it names the rule in findings, so it never changes. */
  readonly id: string
  readonly title: string
  readonly level: Level
  readonly status?: string
  readonly description?: string
  readonly author?: string
  readonly references?: readonly string[]
  readonly falsepositives?: readonly string[]
  /** `attack.t1648`, `owasp-serverless.sls5`, `nist-800-53.ac-3`, `hipaa.164.312.a.1` … */
  readonly tags?: readonly string[]
  readonly license?: string
}

/** An event as rules see it. */
export interface SigmaEvent {
  readonly logsource: LogSource
  /** The native fields of its log source, as parsed JSON. */
  readonly record: { readonly [field: string]: unknown }
  /** The OCSF body, mapped when first read: for rules with `taxonomy: ocsf`. */
  readonly ocsf: { readonly [field: string]: unknown }
}
