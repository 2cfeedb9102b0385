import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Logged, Row } from './text.ts'

/** Public logs and rules, each under its own licence, read in place; absent outside the machine that holds them. */
export const DATA = fileURLToPath(new URL('../../../../../shared/data/', import.meta.url))

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value)
const json = (text: string): unknown => JSON.parse(text) as unknown
const files = (folder: string, end: string): readonly string[] =>
  existsSync(DATA + folder)
    ? readdirSync(DATA + folder)
        .filter(name => name.endsWith(end))
        .toSorted()
        .map(name => `${DATA}${folder}/${name}`)
    : []
const lines = (file: string): readonly Row[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(json)
    .filter(isRow)

/** Sigma's log sources of Panther's log types. Those that Sigma has no name for are matched by no rule with routing, and by any without. */
const PANTHER: Readonly<Record<string, Logged['logsource']>> = {
  AWS_CloudTrail: { product: 'aws', service: 'cloudtrail' },
  AWS_GuardDuty: { product: 'aws', service: 'guardduty' },
  Amazon_EKS_Audit: { product: 'kubernetes', service: 'audit' },
  Azure_Audit: { product: 'azure', service: 'auditlogs' },
  Azure_MonitorActivity: { product: 'azure', service: 'activitylogs' },
  GCP_AuditLog: { product: 'gcp', service: 'gcp.audit' },
  GitHub_Audit: { product: 'github', service: 'audit' },
  Okta_SystemLog: { product: 'okta', service: 'okta' },
}

/** Every event of the public logs that is a JSON object, under the log source that Sigma has for it. */
export function realEvents(): readonly Logged[] {
  const stratus = files('stratus', '.json').flatMap(file => {
    const records = json(readFileSync(file, 'utf8'))
    return Array.isArray(records) ? records.filter(isRow) : []
  })
  const panther = files('panther', '.jsonl').flatMap(file => {
    const logsource = PANTHER[file.split('/').at(-1)?.replace('.jsonl', '') ?? ''] ?? { product: 'other' }
    return lines(file).flatMap(({ log }) => (isRow(log) ? [{ logsource, record: log }] : []))
  })
  const streamalert = files('streamalert', '.jsonl').flatMap(file =>
    lines(file).flatMap(({ data }) =>
      isRow(data) ? [{ logsource: { product: 'aws', service: 'cloudtrail' }, record: data }] : [],
    ),
  )
  // The requests of the Core Rule Set's tests, as a web server would log them.
  const crs = files('crs', '.jsonl').flatMap(file =>
    lines(file).map(({ method, uri, headers, data }) => {
      const { host, agent } = { host: textOf(headers, 'Host'), agent: textOf(headers, 'User-Agent') }
      const [stem = '', ...query] = (typeof uri === 'string' ? uri : '/').split('?')
      return {
        logsource: { category: 'webserver' },
        record: {
          'cs-method': method,
          'cs-uri-stem': stem,
          'cs-uri-query': query.join('?'),
          'cs-host': host,
          'cs-user-agent': agent,
          'cs-referer': textOf(headers, 'Referer'),
          'cs-cookie': textOf(headers, 'Cookie'),
          body: data ?? null,
          'sc-status': 200,
        },
      }
    }),
  )
  return [
    ...stratus.map(record => ({ logsource: { product: 'aws', service: 'cloudtrail' }, record })),
    ...panther,
    ...streamalert,
    ...crs,
  ]
}

function textOf(headers: unknown, name: string): string {
  const found = isRow(headers) ? headers[name] : undefined
  return typeof found === 'string' ? found : '-'
}
