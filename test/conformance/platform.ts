/** What a platform has. What a scenario expects follows from this, never from whose platform it is. */
export interface Traits {
  /** A managed instance: several invocations at once, no INVOKE for extensions, no way back from a crash. */
  readonly managed: boolean
  /** Whether there is a Telemetry API; without one a subscription is answered 202. */
  readonly telemetry: boolean
}

export interface Request {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** A text as it is, anything else as JSON. */
  readonly body?: unknown
}

/** A step of the probe extension; probe/extension.mjs says what each does. */
export type Step =
  | { readonly as: string; readonly call: Request; readonly detach?: boolean }
  | { readonly listen: { readonly delayMs?: number; readonly statuses?: readonly number[] } }
  | { readonly loop: { readonly onInvoke?: readonly Step[]; readonly onShutdown?: readonly Step[] } }
  | { readonly print: string }
  | { readonly sleep: number }
  | { readonly awaits: string }
  | { readonly exit: number }

/** How the probe runtime begins; probe/runtime.mjs says what each does. */
export type Beginning = '' | 'error' | 'slow' | `exit:${number}`

export interface Setup {
  /** A script for each start of the extension in the sandbox, the last for all later ones. */
  readonly scripts: readonly (readonly Step[])[]
  readonly runtimes?: readonly Beginning[]
  /** Default 10. */
  readonly timeoutSeconds?: number
  /** Where the platform can be told: how long Init may take. */
  readonly initTimeoutMs?: number
  /** Default 1. More are copies with the same scripts. */
  readonly extensions?: number
}

/** A line of the diary that extension and runtime keep together. */
export interface Entry {
  readonly who: 'extension' | 'runtime'
  readonly kind: string
  readonly at: number
  readonly pid: number
  readonly as?: string
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly text?: string
  readonly [other: string]: unknown
}

/** One sandbox with the probe in it. */
export interface Run {
  /** The body of the answer, from JSON where it is some. */
  invoke(event: Readonly<Record<string, unknown>>): Promise<unknown>
  /** Ends the sandbox in order, and waits for it. */
  end(): Promise<void>
  /** All that was written down so far. */
  diary(): readonly Entry[]
  /** Lambda's word for a reason of SHUTDOWN, where the platform has another. */
  reason(word: string): string
}

export interface Platform {
  readonly name: string
  readonly traits: Traits
  open(setup: Setup): Promise<Run>
}

/** A field of something that nothing is known of. */
export const field = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>(
    (inner, name) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, name) : undefined),
    value,
  )

/** A text that something may be; '' where it is none. */
export const text = (value: unknown): string => (typeof value === 'string' ? value : '')
