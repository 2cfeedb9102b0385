import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { logBatch, openBench, stopLogging } from './harness.ts'

const shared = fileURLToPath(new URL('../../../shared', import.meta.url))
const validator = join(shared, 'tools/ocsf-validate.mjs')
const there = existsSync(validator)
if (!there) process.stdout.write('OCSF validity of findings: skipped, there is no ../shared/tools/ocsf-validate.mjs\n')

describe('findings', () => {
  it.skipIf(!there)('are valid OCSF 1.8.0: those of real attacks, of telemetry and of ingest itself', async () => {
    const bench = await openBench()
    const files = readdirSync(join(shared, 'data/stratus')).filter(name => name.endsWith('.json'))
    await bench.handle([
      ...files.map(name => ({ stream: 'trail', data: readFileSync(join(shared, 'data/stratus', name)) })),
      { stream: 'trail', data: stopLogging() },
      { stream: 'telemetry', data: stopLogging() },
      { stream: 'telemetry', data: logBatch(['one']) },
      { stream: 'telemetry', data: logBatch(['two']) },
    ])
    expect(bench.findings.length).toBeGreaterThan(40)
    const folder = await mkdtemp(join(tmpdir(), 'weir-ocsf-'))
    try {
      const file = join(folder, 'findings.ndjson')
      await writeFile(file, bench.findings.map(finding => JSON.stringify(finding)).join('\n'))
      const { stdout, status } = spawnSync(process.execPath, [validator, file], { encoding: 'utf8' })
      expect(stdout).toMatch(/, 0 invalid/)
      expect(status).toBe(0)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
