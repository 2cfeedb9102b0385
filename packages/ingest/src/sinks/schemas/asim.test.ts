import { describe, expect, it } from 'vitest'
import { catalogue, hasCatalogues } from '../testing/catalogue.ts'
import { event, hostile, samples } from '../testing/events.ts'
import { type AsimKind, columnsOf, kindOf, kinds, toAsim } from './asim.ts'

const all = [...Object.entries(samples), ...hostile.map((each, i) => [`hostile ${i}`, each] as const)]
const schemas = Object.values(kinds as Readonly<Record<string, AsimKind>>).filter(kind => kind.schema !== undefined)
/** A web session is a network session with more fields; the catalogue lists the shared ones once. */
const EXTENDS: Readonly<Record<string, string>> = { WebSession: 'NetworkSession' }
/** ASIM's alert has no source, its other schemas do; ours is a table of our own, which may have those columns too. */
const ADDED: Readonly<Record<string, readonly string[]>> = {
  AlertEvent: ['SrcIpAddr', 'SrcPortNumber', 'SrcHostname', 'SrcGeoCountry'],
}

describe('ASIM', () => {
  it.skipIf(!hasCatalogues)('has no column that its schema does not have, beside TimeGenerated', () => {
    for (const kind of schemas) {
      const known = new Set([
        ...catalogue('asim')
          .filter(row => row['schema'] === kind.schema || row['schema'] === EXTENDS[kind.schema!])
          .map(row => row['field']),
        ...(ADDED[kind.schema!] ?? []),
      ])
      expect(
        columnsOf(kind)
          .map(({ name }) => name)
          .filter(name => name !== 'TimeGenerated' && !known.has(name)),
        kind.schema,
      ).toEqual([])
    }
  })

  it.skipIf(!hasCatalogues)('has every mandatory column in every row', () => {
    for (const [name, sample] of all) {
      const { schema } = kindOf(sample)
      const row = toAsim(sample)
      const mandatory = catalogue('asim').filter(each => each['schema'] === schema && each['class'] === 'Mandatory')
      if (schema !== undefined) expect(mandatory.length).toBeGreaterThan(8)
      for (const { field } of mandatory) expect(row[field!], `${name}: ${field}`).toBeDefined()
    }
  })

  it.skipIf(!hasCatalogues)('declares number and time columns as the schema does', () => {
    const types: Readonly<Record<string, string>> = {
      integer: 'int',
      int: 'int',
      long: 'long',
      'date/time': 'datetime',
      datetime: 'datetime',
      dynamic: 'dynamic',
    }
    for (const kind of schemas) {
      const rows = new Map(
        catalogue('asim')
          .filter(row => row['schema'] === kind.schema)
          .map(row => [row['field'], row['type']!.toLowerCase()]),
      )
      for (const { name, type } of columnsOf(kind)) {
        const wanted = rows.get(name)
        if (wanted !== undefined)
          expect(type, `${kind.schema}.${name} is ${wanted}`).toBe(
            types[wanted.replace(/^.*\(integer\)$/, 'integer')] ?? 'string',
          )
      }
    }
  })

  it.each([
    ['api', 'AuditEvent', 'Set'],
    ['apiRead', 'AuditEvent', 'Read'],
    ['lifecycle', 'AuditEvent', 'Start'],
    ['authentication', 'Authentication', 'Logon'],
    ['account', 'UserManagement', 'UserCreated'],
    ['http', 'WebSession', 'WebServerSession'],
    ['network', 'NetworkSession', 'Flow'],
    ['process', 'ProcessEvent', 'ProcessCreated'],
    ['file', 'FileEvent', 'FileAccessed'],
    ['inventory', undefined, 'Other'],
    ['finding', 'AlertEvent', 'Alert'],
    ['base', undefined, 'Other'],
    ['error', undefined, 'Other'],
  ])('makes of %s a %s of type %s', (name, schema, type) => {
    expect(toAsim(samples[name]!)).toMatchObject(
      schema === undefined ? { EventType: type } : { EventSchema: schema, EventType: type },
    )
  })

  it('sends what a process did between start and end to the table of other events', () => {
    expect(kindOf(event(1007, 4)).stream).toBe('Custom-WeirEvent_CL')
    expect(kindOf(event(1001, 12)).stream).toBe('Custom-WeirEvent_CL')
  })

  it('knows no severity above High, and keeps the one that was', () => {
    expect(toAsim(event(6003, 1, { severity_id: 6, severity: 'Fatal' }))).toMatchObject({
      EventSeverity: 'High',
      EventOriginalSeverity: 'Fatal',
    })
  })

  it('takes the result of a request from its status code, and allow and deny from the action', () => {
    expect(toAsim(samples['http']!)).toMatchObject({ EventResult: 'Failure', EventResultDetails: '503', DvcAction: 'Allow' })
    expect(toAsim(samples['network']!)).toMatchObject({ EventResult: 'Failure', DvcAction: 'Deny' })
  })
})
