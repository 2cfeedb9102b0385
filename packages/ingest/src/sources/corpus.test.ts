import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { decode } from '../decode.ts'
import type { Event, Origin } from '../event.ts'
import { normalize } from '../normalize.ts'
import { sources } from './index.ts'
import { batchBytes, hasValidator, SHARED, validate } from './testing/records.ts'

/**
 * Raw input beside the OCSF events it becomes: `test/corpus/<source>/<case>.raw.json` and `<case>.ocsf.json`. With WEIR_UPDATE_CORPUS=1 the
 * second is written anew, for a person to read before it is committed.
 */
const CORPUS = fileURLToPath(new URL('../../../../test/corpus/', import.meta.url))
const hasShared = hasValidator && existsSync(`${SHARED}data/stratus`)
const update = process.env['WEIR_UPDATE_CORPUS'] === '1'

const origin = (allowed: readonly string[]): Origin => ({
  stream: 'corpus',
  id: 'corpus#0',
  arrival: Date.UTC(2026, 10, 20, 10),
  region: 'eu-west-1',
  accounts: ['*'],
  sources: allowed,
  file: true,
})

function eventsOf(bytes: Uint8Array, allowed: readonly string[]): readonly Event[] {
  const input = { origin: origin(allowed), bytes }
  const decoded = decode(input)
  const { events, quarantined } = normalize(decoded.records, input.origin, value => value)
  expect([...decoded.quarantined, ...quarantined]).toEqual([])
  return events
}

const cases = Object.keys(sources).flatMap(source =>
  readdirSync(CORPUS + source)
    .filter(file => file.endsWith('.raw.json'))
    .map(file => ({ source, name: file.slice(0, -'.raw.json'.length) })),
)

function corpusEvents({ source, name }: { source: string; name: string }): readonly Event[] {
  const raw = readFileSync(`${CORPUS}${source}/${name}.raw.json`)
  return eventsOf(source === 'weir' ? batchBytes(JSON.parse(raw.toString())) : raw, [source])
}

/** Paths of texts and numbers that stand nowhere in `written`. */
function lost(value: unknown, written: string, path = ''): string[] {
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, item]) => lost(item, written, `${path}.${key}`))
  if (typeof value === 'string') return written.includes(JSON.stringify(value.trimEnd()).slice(1, -1)) ? [] : [path]
  return typeof value === 'number' && !written.includes(String(value)) ? [path] : []
}

describe('the corpus', () => {
  it.each(cases)('$source/$name becomes the events beside it', each => {
    const events = corpusEvents(each).map(event => JSON.parse(JSON.stringify(event.ocsf)) as unknown)
    const file = `${CORPUS}${each.source}/${each.name}.ocsf.json`
    if (update) writeFileSync(file, `${JSON.stringify(events, null, 2)}\n`)
    expect(events).toEqual(JSON.parse(readFileSync(file, 'utf8')))
  })

  it.each(cases)('$source/$name keeps what it knows at once and what it maps later in step', each => {
    for (const event of corpusEvents(each)) {
      expect(event.source).toBe(each.source)
      expect(event.ocsf).toBe(event.ocsf)
      expect(event.ocsf.metadata.uid).toBe(event.uid)
      expect(event.ocsf.time).toBe(event.time)
      expect(event.ocsf.class_uid).toBe(event.classUid)
    }
  })

  it.each(cases.filter(({ source }) => source !== 'weir'))('$source/$name loses no value of its record', each => {
    for (const { record, ocsf } of corpusEvents(each)) {
      // The message of a JSON log line is its text; the event keeps it parsed.
      const { message, ...parsed } = record
      expect(lost('record' in record ? parsed : { message, ...parsed }, JSON.stringify(ocsf))).toEqual([])
    }
  })

  it.skipIf(!hasShared)('follows the schema of OCSF 1.8.0', () => {
    const events = cases.flatMap(corpusEvents).map(event => event.ocsf)
    expect(validate(events)).toBe(`${events.length} events, 0 invalid`)
  })
})

describe('public CloudTrail logs', () => {
  if (!hasShared) process.stdout.write('skipped: the public logs and the schema checker are not beside this repository\n')

  it.skipIf(!hasShared)('become valid OCSF, and nothing of them is lost', () => {
    const files = readdirSync(`${SHARED}data/stratus`).filter(file => file.endsWith('.json'))
    const panther = readFileSync(`${SHARED}data/panther/AWS_CloudTrail.jsonl`, 'utf8').trim().split('\n')
    const logs = panther.map(line => (JSON.parse(line) as { log: unknown }).log)
    const events = [
      ...files.flatMap(file => eventsOf(readFileSync(`${SHARED}data/stratus/${file}`), Object.keys(sources))),
      ...eventsOf(Buffer.from(logs.map(log => JSON.stringify(log)).join('\n')), Object.keys(sources)),
    ]
    expect(events).toHaveLength(461)
    expect(events.filter(event => event.source === 'cloudtrail').length).toBeGreaterThanOrEqual(455)
    for (const event of events) expect(lost(event.record, JSON.stringify(event.ocsf))).toEqual([])
    expect(validate(events.map(event => event.ocsf))).toBe('461 events, 0 invalid')
  })

  it.skipIf(!hasShared)('other logs become Base Events with all they hold', () => {
    for (const file of readdirSync(`${SHARED}data/panther`)) {
      if (!file.endsWith('.jsonl') || file === 'AWS_CloudTrail.jsonl') continue
      const events = eventsOf(readFileSync(`${SHARED}data/panther/${file}`), Object.keys(sources))
      expect(new Set(events.map(event => event.source))).toEqual(new Set(['other']))
      for (const event of events) expect(event.ocsf['unmapped']).toEqual(event.record)
    }
  })
})
