import { type AsimKind, columnsOf, kinds } from '../schemas/asim.ts'

/** Azure's built-in role Monitoring Metrics Publisher: it may write through a data collection rule, and nothing else. */
const PUBLISHER_ROLE = '3913510d-42f4-4e42-8a64-420c390055eb'

const all: readonly AsimKind[] = Object.values(kinds)
const tableOf = (kind: AsimKind): string => kind.output.replace(/^Custom-/, '')
const custom = all.filter(kind => kind.output.startsWith('Custom-'))

/** Columns as a table spells them: a data collection rule says `datetime`, a table `dateTime`. */
const tableColumns = (kind: AsimKind) =>
  columnsOf(kind).map(({ name, type }) => ({ name, type: type === 'datetime' ? 'dateTime' : type }))

const table = (kind: AsimKind) => ({
  type: 'Microsoft.OperationalInsights/workspaces/tables',
  apiVersion: '2022-10-01',
  name: `[concat(parameters('workspace'), '/${tableOf(kind)}')]`,
  properties: { plan: 'Analytics', schema: { name: tableOf(kind), columns: tableColumns(kind) } },
})

const rule = {
  type: 'Microsoft.Insights/dataCollectionRules',
  apiVersion: '2023-03-11',
  name: "[parameters('ruleName')]",
  location: "[parameters('location')]",
  kind: 'Direct', // with its own ingestion endpoint
  dependsOn: custom.map(
    kind => `[resourceId('Microsoft.OperationalInsights/workspaces/tables', parameters('workspace'), '${tableOf(kind)}')]`,
  ),
  properties: {
    streamDeclarations: Object.fromEntries(all.map(kind => [kind.stream, { columns: columnsOf(kind) }])),
    destinations: {
      logAnalytics: [
        {
          name: 'workspace',
          workspaceResourceId: "[resourceId('Microsoft.OperationalInsights/workspaces', parameters('workspace'))]",
        },
      ],
    },
    dataFlows: all.map(kind => ({
      streams: [kind.stream],
      destinations: ['workspace'],
      transformKql: 'source',
      outputStream: kind.output,
    })),
  },
}

const role = {
  type: 'Microsoft.Authorization/roleAssignments',
  apiVersion: '2022-04-01',
  name: "[guid(resourceGroup().id, parameters('ruleName'), parameters('principalId'))]",
  scope: "[concat('Microsoft.Insights/dataCollectionRules/', parameters('ruleName'))]",
  dependsOn: ["[resourceId('Microsoft.Insights/dataCollectionRules', parameters('ruleName'))]"],
  properties: {
    roleDefinitionId: `[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '${PUBLISHER_ROLE}')]`,
    principalId: "[parameters('principalId')]",
    principalType: 'ServicePrincipal',
  },
}

const string = (description: string, defaultValue?: string) => ({
  type: 'string',
  metadata: { description },
  ...(defaultValue === undefined ? {} : { defaultValue }),
})

/**
 * What Sentinel needs before it takes events, as an ARM template for the workspace's resource group: the two custom tables, the data
 * collection rule with every column the mapping can give (a column it does not declare is dropped in silence), and the role that may
 * write to it. Its outputs are the sink's `url` and `ruleId`.
 */
const template = {
  $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
  contentVersion: '1.0.0.0',
  parameters: {
    workspace: string('Name of the Log Analytics workspace that Sentinel is on'),
    principalId: string('Object id of the service principal that Weir signs in as'),
    ruleName: string('Name of the data collection rule', 'weir'),
    location: string('Region of the workspace', '[resourceGroup().location]'),
  },
  resources: [...custom.map(table), rule, role],
  outputs: {
    url: { type: 'string', value: "[reference(parameters('ruleName'), '2023-03-11').endpoints.logsIngestion]" },
    ruleId: { type: 'string', value: "[reference(parameters('ruleName'), '2023-03-11').immutableId]" },
  },
}

export const files: Readonly<Record<string, string>> = { 'azuredeploy.json': `${JSON.stringify(template, null, 2)}\n` }
