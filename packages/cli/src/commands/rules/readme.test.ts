import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { weir } from '../../testing.ts'

const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8')
let cwd = ''
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'weir-readme-'))
  await mkdir(join(cwd, 'rules'))
  for (const [, file = '', text = ''] of readme.matchAll(/```yaml\n# (\S+)\n([^]*?)```/g)) await writeFile(join(cwd, file), text)
  await writeFile(join(cwd, 'rules/keys-made.yml'), CORRELATION)
  const record = {
    eventVersion: '1.09',
    eventSource: 'iam.amazonaws.com',
    eventName: 'DeleteAccessKey',
    userAgent: 'aws-cli/2.17.0',
  }
  await writeFile(join(cwd, 'trail.json.gz'), gzipSync(JSON.stringify({ Records: [record] })))
})
afterAll(() => rm(cwd, { recursive: true, force: true }))

const CORRELATION = `title: Several keys made
id: 5b0c7f5e-6f0e-4d3a-9f0a-0c7d6a0f1b12
correlation: { type: event_count, rules: [key_made], group-by: [userIdentity.userName], timespan: 10m, condition: { gte: 3 } }
level: high
`

describe('the loop in the README', () => {
  const [, loop = ''] = /\nThe loop: .*\n\n```sh\n([^]*?)```/.exec(readme) ?? []
  const commands = [...loop.matchAll(/^weir (.*?)\s+#/gm)].map(([, line = '']) => line.split(/\s+/))

  it('has its four steps', () => {
    expect(commands.map(([, action]) => action)).toEqual(['check', 'test', 'explain', 'backtest'])
  })

  it.each(commands)('runs as it is written: %s %s', async (...argv) => {
    const { code, out, err } = await weir(argv, { cwd })
    expect(code, err).toBe(0)
    if (argv[1] === 'explain') expect(readme).toContain(`\`\`\`\n${out}\`\`\``)
    if (argv[1] === 'test') expect(err).toMatch(/^4 cases of 2 files: 4 passed, 0 failed/)
  })
})
