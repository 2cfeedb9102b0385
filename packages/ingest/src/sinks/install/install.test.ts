import { describe, expect, it } from 'vitest'
import { kindOf, kinds } from '../schemas/cim.ts'
import { samples } from '../testing/events.ts'
import { sinks } from '../index.ts'

const install = {
  splunk: await sinks.splunk.install!(),
  elastic: await sinks.elastic.install!(),
  sentinel: await sinks.sentinel.install!(),
}

/** Stanzas of a .conf file. */
const stanzas = (text: string): Map<string, string[]> =>
  new Map(text.split(/\n(?=\[)/).map(part => [/^\[(.*)\]/.exec(part)?.[1] ?? '', part.split('\n').slice(1).filter(Boolean)]))

describe('the Splunk app', () => {
  const file = (name: string) => stanzas(install.splunk[`weir/default/${name}.conf`]!)

  it('knows every sourcetype, and tags those that have a data model', () => {
    const props = file('props')
    for (const { sourcetype } of Object.values(kinds)) expect(props.get(sourcetype)).toContain('KV_MODE = json')
    const sourcetypes = new Map([...file('eventtypes')].map(([name, lines]) => [/sourcetype="(.*)"/.exec(lines[0]!)?.[1], name]))
    const tags = file('tags')
    for (const [name, sample] of Object.entries(samples)) {
      const kind = kindOf(sample)
      const found = tags.get(`eventtype=${sourcetypes.get(kind.sourcetype)}`) ?? []
      expect(found, name).toEqual(kind.tags.map(tag => `${tag} = enabled`))
    }
    // The tags by which CIM's models select.
    expect(
      Object.fromEntries([...tags].map(([name, lines]) => [name.slice(15), lines.map(line => line.split(' ')[0]).join(' ')])),
    ).toEqual({
      finding: 'alert',
      authentication: 'authentication',
      account: 'change account',
      apiChange: 'change',
      apiRead: 'data access',
      lifecycle: 'change',
      http: 'web',
      network: 'network communicate',
      process: 'process report',
      file: 'endpoint filesystem',
    })
  })
})

describe('the index template', () => {
  it('matches the data streams, and flattens what has no field', () => {
    const files = install.elastic
    expect(Object.keys(files)).toHaveLength(4)
    for (const [flavour, type] of [
      ['elasticsearch', 'flattened'],
      ['opensearch', 'flat_object'],
    ]) {
      expect(JSON.parse(files[`${flavour}/_index_template/logs-weir.json`]!)).toMatchObject({
        index_patterns: ['logs-weir.*-*'],
        data_stream: {},
        template: {
          settings: { index: { final_pipeline: 'weir-ingested' } },
          mappings: { properties: { weir: { properties: { ocsf: { type } } } } },
        },
      })
    }
  })
})

describe('the Sentinel template', () => {
  it('makes the custom tables, the rule, and a role on that rule only', () => {
    const template = JSON.parse(install.sentinel['azuredeploy.json']!) as {
      resources: { type: string; name: string; scope?: string }[]
    }
    expect(template.resources.map(({ type }) => type)).toEqual([
      'Microsoft.OperationalInsights/workspaces/tables',
      'Microsoft.OperationalInsights/workspaces/tables',
      'Microsoft.Insights/dataCollectionRules',
      'Microsoft.Authorization/roleAssignments',
    ])
    expect(template.resources[3]?.scope).toContain('Microsoft.Insights/dataCollectionRules/')
    expect(template.resources.map(({ name }) => name).join()).toMatch(/WeirAlert_CL.*WeirEvent_CL/)
  })
})
