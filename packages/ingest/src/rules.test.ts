import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError } from './errors.ts'
import { loadRules, refusalLine } from './rules.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-rules-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const ID = '5b0d1c9e-3f6a-4a52-9f0e-0c1f7f1f0a01'
const rule = (id: string, title: string) => `title: ${title}
id: ${id}
logsource: { product: aws, service: cloudtrail }
detection:
  selection: { eventName: StopLogging }
  condition: selection
level: high
`

describe('loadRules', () => {
  it('adds the rules under a path to the pack, and hashes all of them', async () => {
    await mkdir(join(folder, 'mine'))
    await writeFile(join(folder, 'mine/one.yml'), rule(ID, 'One'))
    const pack = await loadRules(folder, true, [])
    const both = await loadRules(folder, true, ['mine'])
    expect(both.rules.length).toBe(pack.rules.length + 1)
    expect([both.builtin.has(ID), both.refused, both.pack === pack.pack]).toEqual([false, [], false])
    expect((await loadRules(folder, false, ['mine/one.yml'])).rules.map(({ meta }) => meta.title)).toEqual(['One'])
  })

  it('refuses an id that is taken, and names both files', async () => {
    await writeFile(join(folder, 'a.yml'), rule(ID, 'One'))
    await writeFile(join(folder, 'b.yml'), rule(ID, 'Two'))
    const { rules, refused } = await loadRules(folder, false, ['.'])
    expect(rules.map(({ meta }) => meta.title)).toEqual(['One'])
    expect(refused.map(refusalLine)).toEqual([`b.yml:2:1 "Two": its id ${ID} is taken by "One" in a.yml:2:1`])
  })

  it('names the option of a path that is not there or holds no rule', async () => {
    await expect(loadRules(folder, false, ['gone'])).rejects.toThrow(
      new ConfigError('--rules gone: there is no such file or folder'),
    )
    await expect(loadRules(folder, false, ['.'], 'rules.paths')).rejects.toThrow(
      new ConfigError('rules.paths .: holds no .yml file'),
    )
  })

  it('links documents of different files and of the pack', async () => {
    await mkdir(join(folder, 'filters'))
    await writeFile(join(folder, 'one.yml'), `name: one\n${rule(ID, 'One')}`)
    const [own] = (await loadRules(folder, true, [])).rules
    const target = own?.meta.id ?? ''
    await writeFile(
      join(folder, 'filters/f.yml'),
      `title: F\nlogsource: ${JSON.stringify(own?.logsource)}\nfilter:\n  rules: [${target}]\n  sel: { a: b }\n  condition: not sel\n`,
    )
    await writeFile(
      join(folder, 'c.yml'),
      'title: C\ncorrelation: { type: event_count, rules: [one], group-by: [awsRegion], timespan: 5m, condition: { gte: 3 } }\n',
    )
    const { rules, correlations, refused } = await loadRules(folder, true, ['.'])
    expect(refused).toEqual([])
    expect(rules.find(({ meta }) => meta.id === target)?.filters).toMatchObject([{ title: 'F', file: 'filters/f.yml' }])
    expect(correlations.map(({ meta }) => meta.title)).toContain('C')
  })

  it('reads a file once, however many paths lead to it', async () => {
    await writeFile(join(folder, 'a.yml'), rule(ID, 'One'))
    expect((await loadRules(folder, false, ['.', 'a.yml'])).refused).toEqual([])
  })

  it('puts values in the place of placeholders, from the config or from a file with one a line', async () => {
    await writeFile(join(folder, 'a.yml'), rule(ID, 'One').replace('eventName: StopLogging', 'who|expand: "%admins%"'))
    await writeFile(join(folder, 'admins.txt'), '# ours\nroot\r\n\n adm-* \n')
    const values = async (admins: string | (string | number)[]) =>
      JSON.stringify((await loadRules(folder, false, ['a.yml'], '--rules', { placeholders: { admins } })).rules[0]?.condition)
    expect(await values(['root', 7])).toMatch(/"root".*"7"/)
    expect(await values('admins.txt')).toMatch(/"root".*"adm-"/)
    expect((await loadRules(folder, false, ['a.yml'])).refused[0]?.reason).toContain('rules.placeholders.admins in weir.yaml')
    await writeFile(join(folder, 'admins.txt'), '# nobody\n')
    await expect(values('admins.txt')).rejects.toThrow('rules.placeholders.admins: admins.txt holds no value')
    await expect(values('gone.txt')).rejects.toThrow('rules.placeholders.admins: gone.txt cannot be read (ENOENT)')
  })

  it('gives rules the names of their events, by Weir’s mappings and by those of the config', async () => {
    const gcp = rule(ID, 'One').replace('product: aws, service: cloudtrail', 'product: gcp, service: gcp.audit')
    await writeFile(join(folder, 'a.yml'), gcp.replace('eventName', 'gcp.audit.method_name'))
    await writeFile(join(folder, 'm.yml'), '- rules: { product: gcp }\n  fields: { gcp.audit.method_name: mine }\n')
    const first = await loadRules(folder, false, ['a.yml'])
    expect(first.rules[0]?.fields).toContain('protoPayload.methodName')
    const second = await loadRules(folder, false, ['.'], '--rules', { mappings: ['m.yml'] })
    expect([second.rules[0]?.fields, second.refused, second.pack === first.pack]).toEqual([['mine'], [], false])
    await writeFile(join(folder, 'm.yml'), '- rules: { product: gcp }\n  feilds: {}\n')
    const third = await loadRules(folder, false, ['a.yml'], '--rules', { mappings: ['m.yml'] })
    expect(third.refused.map(refusalLine)).toMatchObject([expect.stringContaining('m.yml:2:3 unknown key "feilds"')])
    await expect(loadRules(folder, false, ['a.yml'], '--rules', { mappings: ['no.yml'] })).rejects.toThrow(
      'rules.mappings[0]: no.yml cannot be read (ENOENT)',
    )
  })

  it('takes rules of a taxonomy that a mapping translates', async () => {
    await writeFile(join(folder, 'a.yml'), `taxonomy: ecs\n${rule(ID, 'One').replace('eventName', 'event.action')}`)
    await writeFile(join(folder, 'm.yml'), '- rules: { product: aws }\n  taxonomy: ecs\n  fields: { event.action: eventName }\n')
    expect((await loadRules(folder, false, ['a.yml'])).refused[0]?.reason).toContain('unknown taxonomy "ecs"')
    const { rules } = await loadRules(folder, false, ['a.yml'], '--rules', { mappings: ['m.yml'] })
    expect(rules[0]?.fields).toEqual(['eventName'])
  })

  it('follows links, and refuses circles, links to nothing, sockets, and what is not UTF-8 or too large', async () => {
    const tree = join(folder, 'tree')
    await mkdir(join(tree, 'odd.yml'), { recursive: true })
    await writeFile(join(folder, 'outside.yml'), rule(ID, 'Outside'))
    await symlink(join(folder, 'outside.yml'), join(tree, 'a.yml'))
    await symlink(tree, join(tree, 'circle'))
    await symlink(join(folder, 'gone'), join(tree, 'gone.yml'))
    await writeFile(join(tree, 'latin.yml'), Buffer.from('title: \xe9\n', 'latin1'))
    await writeFile(join(tree, 'large.yml'), 'x'.repeat((3 << 20) + 1))
    const socket = createServer()
    await new Promise<void>(done => void socket.listen(join(tree, 'socket.yml'), done))
    const { rules, refused } = await loadRules(folder, false, ['tree'])
    await new Promise(done => void socket.close(done))
    expect(rules.map(({ meta }) => meta.title)).toEqual(['Outside'])
    const reasons = Object.fromEntries(refused.map(({ file, reason }) => [file, reason]))
    expect(reasons).toMatchObject({
      'tree/circle': expect.stringContaining('was read already'),
      'tree/gone.yml': 'is a link to nothing',
      'tree/latin.yml': expect.stringContaining('not text in UTF-8'),
      'tree/large.yml': expect.stringContaining('split it'),
      'tree/socket.yml': 'is no regular file',
    })
    expect(Object.keys(reasons)).toHaveLength(5)
  })

  it.skipIf(process.getuid?.() === 0)('refuses files and folders that it may not read', async () => {
    await mkdir(join(folder, 'closed'))
    await writeFile(join(folder, 'a.yml'), rule(ID, 'One'))
    await chmod(join(folder, 'a.yml'), 0)
    await chmod(join(folder, 'closed'), 0)
    const { refused } = await loadRules(folder, false, ['.'])
    await chmod(join(folder, 'closed'), 0o700)
    expect(refused.map(({ reason }) => reason)).toEqual(['cannot be read (EACCES)', 'cannot be read (EACCES)'])
  })

  it('tells how far it is', async () => {
    await Promise.all(Array.from({ length: 250 }, (_, i) => writeFile(join(folder, `${i}.yml`), '')))
    const told: string[] = []
    await loadRules(folder, false, ['.'], '--rules', { onProgress: (read, of) => void told.push(`${read}/${of}`) })
    expect(told).toEqual(['100/250', '200/250'])
  })
})
