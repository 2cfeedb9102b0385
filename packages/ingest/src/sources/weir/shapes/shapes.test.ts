import { CLASS, checkOcsf } from '@weir/schema/ocsf'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { testOrigin, weirRecord } from '../../testing/records.ts'
import { weir } from '../../weir.ts'
import { SHAPES } from './index.ts'

const ocsf = (signal: string, body: unknown) => weir.normalize(weirRecord(body, { record: { signal } }), testOrigin()).ocsf

describe('shapes of signals', () => {
  it.each<[string, unknown, number]>([
    ['weir.extensions', { registered: [], files: [] }, CLASS.softwareInventory],
    ['weir.process', { process: { pid: 7, path: '/tmp/x' } }, CLASS.processActivity],
    ['weir.process', { fds: 1 }, CLASS.baseEvent],
    ['weir.connections', { ip: '203.0.113.9', port: 443 }, CLASS.networkActivity],
    ['weir.connections', { ip: '203.0.113.9' }, CLASS.baseEvent],
    ['weir.connections', { ip: 'db.internal', port: 443 }, CLASS.baseEvent],
    ['weir.connections', { ip: '203.0.113.9', port: 70_000 }, CLASS.baseEvent],
    ['weir.code', { digest: 'd' }, CLASS.softwareInventory],
    ['weir.inventory', { bom: { components: [] } }, CLASS.softwareInventory],
    ['weir.trigger', { source: 'alb', method: 'get' }, CLASS.httpActivity],
    ['weir.trigger', { source: 'aws:sqs' }, CLASS.apiActivity],
  ])('take %s %j into class %i', (signal, body, classUid) => {
    expect(ocsf(signal, body).class_uid).toBe(classUid)
  })

  it('keep the function among the observables, beside what the signal adds', () => {
    expect(ocsf('weir.connections', { ip: '203.0.113.9', port: 443 })['observables']).toMatchObject([
      { name: 'device.uid' },
      { name: 'dst_endpoint.ip', value: '203.0.113.9' },
    ])
  })

  it('do not repeat a document that they place, and keep all else that was said', () => {
    const bom = { bomFormat: 'CycloneDX', components: [{ name: 'a', version: '1', purl: 'pkg:npm/a@1' }] }
    const event = ocsf('weir.inventory', { digest: 'd', bom })
    expect(event['unmapped']).toMatchObject({ record: { digest: 'd' } })
    expect(event['unmapped']).not.toHaveProperty('record.bom')
    expect(event['sbom']).toMatchObject({ software_components: [{ name: 'a', version: '1', purl: 'pkg:npm/a@1' }] })
  })

  it('are as long as an extension may make them, whatever a body says', () => {
    const names = Array.from({ length: 200 }, (_, index) => ({ name: `${index}${'x'.repeat(200)}` }))
    const components = Array.from({ length: 6_000 }, () => ({ name: 'a', version: '1' }))
    const inventory = ocsf('weir.inventory', { bom: { components } })
    expect(inventory['message']).toBe('weir.inventory: 6000 packages')
    expect((inventory['sbom'] as { software_components: unknown[] }).software_components).toHaveLength(5_000)
    const extensions = ocsf('weir.extensions', { registered: names, files: names, unlisted: names.map(({ name }) => name) })
    expect((extensions['sbom'] as { software_components: unknown[] }).software_components).toHaveLength(32)
    expect(String(extensions['message'])).toHaveLength(1_024)
    const guard = { kind: 'process', command: 'sh', runs: Array.from({ length: 100_000 }, () => 'x') }
    expect(String(ocsf('weir.guard', guard)['message']).match(/x/g)).toHaveLength(32)
    expect(String(ocsf('weir.guard', { kind: 'read', path: 'x'.repeat(100_000) })['message'])).toHaveLength(1_024)
  })

  it('make a sound event of any body', () => {
    const word = fc.constantFrom(
      'ip',
      'port',
      'process',
      'pid',
      'path',
      'digest',
      'bom',
      'components',
      'source',
      'method',
      'files',
      'registered',
      'name',
      'kind',
      'count',
      'records',
      'masked',
      'secrets',
      'levels',
      'lines',
      'first',
      'step',
    )
    const body = fc.letrec(tie => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.integer(),
        fc.constantFrom(null, true, '203.0.113.9', 'alb', 443),
        tie('list'),
        tie('object'),
      ),
      list: fc.array(tie('value'), { maxLength: 3 }),
      object: fc.dictionary(word, tie('value'), { maxKeys: 4 }),
    })).object
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(SHAPES).filter(name => name.startsWith('weir.'))), body, (signal, value) => {
        expect(checkOcsf(ocsf(signal, value))).toEqual([])
      }),
    )
  })
})

it('a report says what its invocation was billed for, in GB-seconds', () => {
  const event = weir.normalize(
    weirRecord({ status: 'success', metrics: { billedDurationMs: 1_000, memorySizeMB: 512 } }),
    testOrigin(),
  )
  expect(event.record['gbSeconds']).toBe(0.5)
  expect(event.ocsf['unmapped']).toMatchObject({ gbSeconds: 0.5 })
  expect(weir.normalize(weirRecord({ metrics: { billedDurationMs: 8 } }), testOrigin()).record['gbSeconds']).toBe(0.001)
  for (const metrics of [undefined, {}, { billedDurationMs: '1' }, { billedDurationMs: -1 }])
    expect(weir.normalize(weirRecord({ metrics }), testOrigin()).record).not.toHaveProperty('gbSeconds')
})
