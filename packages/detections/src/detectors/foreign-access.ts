import { accountOf, callOf, isForeign } from '../accounts.ts'
import type { Detector } from '../detector.ts'
import { grantsOf } from '../grants.ts'
import { OURS } from '../ours.ts'

/**
 * Finds grants to an account that is neither the event's own nor in `options.trustedAccounts`: invoke permission on a function, a role's
 * trust policy, the policy of a layer, secret, key, bucket, queue, topic, table, stream or repository. Sigma can compare two fields; it
 * cannot take an account out of an ARN or a policy document.
 */
export const foreignAccess: Detector = {
  meta: {
    ...OURS,
    id: 'd9233515-d5ae-4193-9a48-e0a139e4a9c3',
    title: 'Another account was given access or invoke permission',
    level: 'high',
    description:
      'A policy now lets another AWS account in: to invoke a function, to assume a role, or to read a secret, key, bucket, queue or layer. It ' +
      'stays open after the caller has left, and what the other account does with it shows in its own logs.\nNext: find out whose account it is ' +
      '(the evidence names it). If it is yours or a partner, add it to `detections.trustedAccounts`. If not, take the statement out and look for ' +
      'uses since: AssumeRole from that account, invocations, reads.',
    falsepositives: [
      'Accounts of the same organization and vendors that are not listed yet. AWS accounts that deliver logs into a bucket.',
    ],
    references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html'],
    tags: [
      'attack.persistence',
      'attack.privilege-escalation',
      'attack.t1098',
      'attack.exfiltration',
      'attack.t1537',
      'owasp-serverless.sls5',
      'owasp-serverless.sls6',
      'nist-800-53.ac-3',
      'nist-800-53.ac-4',
      'nist-800-53.ac-6',
      'hipaa.164.312.a.1',
    ],
  },
  logsource: { product: 'aws', service: 'cloudtrail' },
  async detect(events, { options }) {
    return events.flatMap(event => {
      const own = accountOf(event.record)
      const grants = grantsOf(event.record).filter(({ account }) => account !== '*' && isForeign(account, own, options))
      const [first] = grants
      if (!first) return []
      const accounts = [...new Set(grants.map(({ account }) => account))]
      return [
        {
          group: `${own} ${first.resource}`,
          window: event.uid,
          message: `${callOf(event.record)} on ${first.resource} lets account ${accounts.join(', ')} in`,
          events: [event],
          evidence: {
            resource: first.resource,
            accounts,
            principals: [...new Set(grants.map(({ principal }) => principal))],
            conditioned: grants.every(({ conditioned }) => conditioned),
            account: own,
          },
        },
      ]
    })
  },
}
