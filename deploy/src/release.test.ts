import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '@weir/ingest'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readLambdaConfig } from './lambda-config.ts'
import { release } from './release.ts'
import { unzip } from './testing.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-release-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const ID = '5b0d1c9e-3f6a-4a52-9f0e-0c1f7f1f0a01'
const RULE = `title: Mine
id: ${ID}
logsource: { product: aws, service: cloudtrail }
detection:
  selection: { eventName: StopLogging }
  condition: selection
level: high
`
const SPLUNK = `  - name: soc
    type: splunk
    url: https://hec.example.com
    token: secretsmanager:arn:aws:secretsmanager:eu-west-1:111122223333:secret:weir/hec-AbCdEf
`

/** Writes a config and the files around it; the config's path. */
async function project(config: string, files: Readonly<Record<string, string>> = {}): Promise<string> {
  for (const [name, text] of Object.entries({ ...files, 'weir.yaml': config })) {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return join(folder, 'weir.yaml')
}

/** The error's lines, without the folder. */
async function refusal(config: string, files: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const error: unknown = await readLambdaConfig(await project(config, files)).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(ConfigError)
  return error instanceof Error ? error.message.replaceAll(`${folder}/`, '').split('\n') : []
}

describe('a release', () => {
  it('carries the rules of the config, and its template names what was made with it', async () => {
    const config = await project(`rules: { paths: [mine] }\nsinks:\n${SPLUNK}`, { 'mine/one.yml': RULE })
    const out = join(folder, 'out')
    const { made, warnings } = await release(config, out)
    expect(warnings).toEqual([])
    const file = (name: string) => made.find(each => each.name === name)?.file ?? ''

    const zip = await unzip(file('ingest'))
    const { rules } = JSON.parse(zip.get('rules.json')?.bytes.toString('utf8') ?? '{}') as { rules: string[] }
    expect(rules.length).toBeGreaterThan(10) // Weir's own and ours
    expect(rules.map(text => (JSON.parse(text) as { rule: { meta: { id: string } } }).rule.meta.id)).toContain(ID)
    expect([...zip.keys()]).toContain('rules.mjs')

    const json = JSON.parse(await readFile(file('config'), 'utf8'))
    expect(json).toMatchObject({ rules: { paths: [] }, sinks: [{ name: 'soc' }] })

    const template = await readFile(file('template'), 'utf8')
    for (const name of ['layer', 'ingest', 'config']) expect(template).toContain(`}${file(name).slice(out.length + 1)}`)
    expect(template).not.toMatch(/\n/)
    expect(template.length).toBeLessThan(51_200) // what CloudFormation takes in a request
  })

  it('says when there is no sink, and takes away only what an earlier one left', async () => {
    const out = join(folder, 'out')
    await mkdir(join(out, 'config'), { recursive: true })
    const old = `weir-ingest-${'0'.repeat(16)}.zip`
    for (const name of ['mine.txt', old, `config/${'0'.repeat(64)}.json`]) await writeFile(join(out, name), '')
    const { warnings } = await release(undefined, out)
    expect(warnings).toEqual([expect.stringMatching(/no sinks.*--config weir\.yaml/)])
    const left = await readdir(out)
    expect(left).toContain('mine.txt')
    expect(left).not.toContain(old)
    expect(await readdir(join(out, 'config'))).toHaveLength(1)
  })
})

describe('a config for Lambda', () => {
  it('leaves the pack out where it says so', async () => {
    const { rules } = await readLambdaConfig(
      await project('rules: { builtin: false, paths: [mine] }\n', { 'mine/one.yml': RULE }),
    )
    expect(rules.rules.map(({ meta }) => meta.id)).toEqual([ID])
  })

  it('is refused when a rule path is missing, a rule does not load or an id is taken', async () => {
    expect(await refusal('rules: { paths: [gone] }\n')).toEqual(['rules.paths gone: there is no such file or folder'])
    const broken = RULE.replace('condition: selection', 'condition: nothing')
    expect(
      await refusal('rules: { paths: [mine] }\n', { 'mine/bad.yml': broken, 'mine/a.yml': RULE, 'mine/b.yml': RULE }),
    ).toEqual([
      expect.stringMatching(/^mine\/bad\.yml:\d+:\d+ "Mine": /),
      expect.stringMatching(/^mine\/b\.yml:\d+:\d+ "Mine": its id .* is taken by "Mine" in mine\/a\.yml/),
    ])
  })

  it('is refused with the line where a sink or a secret is on this machine', async () => {
    const sinks = `sinks:
  - { name: local, type: file, path: out.ndjson }
  - { name: table, type: sqlite, path: out.db }
  - name: soc
    type: splunk
    url: https://hec.example.com
    token: env:HEC
    ca: file:/etc/ca.pem
  - name: otel
    type: otlp
    url: https://otel.example.com
    credentials: env:OTEL
redaction:
  key: env:KEY
journal:
  key: ssm:/weir/journal
  formerKeys: [env:OLD]
`
    expect((await refusal(sinks)).map(line => line.split(';')[0])).toEqual([
      expect.stringMatching(/^weir\.yaml:14:8 redaction\.key: the environment of the Lambda function/),
      expect.stringMatching(/^weir\.yaml:17:16 journal\.formerKeys\[0\]: /),
      expect.stringMatching(/^weir\.yaml:2:26 sinks\[0\]\.type: a file sink writes to this machine/),
      expect.stringMatching(/^weir\.yaml:3:26 sinks\[1\]\.type: a sqlite sink/),
      expect.stringMatching(/^weir\.yaml:7:12 sinks\[2\]\.token: /),
      expect.stringMatching(/^weir\.yaml:8:9 sinks\[2\]\.ca: the Lambda function does not have this file/),
      expect.stringMatching(/^weir\.yaml:12:18 sinks\[3\]\.credentials: /),
    ])
  })

  it('is refused where rule packs lie in a folder, and its bucket goes into the template', async () => {
    expect(await refusal('rules: { pack: packs }\n')).toEqual([
      expect.stringMatching(/^weir\.yaml:1:16 rules\.pack: a Lambda function does not have this folder/),
    ])
    expect(await refusal('rules: { pack: "https://example.com/packs" }\n')).toEqual([
      expect.stringMatching(/rules\.pack: expected s3:\/\/BUCKET\/PREFIX/),
    ])
    const { made } = await release(await project('rules: { pack: "s3://rules-of-ours/weir" }\n'), join(folder, 'out'))
    const template = await readFile(made.find(({ name }) => name === 'template')?.file ?? '', 'utf8')
    expect(template).toContain(':s3:::rules-of-ours/weir/*')
  })

  it('is what the README shows', async () => {
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
    const example = /## Config\n.*?```yaml\n(.*?)```/s.exec(readme)?.[1] ?? ''
    const { config } = await readLambdaConfig(await project(example))
    expect(config.sinks.map(({ type }) => type)).toEqual(['splunk', 'elastic', 'sentinel', 'otlp'])
  })

  it('is refused without a telemetry stream, and when there is no such file', async () => {
    expect(await refusal('streams: { trail: { sources: [cloudtrail] } }\n')).toEqual([
      expect.stringMatching(/^weir\.yaml:1:10 streams: names no stream "telemetry"/),
    ])
    await expect(readLambdaConfig(join(folder, 'none.yaml'))).rejects.toThrow(/there is no such file; `weir init` writes one/)
  })
})
