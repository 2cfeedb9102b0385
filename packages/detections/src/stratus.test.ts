import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { createEngine, type Rule } from '@weir/sigma'
import { describe, expect, it } from 'vitest'
import { memoryState, OPTIONS } from '../test/support.ts'
import { detectors } from './detectors/index.ts'
import type { DetectorEvent } from './detector.ts'
import { loadPack } from './pack.ts'

const DATA = new URL('../../../../shared/data/', import.meta.url)
const LOGS = new URL('stratus/', DATA)
const PUBLIC_RULES = new URL('sigma/rules/cloud/aws/', DATA)
const present = existsSync(LOGS) && existsSync(PUBLIC_RULES)
if (!present) process.stdout.write('skipped: no logs of attack techniques in ../shared/data/stratus\n')

const logsource = { product: 'aws', service: 'cloudtrail' }

async function logs(): Promise<[string, DetectorEvent[]][]> {
  const files = (await readdir(LOGS)).filter(file => file.endsWith('.json')).toSorted()
  return Promise.all(
    files.map(async file => {
      const records = JSON.parse(await readFile(new URL(file, LOGS), 'utf8')) as Record<string, unknown>[]
      const events = records.map(record => ({
        uid: String(record['eventID']),
        time: Date.parse(String(record['eventTime'])),
        source: 'cloudtrail',
        logsource,
        record,
        ocsf: {},
        identity: { claimed: false },
      }))
      return [file, events] as [string, DetectorEvent[]]
    }),
  )
}

/** Titles of what these rules find in each file; the detectors run too where they are given. */
async function found(rules: readonly Rule[], typed = detectors): Promise<Map<string, Set<string>>> {
  const engine = createEngine(rules)
  const result = new Map<string, Set<string>>()
  for (const [file, events] of await logs()) {
    const titles = new Set(events.flatMap(event => engine.match(event).map(({ rule }) => rule.meta.title)))
    for (const detector of typed.filter(each => each.logsource.service === 'cloudtrail')) {
      const context = { batch: file, now: 0, state: memoryState(), options: OPTIONS }
      if ((await detector.detect(events, context)).length > 0) titles.add(detector.meta.title)
    }
    result.set(file, titles)
  }
  return result
}

describe.skipIf(!present)('on the logs of twenty attack techniques', () => {
  it('the pack finds each of them, among them those that the public rules for AWS do not see', async () => {
    const ours = await found((await loadPack()).rules)
    const theirs = await found((await loadPack(PUBLIC_RULES)).rules, [])
    const unseen = [...theirs].filter(([, titles]) => titles.size === 0).map(([file]) => file)
    process.stdout.write(`techniques without a finding of the public rules: ${unseen.length} of ${theirs.size}\n`)
    expect(unseen.length).toBeGreaterThan(0)
    expect([...ours].filter(([, titles]) => titles.size === 0).map(([file]) => file)).toEqual([])
  })

  it('names the technique, not merely something beside it', async () => {
    const ours = await found((await loadPack()).rules)
    const expected: Readonly<Record<string, string>> = {
      'aws.credential-access.secretsmanager-retrieve-secrets.json': 'Secrets harvested by one principal',
      'aws.defense-evasion.dns-delete-logs.json': 'VPC flow logs or DNS query logs deleted',
      'aws.exfiltration.ec2-share-ebs-snapshot.json': 'Snapshot or image shared outside the account',
      'aws.execution.ssm-send-command.json': 'Commands sent to machines through Systems Manager',
      'aws.persistence.iam-backdoor-user.json': 'Access key made for another user',
      'aws.persistence.iam-create-admin-user.json': 'Administrator rights attached to an identity',
      'aws.persistence.iam-create-backdoor-role.json': 'Another account was given access or invoke permission',
    }
    for (const [file, title] of Object.entries(expected)) expect([...(ours.get(file) ?? [])], file).toContain(title)
  })
})
