import { accountOf, callOf } from '../accounts.ts'
import type { Detector } from '../detector.ts'
import { type Fields, objectAt, textAt, textsAt } from '../fields.ts'
import { allowsIn } from '../grants.ts'
import { OURS } from '../ours.ts'

/** Calls that write a policy's text, without the service; the field that names what they write it on. */
const CALLS: Readonly<Record<string, string>> = {
  'iam:PutUserPolicy': 'userName',
  'iam:PutRolePolicy': 'roleName',
  'iam:PutGroupPolicy': 'groupName',
  'iam:CreatePolicy': 'policyName',
  'iam:CreatePolicyVersion': 'policyArn',
}
/** Every action, or every action of IAM, by which the caller can give itself every other. */
const EVERY_ACTION = /^(?:\*+|\*+:\*+|iam:\*+)$/i
/** Every resource, or every resource, role, user, group or policy of IAM. */
const EVERY_RESOURCE = /^(?:\*+|arn:[^:]*:(?:\*+|iam):[^:]*:[^:]*:(?:\*+|(?:role|user|group|policy)\/\*+))$/

/** Finds policies written with the rights of an administrator: action and resource of one statement are looked at together. */
export const adminPolicyWritten: Detector = {
  meta: {
    ...OURS,
    id: '4229f1c4-e2c3-4938-8f55-6de1283f05c4',
    title: 'Administrator rights written into a policy',
    level: 'high',
    description:
      'A policy that allows every action on every resource, every action of IAM, or all but a few actions (`NotAction`) was written: inline on ' +
      'a user, role or group, or as a managed policy or a version of one. It does the work of AdministratorAccess without its name.\nNext: ' +
      'read the document in `requestParameters.policyDocument`, remove it if nobody asked for it, and look at what the identity did since.',
    falsepositives: ['Bootstrapping an account; break-glass roles.'],
    references: [
      'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html',
      'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html',
    ],
    tags: [
      'attack.privilege-escalation',
      'attack.persistence',
      'attack.t1098.003',
      'owasp-serverless.sls5',
      'nist-800-53.ac-2',
      'nist-800-53.ac-6',
      'hipaa.164.312.a.1',
    ],
  },
  logsource: { product: 'aws', service: 'cloudtrail' },
  async detect(events) {
    return events.flatMap(event => {
      const call = callOf(event.record)
      const named = Object.hasOwn(CALLS, call) ? CALLS[call] : undefined
      const parameters = objectAt(event.record, 'requestParameters')
      if (!named || !parameters || textAt(event.record, 'errorCode') !== undefined) return []
      const statement = allowsIn(parameters['policyDocument']).find(each => isEveryAction(each) && isEveryResource(each))
      if (!statement) return []
      const target = textAt(parameters, named) ?? 'an identity'
      const account = accountOf(event.record)
      return [
        {
          group: `${account} ${target}`,
          window: event.uid,
          message: `${call} on ${target} gives the rights of an administrator`,
          events: [event],
          evidence: { target, actions: said(statement, 'Action'), resources: said(statement, 'Resource'), account },
        },
      ]
    })
  },
}

/** All but a few actions are still enough, unless IAM is among the few: then the caller cannot raise its own rights. */
function isEveryAction(statement: Fields): boolean {
  const left = textsAt(statement, 'NotAction')
  return left.length > 0
    ? !left.some(action => EVERY_ACTION.test(action))
    : textsAt(statement, 'Action').some(action => EVERY_ACTION.test(action))
}

function isEveryResource(statement: Fields): boolean {
  const left = textsAt(statement, 'NotResource')
  return left.length > 0
    ? !left.some(resource => EVERY_RESOURCE.test(resource))
    : textsAt(statement, 'Resource').some(resource => EVERY_RESOURCE.test(resource))
}

const MAX_SAID = 10

/** The statement's own words, as far as a finding shows them. */
function said(statement: Fields, element: 'Action' | 'Resource'): readonly string[] {
  const left = textsAt(statement, `Not${element}`).map(each => `not ${each}`)
  return [...left, ...textsAt(statement, element)].slice(0, MAX_SAID)
}
