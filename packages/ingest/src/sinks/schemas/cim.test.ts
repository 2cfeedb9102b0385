import { describe, expect, it } from 'vitest'
import { catalogue, hasCatalogues } from '../testing/catalogue.ts'
import { event, hostile, samples } from '../testing/events.ts'
import { cimFields, kindOf, kinds, toCim, type CimKind } from './cim.ts'

const all = [...Object.entries(samples), ...hostile.map((each, i) => [`hostile ${i}`, each] as const)]
const models = Object.entries(kinds as Readonly<Record<string, CimKind>>).filter(([, kind]) => kind.model !== undefined)
/** A dataset has its own fields and those of its parent, which in these models is the one with most fields. */
const parents: Readonly<Record<string, string>> = { Account_Management: 'All_Changes' }

/** Fields that no model owns but every model has (Splunk's own), or that CIM has in other models only: kept for searches across models. */
const SHARED = new Set([
  'vendor_product',
  'vendor_account',
  'vendor_region',
  'user',
  'user_id',
  'user_type',
  'session_id',
  'src',
  'severity',
  'signature_id',
  'description',
  'reason',
])

describe('CIM', () => {
  it.skipIf(!hasCatalogues)('has no field that CIM 8.5 does not have', () => {
    const known = new Set(catalogue('cim-8.5').map(row => row['field']))
    for (const kind of Object.values(kinds)) expect(cimFields(kind).filter(name => !known.has(name))).toEqual([])
  })

  it.skipIf(!hasCatalogues)('gives each model only fields that it has, beside those that all events share', () => {
    const rows = catalogue('cim-8.5')
    for (const [name, kind] of models) {
      const datasets = [kind.dataset, parents[kind.dataset!]]
      const own = new Set(
        rows.filter(row => row['model'] === kind.model && datasets.includes(row['dataset'])).map(row => row['field']),
      )
      const foreign = kind.rows.map(row => row.to).filter(field => !own.has(field) && !SHARED.has(field))
      expect([...new Set(foreign)], name).toEqual([])
    }
  })

  it.skipIf(!hasCatalogues)('gives only values that CIM expects', () => {
    const rows = catalogue('cim-8.5')
    for (const [name, sample] of all) {
      const kind = kindOf(sample)
      if (kind.model === undefined) continue
      for (const [field, value] of Object.entries(toCim(sample))) {
        const datasets = [kind.dataset, parents[kind.dataset!]]
        const row = rows.find(
          each => each['field'] === field && each['model'] === kind.model && datasets.includes(each['dataset']),
        )
        const expected = (row?.['expected_values'] ?? '').split(',').filter(Boolean)
        if (expected.length > 0 && value !== 'unknown') expect(expected, `${name}: ${field}`).toContain(value)
        if (row?.['type'] === 'number' && value !== 'unknown') expect(typeof value, `${name}: ${field}`).toBe('number')
      }
    }
  })

  it('has a value for every field that its model prescribes', () => {
    for (const [name, sample] of all) {
      const fields = toCim(sample)
      for (const field of kindOf(sample).required) expect(fields[field], `${name}: ${field}`).toBeDefined()
    }
  })

  it.each([
    ['finding', 'weir:finding', 'Alerts'],
    ['authentication', 'weir:authentication', 'Authentication'],
    ['account', 'weir:account', 'Change'],
    ['api', 'weir:api:change', 'Change'],
    ['apiRead', 'weir:api:read', 'Data_Access'],
    ['lifecycle', 'weir:lifecycle', 'Change'],
    ['http', 'weir:http', 'Web'],
    ['network', 'weir:network', 'Network_Traffic'],
    ['process', 'weir:process', 'Endpoint'],
    ['file', 'weir:file', 'Endpoint'],
    ['inventory', 'weir:inventory', undefined],
    ['error', 'weir:error', undefined],
    ['base', 'weir:event', undefined],
  ])('sends %s as %s to the model %s', (name, sourcetype, model) => {
    expect(kindOf(samples[name]!)).toMatchObject(model === undefined ? { sourcetype } : { sourcetype, model })
  })

  it('leaves an API call that neither reads nor changes out of the models', () => {
    expect(kindOf(event(6003, 99)).sourcetype).toBe('weir:event')
  })

  it('says what was done to a file, and who did it', () => {
    expect(toCim(samples['file']!)).toMatchObject({
      action: 'read',
      user: 'left-pad',
      process_id: '17',
      file_hash: 'ab'.repeat(32),
    })
  })

  it('counts durations in seconds, and calls a fatal severity critical', () => {
    expect(toCim(samples['network']!)['duration']).toBe(60)
    expect(toCim(event(2004, 1, { severity_id: 6 }))['severity']).toBe('critical')
  })
})
