import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isObject, parseJson, type JsonObject } from '../json.ts'
import { startLambda, type FunctionHandle, type Lambda } from './lambda.ts'
import type { ExtensionOptions, FunctionOptions, LambdaEvent } from './options.ts'

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))

/** For the tests of this folder: a Lambda in a temp folder of its own, with what it emitted and what the fixture extension wrote down. */
export interface Bench {
  lambda: Lambda
  tempFolder: string
  events: LambdaEvent[]
  /** The fixture function, `index.handler`, that does what the event says. */
  create(options?: Partial<FunctionOptions>): FunctionHandle
  /** The fixture extension; `record` names its diary. */
  extension(record: string, env?: Record<string, string>): ExtensionOptions
  /** What the fixture extension wrote down, by kind. */
  diary(record: string, kind: string): JsonObject[]
  /** The types of the events so far, in order, of the platform only. */
  platform(): string[]
  /** Resolves with the next (or first past) event that fits. */
  event(fits: (event: LambdaEvent) => boolean): Promise<LambdaEvent>
  close(): Promise<void>
}

/** The Telemetry API's smallest buffers and shortest wait. */
export const QUICK = { maxItems: 1000, maxBytes: 262_144, timeoutMs: 25 }

export const subscribeTo = (...types: string[]): string =>
  JSON.stringify({ schemaVersion: '2025-01-29', types, buffering: QUICK })

/** A field of a record that a test looks into. */
export const field = (value: unknown, ...path: string[]): unknown =>
  path.reduce<unknown>((inner, name) => (isObject(inner) ? inner[name] : undefined), value)

export function startBench(): Bench {
  const tempFolder = mkdtempSync(join(tmpdir(), 'weir-emulator-'))
  const events: LambdaEvent[] = []
  const watchers = new Set<(event: LambdaEvent) => void>()
  const lambda = startLambda({
    tempFolder,
    onEvent(event) {
      events.push(event)
      for (const watcher of watchers) watcher(event)
    },
  })
  let functions = 0
  return {
    lambda,
    tempFolder,
    events,
    create: options =>
      lambda.createFunction({
        name: `f${functions++}`,
        taskRoot: fixture('handler'),
        timeoutSeconds: 20,
        initTimeoutMs: 20_000,
        ...options,
      }),
    extension: (record, env = {}) => ({ path: fixture('extension'), env: { RECORD: join(tempFolder, record), ...env } }),
    diary(record, kind) {
      const path = join(tempFolder, record)
      if (!existsSync(path)) return []
      const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean)
      return lines
        .map(parseJson)
        .filter(isObject)
        .filter(entry => entry['kind'] === kind)
    },
    platform: () => events.map(({ type }) => type).filter(type => type.startsWith('platform.')),
    event: fits => {
      const past = events.find(fits)
      if (past) return Promise.resolve(past)
      return new Promise(resolve => {
        const watcher = (event: LambdaEvent) => {
          if (!fits(event)) return
          watchers.delete(watcher)
          resolve(event)
        }
        watchers.add(watcher)
      })
    },
    async close() {
      await lambda.close()
      rmSync(tempFolder, { recursive: true, force: true })
    },
  }
}
