/** A name in someone's catalogue. `name` is absent for an id that the tables here do not hold. */
export interface Named {
  readonly uid: string
  readonly name?: string
}

/** A tactic, technique and sub-technique that belong together, shaped as OCSF's `attack` object. */
export interface Attack {
  readonly tactic?: Named
  readonly technique?: Named
  readonly sub_technique?: Named
  readonly version: string
}

/** What a detection's tags say, in names. Lists are empty where no tag says anything. */
export interface Mappings {
  readonly attacks: readonly Attack[]
  readonly owasp: readonly Named[]
  readonly nist: readonly Named[]
  readonly hipaa: readonly Named[]
}

/** The ATT&CK release that the tables follow: the one that split Defense Evasion into Stealth and Defense Impairment. */
export const ATTACK_VERSION = '19'

type Table = Readonly<Record<string, string>>

/** Tag to id and name: https://attack.mitre.org/tactics/enterprise/ */
export const TACTICS: Readonly<Record<string, { readonly uid: string; readonly name: string }>> = {
  reconnaissance: { uid: 'TA0043', name: 'Reconnaissance' },
  'resource-development': { uid: 'TA0042', name: 'Resource Development' },
  'initial-access': { uid: 'TA0001', name: 'Initial Access' },
  execution: { uid: 'TA0002', name: 'Execution' },
  persistence: { uid: 'TA0003', name: 'Persistence' },
  'privilege-escalation': { uid: 'TA0004', name: 'Privilege Escalation' },
  stealth: { uid: 'TA0005', name: 'Stealth' },
  'defense-evasion': { uid: 'TA0005', name: 'Defense Evasion' }, // the same id before release 19; rules written then still say it
  'defense-impairment': { uid: 'TA0112', name: 'Defense Impairment' },
  'credential-access': { uid: 'TA0006', name: 'Credential Access' },
  discovery: { uid: 'TA0007', name: 'Discovery' },
  'lateral-movement': { uid: 'TA0008', name: 'Lateral Movement' },
  collection: { uid: 'TA0009', name: 'Collection' },
  exfiltration: { uid: 'TA0010', name: 'Exfiltration' },
  'command-and-control': { uid: 'TA0011', name: 'Command and Control' },
  impact: { uid: 'TA0040', name: 'Impact' },
}

/** The techniques that this pack uses, with the tactics each serves: https://attack.mitre.org/techniques/enterprise/ */
export const TECHNIQUES: Readonly<Record<string, { readonly name: string; readonly tactics: readonly string[] }>> = {
  T1003: { name: 'OS Credential Dumping', tactics: ['credential-access'] },
  T1021: { name: 'Remote Services', tactics: ['lateral-movement'] },
  T1037: { name: 'Boot or Logon Initialization Scripts', tactics: ['persistence', 'privilege-escalation'] },
  T1048: { name: 'Exfiltration Over Alternative Protocol', tactics: ['exfiltration'] },
  T1059: { name: 'Command and Scripting Interpreter', tactics: ['execution'] },
  T1078: { name: 'Valid Accounts', tactics: ['stealth', 'persistence', 'privilege-escalation', 'initial-access'] },
  T1098: { name: 'Account Manipulation', tactics: ['persistence', 'privilege-escalation'] },
  T1105: { name: 'Ingress Tool Transfer', tactics: ['command-and-control'] },
  T1190: { name: 'Exploit Public-Facing Application', tactics: ['initial-access'] },
  T1195: { name: 'Supply Chain Compromise', tactics: ['initial-access'] },
  T1485: { name: 'Data Destruction', tactics: ['impact'] },
  T1489: { name: 'Service Stop', tactics: ['impact'] },
  T1496: { name: 'Resource Hijacking', tactics: ['impact'] },
  T1499: { name: 'Endpoint Denial of Service', tactics: ['impact'] },
  T1525: { name: 'Implant Internal Image', tactics: ['persistence'] },
  T1537: { name: 'Transfer Data to Cloud Account', tactics: ['exfiltration'] },
  T1546: { name: 'Event Triggered Execution', tactics: ['persistence', 'privilege-escalation'] },
  T1550: { name: 'Use Alternate Authentication Material', tactics: ['lateral-movement'] },
  T1552: { name: 'Unsecured Credentials', tactics: ['credential-access'] },
  T1553: { name: 'Subvert Trust Controls', tactics: ['defense-impairment'] },
  T1555: { name: 'Credentials from Password Stores', tactics: ['credential-access'] },
  T1556: { name: 'Modify Authentication Process', tactics: ['credential-access', 'persistence', 'defense-impairment'] },
  T1571: { name: 'Non-Standard Port', tactics: ['command-and-control'] },
  T1574: { name: 'Hijack Execution Flow', tactics: ['persistence', 'privilege-escalation', 'stealth', 'execution'] },
  T1580: { name: 'Cloud Infrastructure Discovery', tactics: ['discovery'] },
  T1595: { name: 'Active Scanning', tactics: ['reconnaissance'] },
  T1648: { name: 'Serverless Execution', tactics: ['execution'] },
  T1651: { name: 'Cloud Administration Command', tactics: ['execution'] },
  T1685: { name: 'Disable or Modify Tools', tactics: ['defense-impairment'] },
  T1686: { name: 'Disable or Modify System Firewall', tactics: ['defense-impairment'] },
}

