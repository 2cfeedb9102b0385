import { elasticTemplates } from './elastic.ts'
import { sentinelTemplate } from './sentinel.ts'
import { splunkApp } from './splunk.ts'

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** What a customer installs at a destination before Weir sends to it, as files: path to content, by the name of the sink. */
export const install: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  splunk: splunkApp,
  elastic: Object.fromEntries(
    Object.entries(elasticTemplates).flatMap(([flavour, parts]) =>
      Object.entries(parts).map(([path, body]) => [`${flavour}/${path}.json`, json(body)]),
    ),
  ),
  sentinel: { 'azuredeploy.json': json(sentinelTemplate) },
}
