import type { OcsfEvent } from '@weir/schema/ocsf'
import { describe, expect, it } from 'vitest'
import { FindingGroups, viewFinding } from './findings.ts'

const RULE = 1
const BEHAVIORAL = 2
const ROLE = 'arn:aws:iam::111122223333:role/Developer'
const terminal = {
  interactive: false,
  columns: 120,
  line: () => {},
  progress: () => {},
  paint: (_: unknown, text: string) => text,
}

const finding = (type_id: number, group: string, resource: object, title = 'One', severity_id = 4): OcsfEvent =>
  ({
    class_uid: 2004,
    severity_id,
    severity: severity_id === 4 ? 'High' : 'Low',
    finding_info: { title, analytic: { uid: title, type_id } },
    evidences: [{ data: { group } }],
    resources: [resource],
    metadata: { version: '1.8.0', uid: '' },
  }) as unknown as OcsfEvent

describe('what a finding is about', () => {
  it.each([
    ['a detector: what it grouped by', BEHAVIORAL, ROLE, { name: 'prod/db', type: 'AWS::SecretsManager::Secret' }, 'Developer'],
    ['a session too', BEHAVIORAL, 'arn:aws:sts::1:assumed-role/Developer/m', { name: 'prod/db' }, 'Developer/m'],
    ['the last of two', BEHAVIORAL, '111122223333 arn:aws:kms:us-east-1:1:key/a-b', { name: 'prod/db' }, 'a-b'],
    ['no ARN', BEHAVIORAL, 'AIDAEXAMPLE', {}, 'AIDAEXAMPLE'],
    ['a function keeps its name', BEHAVIORAL, `${ROLE} helper`, { name: 'billing', type: 'AWS::Lambda::Function' }, 'billing'],
    ['a rule: its resource', RULE, ROLE, { name: 'prod/db' }, 'prod/db'],
  ])('is, for %s', (_, type, group, resource, about) => {
    expect(viewFinding(finding(type, group, resource)).about).toBe(about)
  })
})

describe('the findings of a run', () => {
  it('shows three things a rule, then how many are left, so that one rule cannot fill the screen', () => {
    const groups = new FindingGroups()
    for (let i = 0; i < 50; i++) groups.add(finding(RULE, '', { name: `i-${i}` }, 'Noisy', 2))
    groups.add(finding(RULE, '', { name: 'i-49' }, 'Noisy', 2))
    groups.add(finding(RULE, '', { name: 'main' }, 'Rare'))
    expect(groups.lines(terminal)).toEqual([
      'HIGH          Rare · main',
      'LOW           Noisy · i-0',
      'LOW           Noisy · i-1',
      'LOW           Noisy · i-2',
      '              … and 48 more findings of "Noisy" about 47 others; --all shows each',
    ])
  })
})
