import { accountIn, accountOf, callOf, functionIn, isForeign, layersIn } from '../accounts.ts'
import type { Detector } from '../detector.ts'
import { objectAt, textAt } from '../fields.ts'
import { OURS } from '../ours.ts'

const CALLS: ReadonlySet<string> = new Set(['lambda:CreateFunction', 'lambda:UpdateFunctionConfiguration'])

/**
 * Accounts from which AWS publishes layers in every commercial region, by its documentation of each: Lambda Insights, Powertools for AWS
 * Lambda (Python and Java; TypeScript), AWS Distro for OpenTelemetry. Layers whose account differs by region are for `options.trustedAccounts`.
 */
const PUBLISHED_BY_AWS: ReadonlySet<string> = new Set(['580247275435', '017000801446', '094274105915', '901920570463'])

/** Finds layers of another account in the call that attaches them. An account is known by `recipientAccountId`. */
export const foreignLayer: Detector = {
  meta: {
    ...OURS,
    id: '95d6107a-6dcc-41f5-8b41-917a71e2740d',
    title: 'Lambda layer of another account attached',
    level: 'high',
    description:
      'A function was made or changed to load a layer that another AWS account owns. The layer runs inside the function, with its role and its ' +
      'environment, and its owner decides what is in it.\nNext: find out whose account it is. If it is a vendor of yours, add the account to ' +
      '`detections.trustedAccounts`. If nobody knows it, take the layer off, and replace what the function could read since.',
    falsepositives: [
      'A vendor whose account is not listed yet; AWS layers whose account differs by region (AppConfig, Parameters and Secrets).',
    ],
    references: ['https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html'],
    tags: [
      'attack.persistence',
      'attack.t1574',
      'attack.initial-access',
      'attack.t1195.002',
      'attack.execution',
      'attack.t1648',
      'owasp-serverless.sls9',
      'nist-800-53.cm-7',
      'nist-800-53.si-7',
      'nist-800-53.sr-3',
      'hipaa.164.312.c.1',
    ],
  },
  logsource: { product: 'aws', service: 'cloudtrail' },
  async detect(events, { options }) {
    return events.flatMap(event => {
      const { record } = event
      if (!CALLS.has(callOf(record)) || textAt(record, 'errorCode') !== undefined) return []
      const own = accountOf(record)
      const layers = (layersIn(objectAt(record, 'requestParameters')) ?? []).filter(arn => {
        const owner = accountIn(arn)
        return owner !== undefined && !PUBLISHED_BY_AWS.has(owner) && isForeign(owner, own, options)
      })
      if (layers.length === 0) return []
      const accounts = [...new Set(layers.map(accountIn))]
      const name = functionIn(record)
      return [
        {
          group: name,
          window: event.uid,
          message: `${name} now loads ${layers.length === 1 ? 'a layer' : `${layers.length} layers`} of account ${accounts.join(', ')}`,
          events: [event],
          evidence: { function: name, layers, accounts, account: own },
        },
      ]
    })
  },
}
