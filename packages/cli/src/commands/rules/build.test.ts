import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadRules } from '@weir/ingest'
import { openPack, type PackModule } from '@weir/sigma'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { weir } from '../../testing.ts'

const RULE = `title: Mine
id: 5b0d1c9e-3f6a-4a52-9f0e-0c1f7f1f0a02
level: high
logsource: { product: aws, service: cloudtrail }
detection: { selection: { eventName: StopLogging }, condition: selection }
`
let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-build-'))
  await mkdir(join(folder, 'mine'))
  await writeFile(join(folder, 'mine/one.yml'), RULE)
  await writeFile(join(folder, 'weir.yaml'), 'rules: { builtin: false, paths: [mine] }\n')
})
afterEach(() => rm(folder, { recursive: true, force: true }))
const build = (...args: readonly string[]) => weir(['rules', 'build', ...args], { cwd: folder })

describe('weir rules build', () => {
  it('writes a pack, its module and the pointer; the pack has the name that a run of its rules has', async () => {
    const { code, err } = await build('--config', 'weir.yaml', '--out', 'out')
    expect(err).toMatch(/^pack [0-9a-f]{16}: 1 rule, 0 correlations; [0-9a-f]{64}\.json \d+ bytes, \.mjs \d+ bytes\n$/)
    expect(code).toBe(0)
    const { pack } = JSON.parse(await readFile(join(folder, 'out/current.json'), 'utf8')) as { pack: string }
    expect((await readdir(join(folder, 'out'))).toSorted()).toEqual([`${pack}.json`, `${pack}.mjs`, 'current.json'].toSorted())
    const text = await readFile(join(folder, 'out', `${pack}.json`), 'utf8')
    expect(createHash('sha256').update(text).digest('hex')).toBe(pack)
    const module = (await import(/* @vite-ignore */ pathToFileURL(join(folder, 'out', `${pack}.mjs`)).href)) as PackModule
    const { hash, engine } = openPack(JSON.parse(text), { module })
    expect(hash).toBe((await loadRules(folder, false, ['mine'])).pack)
    const logsource = { product: 'aws', service: 'cloudtrail' }
    expect(engine.match({ logsource, record: { eventName: 'StopLogging' }, ocsf: {} })).toHaveLength(1)
  })

  it('makes the same files of the same rules, however it is told of them', async () => {
    const one = await build('--config', 'weir.yaml', '--out', 'one', '--json')
    const two = await build('mine', '--no-builtin', '--out', 'two', '--json')
    expect(JSON.parse(one.out)).toEqual(JSON.parse(two.out))
    expect(JSON.parse(one.out)).toMatchObject({ rules: 1, correlations: 0 })
  })

  it('writes nothing when a rule is refused, and lists each; exit code 3', async () => {
    await writeFile(join(folder, 'mine/two.yml'), RULE.replace('condition: selection', 'condition: nothing'))
    await writeFile(join(folder, 'mine/six.yml'), RULE.replace('level: high', 'level: highest'))
    const { code, err } = await build('mine', '--out', 'out')
    expect(code).toBe(3)
    expect(err).toMatch(
      /refused mine\/six\.yml:.*\n.*refused mine\/two\.yml:|refused mine\/two\.yml:.*\n.*refused mine\/six\.yml:/s,
    )
    expect(await readdir(folder)).not.toContain('out')
  })

  it('says what is missing', async () => {
    expect(await build('mine')).toMatchObject({ code: 2, err: expect.stringContaining('--out DIR') })
    expect(await build('mine', '--publish', 'https://example.com')).toMatchObject({
      code: 2,
      err: expect.stringContaining('s3://BUCKET/PREFIX'),
    })
  })
})

describe('weir rules build --publish', () => {
  const asked: string[] = []
  let broken = ''
  const server = createServer((request, response) => void answer(request).then(status => response.writeHead(status).end()))
  async function answer(request: IncomingMessage): Promise<number> {
    for await (const _ of request);
    asked.push(`${request.method} ${request.url?.split('?')[0]} ${request.headers['x-amz-checksum-sha256'] ? 'checked' : ''}`)
    return broken !== '' && request.url?.includes(broken) ? 403 : 200
  }
  const own = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'eu-west-1' }
  const before = { ...process.env }
  beforeEach(async () => {
    asked.length = 0
    broken = ''
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    Object.assign(process.env, own, { AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}` })
  })
  afterEach(async () => {
    for (const key of [...Object.keys(own), 'AWS_ENDPOINT_URL_S3']) {
      if (before[key] === undefined) delete process.env[key]
      else process.env[key] = before[key]
    }
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })

  it('uploads the pack, and then moves the pointer; no code goes there', async () => {
    expect(await build('mine', '--no-builtin', '--publish', 's3://packs/weir/rules')).toMatchObject({ code: 0 })
    expect(asked).toEqual([
      expect.stringMatching(/^PUT \/packs\/weir\/rules\/[0-9a-f]{64}\.json checked$/),
      'PUT /packs/weir/rules/current.json checked',
    ])
  })

  it('leaves the pointer alone when the upload fails, and says so', async () => {
    broken = '.json'
    const { code, err } = await build('mine', '--no-builtin', '--publish', 's3://packs/weir/rules')
    expect(code).toBe(2)
    expect(err).toMatch(/--publish s3:\/\/packs\/weir\/rules: the pointer has not moved: /)
    expect(asked.filter(line => line.includes('current'))).toEqual([])
  })
})
