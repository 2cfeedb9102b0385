import { accountOf, callOf } from '../accounts.ts'
import type { Detector } from '../detector.ts'
import { grantsOf } from '../grants.ts'
import { OURS } from '../ours.ts'

/**
 * Finds policy documents that let everyone in: an Allow for the principal `*` without a condition on who, where from or whose. Permissions of
 * functions and layers are rules of their own.
 */
export const publicPolicy: Detector = {
  meta: {
    ...OURS,
    id: '7e365a7e-7b1a-468a-9f2d-bc67b2f1bcf9',
    title: 'Policy lets everyone in',
    level: 'high',
    description:
      'The policy of a role, secret, key, bucket, queue, topic, table, stream or repository allows any AWS principal, with no condition that ' +
      'narrows it down. For a role this hands the role to the world.\nNext: put the old policy back, or add a condition on your organization ' +
      '(`aws:PrincipalOrgID`). Then look for uses by strangers since: AssumeRole, reads, messages.',
    falsepositives: ['A bucket that serves a public site, with block public access switched off on purpose.'],
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
      'nist-800-53.sc-7',
      'hipaa.164.312.a.1',
    ],
  },
  logsource: { product: 'aws', service: 'cloudtrail' },
  async detect(events) {
    return events.flatMap(event => {
      const call = callOf(event.record)
      if (call.startsWith('lambda:')) return []
      const open = grantsOf(event.record).find(({ account, conditioned }) => account === '*' && !conditioned)
      if (!open) return []
      const own = accountOf(event.record)
      return [
        {
          group: `${own} ${open.resource}`,
          window: event.uid,
          message: `${call} on ${open.resource} lets everyone in`,
          events: [event],
          evidence: { resource: open.resource, principal: open.principal, account: own },
        },
      ]
    })
  },
}
