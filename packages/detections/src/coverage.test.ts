import { describe, expect, it } from 'vitest'
import { detectors } from './detectors/index.ts'
import { HIPAA, mappings, NIST, OWASP, SUB_TECHNIQUES, TECHNIQUES } from './coverage.ts'
import { loadPack } from './pack.ts'

const { rules, correlations } = await loadPack()
const metas = [...rules, ...correlations, ...detectors].map(({ meta }) => meta)

describe('mappings', () => {
  it('pairs a technique with each tagged tactic that it serves', () => {
    expect(mappings(['attack.persistence', 'attack.privilege-escalation', 'attack.t1098.003']).attacks).toEqual(
      [
        { uid: 'TA0003', name: 'Persistence' },
        { uid: 'TA0004', name: 'Privilege Escalation' },
      ].map(tactic => ({
        tactic,
        technique: { uid: 'T1098', name: 'Account Manipulation' },
        sub_technique: { uid: 'T1098.003', name: 'Additional Cloud Roles' },
        version: '19',
      })),
    )
  })

  it('lets a tactic stand alone that no tagged technique serves, and a technique without its tactic', () => {
    expect(mappings(['attack.impact', 'attack.t1648']).attacks).toEqual([
      { technique: { uid: 'T1648', name: 'Serverless Execution' }, version: '19' },
      { tactic: { uid: 'TA0040', name: 'Impact' }, version: '19' },
    ])
  })

  it('names OWASP, NIST and HIPAA entries', () => {
    expect(mappings(['owasp-serverless.sls10', 'nist-800-53.ac-3', 'hipaa.164.312.a.2.iv'])).toMatchObject({
      owasp: [{ uid: 'SLS10', name: 'Insufficient Logging and Monitoring' }],
      nist: [{ uid: 'AC-3', name: 'Access Enforcement' }],
      hipaa: [{ uid: '164.312(a)(2)(iv)', name: 'Encryption and decryption' }],
    })
  })

  it('gives an id that it does not know without a name, and leaves other namespaces out', () => {
    expect(
      mappings(['attack.t9999.001', 'attack.g0016', 'cve.2021-44228', 'nist-800-53.constructor', 'attack.constructor']),
    ).toEqual({
      attacks: [{ technique: { uid: 'T9999' }, sub_technique: { uid: 'T9999.001' }, version: '19' }],
      owasp: [],
      nist: [{ uid: 'CONSTRUCTOR' }],
      hipaa: [],
    })
  })
})

describe("this pack's tags", () => {
  it("follow the tag pattern of Sigma's JSON schema", () => {
    for (const { tags = [], title } of metas) {
      for (const tag of tags) expect(tag, title).toMatch(/^[a-z0-9_-]+\.[a-z0-9._-]+$/)
      expect(new Set(tags).size, title).toBe(tags.length)
    }
  })

  it('are all in the tables, and every technique has a tactic that it serves', () => {
    for (const { tags = [], title } of metas) {
      const { attacks, owasp, nist, hipaa } = mappings(tags)
      expect(attacks.length, title).toBeGreaterThan(0)
      for (const attack of attacks) expect(attack.tactic?.name, `${title}: ${attack.technique?.uid}`).toBeDefined()
      const named = [
        ...attacks.flatMap(({ tactic, technique, sub_technique }) => [tactic, technique, sub_technique]),
        ...owasp,
        ...nist,
        ...hipaa,
      ]
      for (const each of named) if (each) expect(each.name, `${title}: ${each.uid}`).toBeDefined()
      expect(nist.length, title).toBeGreaterThan(0)
    }
  })

  it('use every technique, control and safeguard that the tables hold', () => {
    const used = new Set(metas.flatMap(({ tags = [] }) => [...tags]))
    const lower = (table: object, prefix: string): string[] => Object.keys(table).map(id => `${prefix}${id.toLowerCase()}`)
    const parents = new Set([...used].map(tag => tag.replace(/^(attack\.t\d{4})\.\d{3}$/, '$1')))
    expect(lower(TECHNIQUES, 'attack.').filter(tag => !parents.has(tag))).toEqual([])
    expect([...lower(SUB_TECHNIQUES, 'attack.'), ...lower(NIST, 'nist-800-53.')].filter(tag => !used.has(tag))).toEqual([])
    expect(
      Object.keys(HIPAA)
        .map(uid => `hipaa.${uid.replaceAll(/\)?\(/g, '.').replace(')', '')}`)
        .filter(tag => !used.has(tag)),
    ).toEqual([])
    expect(Object.keys(OWASP)).toHaveLength(10)
  })
})
