import { readdirSync, readFileSync } from 'node:fs'
import { loadPack } from '@weir/detections'
import { configSchema } from '@weir/ingest'
import { createEngine } from '@weir/sigma'
import { describe, expect, it } from 'vitest'

const redact = new URL('../../packages/schema/src/redact/', import.meta.url)
const { IDENTIFIERS } = (await import(new URL('checks.ts', redact).href)) as { IDENTIFIERS: Readonly<Record<string, unknown>> }
const { PATTERNS, NUMBER_KINDS } = (await import(new URL('rules.ts', redact).href)) as {
  PATTERNS: readonly { readonly kind: string }[]
  NUMBER_KINDS: readonly string[]
}
const sources = readdirSync(redact)
  .filter(file => /^[a-z]+\.ts$/.test(file))
  .map(file => readFileSync(new URL(file, redact), 'utf8'))
  .join('\n')
/** Kinds that the code names itself, and those of the names of fields. */
const named = [
  ...sources.matchAll(/kind: '([a-z0-9-]+)'/g),
  ...(/const KINDS = \[([^\]]*)\]/.exec(sources)?.[1] ?? '').matchAll(/'([a-z0-9-]+)'/g),
].map(([, kind = '']) => kind)

/** What tells of a person rather than opening something: all that has a checksum and a country or a bank, and what stands on a card. */
const PERSONAL = new Set([...Object.keys(IDENTIFIERS), ...NUMBER_KINDS, 'card-code'])
/** What the config offers to mask by choice. */
const BY_CHOICE = new Set(JSON.stringify(configSchema()).match(/(?<="also":\{.{0,300}"enum":\[")[a-z-]+/g))
const UNREAD = new Set(named.filter(kind => kind.startsWith('too-')))
/** Stand for others, which they are found to be before anything is masked. */
const GROUPS = new Set(['national-id', 'assignment'])
const KINDS = new Set([...PATTERNS.map(({ kind }) => kind), ...named, ...PERSONAL, ...BY_CHOICE])

const pack = await loadPack()
const engine = createEngine(pack.rules)
const logsource = { product: 'weir', service: 'telemetry' }
const found = (kind: string): string[] =>
  engine
    .match({
      logsource,
      record: { signal: 'weir.secret', record: { signal: 'function', kind, place: 'line', count: 1 } },
      ocsf: {},
    })
    .map(({ rule }) => rule.meta.title)

function titleOf(kind: string): string[] {
  if (UNREAD.has(kind)) return []
  if (BY_CHOICE.has(kind)) return ['Function prints mail addresses in its log']
  return [
    PERSONAL.has(kind)
      ? 'Function prints numbers of cards, accounts or persons in its log'
      : 'Function prints a secret in its log',
  ]
}

describe('each kind that the redactor masks', () => {
  it('is known here', () => {
    expect(KINDS.size).toBeGreaterThan(60)
    expect([...UNREAD].toSorted()).toEqual(['too-complex', 'too-deep'])
    expect([...BY_CHOICE]).toEqual(['email'])
    for (const kind of ['url-password', 'cookie', 'jwt', 'api-key', 'us-ssn', 'iban']) expect(KINDS).toContain(kind)
  })

  it.each([...KINDS].filter(kind => !GROUPS.has(kind)))('%s is one finding, of the rule that it belongs to', kind => {
    expect(found(kind)).toEqual(titleOf(kind))
  })

  it('is all that the rules name', () => {
    const rules = pack.rules.filter(({ meta }) => meta.title.startsWith('Function prints'))
    expect(rules).toHaveLength(3)
    const listed = rules.flatMap(({ document }) => JSON.stringify(document).match(/(?<="record\.kind":)\[[^\]]*\]/g) ?? [])
    const names = listed.flatMap(list => JSON.parse(list) as string[])
    expect(names.length).toBeGreaterThan(30)
    expect(names.filter(kind => !KINDS.has(kind))).toEqual([])
  })
})