export const SUB_TECHNIQUES: Table = {
  'T1003.007': 'Proc Filesystem',
  'T1021.008': 'Direct Cloud VM Connections',
  'T1059.004': 'Unix Shell',
  'T1078.004': 'Cloud Accounts',
  'T1098.001': 'Additional Cloud Credentials',
  'T1098.003': 'Additional Cloud Roles',
  'T1195.002': 'Compromise Software Supply Chain',
  'T1496.001': 'Compute Hijacking',
  'T1550.001': 'Application Access Token',
  'T1552.001': 'Credentials In Files',
  'T1552.005': 'Cloud Instance Metadata API',
  'T1553.006': 'Code Signing Policy Modification',
  'T1555.006': 'Cloud Secrets Management Stores',
  'T1556.006': 'Multi-Factor Authentication',
  'T1595.002': 'Vulnerability Scanning',
  'T1685.002': 'Disable or Modify Cloud Log',
  'T1686.001': 'Cloud Firewall',
}

/** OWASP Serverless Top 10: https://owasp.org/www-project-serverless-top-10/ */
export const OWASP: Table = {
  SLS1: 'Injection',
  SLS2: 'Broken Authentication',
  SLS3: 'Sensitive Data Exposure',
  SLS4: 'XML External Entities',
  SLS5: 'Broken Access Control',
  SLS6: 'Security Misconfiguration',
  SLS7: 'Cross-Site Scripting',
  SLS8: 'Insecure Deserialization',
  SLS9: 'Using Components with Known Vulnerabilities',
  SLS10: 'Insufficient Logging and Monitoring',
}

/** The controls of NIST SP 800-53 revision 5 that this pack uses. */
export const NIST: Table = {
  'AC-2': 'Account Management',
  'AC-3': 'Access Enforcement',
  'AC-4': 'Information Flow Enforcement',
  'AC-6': 'Least Privilege',
  'AC-17': 'Remote Access',
  'AU-5': 'Response to Audit Logging Process Failures',
  'AU-6': 'Audit Record Review, Analysis, and Reporting',
  'AU-9': 'Protection of Audit Information',
  'AU-10': 'Non-repudiation',
  'AU-11': 'Audit Record Retention',
  'AU-12': 'Audit Record Generation',
  'CM-3': 'Configuration Change Control',
  'CM-5': 'Access Restrictions for Change',
  'CM-7': 'Least Functionality',
  'CP-2': 'Contingency Plan',
  'CP-9': 'System Backup',
  'IA-2': 'Identification and Authentication (Organizational Users)',
  'IA-5': 'Authenticator Management',
  'IA-9': 'Service Identification and Authentication',
  'SC-5': 'Denial-of-service Protection',
  'SC-7': 'Boundary Protection',
  'SC-12': 'Cryptographic Key Establishment and Management',
  'SC-28': 'Protection of Information at Rest',
  'SI-3': 'Malicious Code Protection',
  'SI-4': 'System Monitoring',
  'SI-7': 'Software, Firmware, and Information Integrity',
  'SI-10': 'Information Input Validation',
  'SR-3': 'Supply Chain Controls and Processes',
}

