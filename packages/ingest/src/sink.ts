import type { OcsfEvent } from '@weir/schema/ocsf'
import type { z } from 'zod/mini'

/**
 * What a destination said of an event: took it, had it already, wants it again later, wants it in smaller pieces, cannot take any until a
 * person mends the config, or will never take this one.
 */
export type Verdict = 'delivered' | 'duplicate' | 'retry' | 'split' | 'hold' | 'rejected'

export interface Judgement {
  readonly verdict: Verdict
  /** For people: status, code and the far side's own words, without content of events and without secrets. */
  readonly reason?: string
  /** With `retry`: how long the far side asks to be left alone, milliseconds. */
  readonly afterMs?: number
}

export interface SinkRequest {
  readonly method: 'POST' | 'GET' | 'PUT'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Uncompressed; `forward` compresses it when the sink's options say so. */
  readonly body: string | Uint8Array
}

export interface SinkResponse {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** At most 4 MiB of it. */
  readonly body: Uint8Array
}

/** What a sink may use of the outside world; injected, so that tests need no network. */
export interface SinkIo {
  readonly now: () => number
  readonly request: (request: SinkRequest, options: { readonly timeoutMs: number; readonly ca?: string }) => Promise<SinkResponse>
}

/**
 * A destination. `encode` and `judge` are pure; batching, waiting, retrying, splitting, compressing and spooling live once, in `forward`.
 * One file each in `sinks/`, listed in `sinks/index.ts`.
 */
export interface Sink<Options> {
  /** The word users write after `type:`; the file carries it too. */
  readonly name: string
  /** One sentence; becomes the README row. */
  readonly summary: string
  /** The options of this sink; their `.describe()`s (zod/mini: `z.describe` checks) become `weir sinks` and the config's JSON Schema. */
  readonly options: z.ZodMiniType<Options>
  /** Names of the options that hold secrets: given by reference in the config, resolved before `encode` and `authorize` see them. */
  readonly secrets: readonly string[]
  /** The most one request may hold, before compression. */
  limits(options: Options): { readonly events: number; readonly bytes: number }
  /** Events with different keys never share a request (an index, a table, a time window). Default: all share. */
  partition?(event: OcsfEvent, options: Options): string
  /**
   * Headers that carry credentials, obtained once and cached by `forward` until they expire (epoch milliseconds) or a `hold` asks for
   * fresh ones. Throws `ConfigError` where only a person can help, which is a `hold`; any other error is a `retry`.
   */
  authorize?(
    options: Options,
    io: SinkIo,
  ): Promise<{ readonly headers: Readonly<Record<string, string>>; readonly expiresAt: number }>
  encode(events: readonly OcsfEvent[], options: Options): SinkRequest
  /** One judgement for the whole request, or one per event in the order sent. */
  judge(response: SinkResponse, events: readonly OcsfEvent[], options: Options): Judgement | readonly Judgement[]
  /** What must stand at the destination before the first event, as files to install there: path to content. */
  install?(): Promise<Readonly<Record<string, string>>>
  /** A harmless request that shows reachability and credentials, for `weir check --connect`. */
  probe(options: Options): SinkRequest
  judgeProbe(response: SinkResponse, options: Options): Judgement
  /** Replaces HTTP, for a sink on this machine; gets `probe`'s request too, with no events. A throw is a `retry`. */
  send?(request: SinkRequest, events: readonly OcsfEvent[], options: Options): Promise<SinkResponse>
}
