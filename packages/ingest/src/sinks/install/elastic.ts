/** Sets when a document arrived. Detection rules look back over `event.ingested`, so that an alert that was spooled is not missed. */
const pipeline = {
  description: 'Weir: when the document arrived',
  processors: [{ set: { field: 'event.ingested', value: '{{{_ingest.timestamp}}}' } }],
}

const template = (weir: object, composed_of: readonly string[]) => ({
  index_patterns: ['logs-weir.*-*'],
  priority: 500,
  data_stream: {},
  composed_of,
  template: {
    settings: { index: { final_pipeline: 'weir-ingested' } },
    mappings: { properties: { weir: { properties: { ocsf: weir } } } },
  },
})

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/**
 * What Elasticsearch or OpenSearch needs before the first event, by the path to PUT it to. What OCSF has and ECS has not lies under
 * `weir.ocsf` as one flattened field: any shape is taken, and no index grows a mapping for each new attribute.
 */
export const files: Readonly<Record<string, string>> = {
  'elasticsearch/_ingest/pipeline/weir-ingested.json': json(pipeline),
  // The three components are Elasticsearch's own, since 8.9. A flattened field refuses deeper objects, so the limit is above what Weir sends.
  'elasticsearch/_index_template/logs-weir.json': json(
    template({ type: 'flattened', depth_limit: 64, ignore_above: 1024 }, ['logs@mappings', 'logs@settings', 'ecs@mappings']),
  ),
  'opensearch/_ingest/pipeline/weir-ingested.json': json(pipeline),
  'opensearch/_index_template/logs-weir.json': json(template({ type: 'flat_object' }, [])),
}