/** The technical safeguards of the HIPAA Security Rule, 45 CFR 164.312, that this pack uses. */
export const HIPAA: Table = {
  '164.312(a)(1)': 'Access control',
  '164.312(a)(2)(iv)': 'Encryption and decryption',
  '164.312(b)': 'Audit controls',
  '164.312(c)(1)': 'Integrity',
  '164.312(d)': 'Person or entity authentication',
  '164.312(e)(1)': 'Transmission security',
}

/**
 * Turns tags into names. Namespaces: `attack.<tactic>`, `attack.tNNNN[.NNN]`, `owasp-serverless.slsN`, `nist-800-53.<control>` and
 * `hipaa.164.312.<paragraph>`, where `a.2.iv` stands for (a)(2)(iv). A technique gets one entry for each tagged tactic that it serves; a
 * tactic that no tagged technique serves stands alone. Other namespaces are left out; never throws.
 */
export function mappings(tags: readonly string[]): Mappings {
  const of = (namespace: string): string[] =>
    tags.filter(tag => tag.startsWith(`${namespace}.`)).map(tag => tag.slice(namespace.length + 1))
  return {
    attacks: attacks(of('attack')),
    owasp: of('owasp-serverless').map(id => named(id.toUpperCase(), OWASP)),
    nist: of('nist-800-53').map(id => named(id.toUpperCase(), NIST)),
    hipaa: of('hipaa').map(id => named(paragraph(id), HIPAA)),
  }
}

function attacks(values: readonly string[]): Attack[] {
  const techniques = values.filter(value => /^t\d{4}(\.\d{3})?$/.test(value)).map(value => value.toUpperCase())
  const tactics = values.filter(value => Object.hasOwn(TACTICS, value))
  const served = new Set<string>()
  const found: Attack[] = []
  for (const id of techniques) {
    const parent = id.slice(0, 5)
    const known = Object.hasOwn(TECHNIQUES, parent) ? TECHNIQUES[parent] : undefined
    const technique = {
      technique: known ? { uid: parent, name: known.name } : { uid: parent },
      ...(id === parent ? {} : { sub_technique: named(id, SUB_TECHNIQUES) }),
      version: ATTACK_VERSION,
    }
    const own = tactics.filter(tactic => known?.tactics.includes(tactic))
    if (own.length === 0) found.push(technique)
    for (const tactic of own) {
      served.add(tactic)
      found.push({ ...tacticOf(tactic), ...technique })
    }
  }
  for (const tactic of tactics) if (!served.has(tactic)) found.push({ ...tacticOf(tactic), version: ATTACK_VERSION })
  return found
}

function tacticOf(tag: string): { readonly tactic?: Named } {
  const tactic = TACTICS[tag]
  return tactic ? { tactic } : {}
}

function named(uid: string, table: Table): Named {
  const name = Object.hasOwn(table, uid) ? table[uid] : undefined
  return name === undefined ? { uid } : { uid, name }
}

/** `164.312.a.2.iv` → `164.312(a)(2)(iv)` */
function paragraph(id: string): string {
  const [part = '', section = '', ...rest] = id.split('.')
  return `${part}.${section}${rest.map(step => `(${step})`).join('')}`
}
