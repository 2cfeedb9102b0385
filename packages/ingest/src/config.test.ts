import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { configSchema, InvalidConfig, validateConfig } from './config.ts'
import { parseConfig, readConfigFile } from './config-file.ts'

const lines = (text: string): string[] => {
  try {
    parseConfig(text, 'weir.yaml')
  } catch (error) {
    return (error as Error).message.split('\n')
  }
  return []
}

describe('the config', () => {
  it('has a default for everything', () => {
    const config = validateConfig(undefined)
    expect(config.streams).toEqual({ telemetry: { sources: ['weir'] } })
    expect(config.sinks).toEqual([])
    expect(config.detections.windowMinutes).toBe(5)
  })

  it('knows which kinds are masked by choice, and no others', () => {
    expect(validateConfig(undefined).redaction.also).toEqual([])
    expect(validateConfig({ redaction: { also: ['email'] } }).redaction.also).toEqual(['email'])
    expect(lines('redaction:\n  also: [mail]\n')).toEqual(['weir.yaml:2:10 redaction.also[0]: expected "email"'])
    expect(JSON.stringify(configSchema())).toContain('"enum":["email"]')
  })

  it('gives a sink its own options, with secrets still references', () => {
    const { sinks } = validateConfig({
      sinks: [{ name: 'soc', type: 'splunk', route: 'all', url: 'https://hec.example.com:8088', token: 'env:HEC_TOKEN' }],
    })
    expect(sinks[0]).toMatchObject({ name: 'soc', type: 'splunk', route: 'all', options: { token: 'env:HEC_TOKEN' } })
  })

  it('refuses a secret that is not a reference, without repeating it', () => {
    const found = lines(
      'sinks:\n  - name: soc\n    type: splunk\n    url: https://hec.example.com\n    token: 11111111-hunter2\n',
    )
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(/^weir\.yaml:5:12 sinks\[0\]\.token: .*env:NAME/)
    expect(found[0]).not.toContain('hunter2')
  })

  it('names the line of every issue, and the way out', () => {
    expect(lines('strems: {}\n')).toEqual([
      expect.stringMatching(/^weir\.yaml:\d+:\d+ strems: unknown option "strems"; did you mean "streams"\?$/),
    ])
    expect(lines('sinks:\n  - name: a\n    type: splnk\n')[0]).toMatch(
      /^weir\.yaml:3:11 sinks\[0\]\.type: .*did you mean "splunk"/,
    )
    expect(lines('sinks:\n  - name: a\n    type: splunk\n    urll: https://x\n').join('\n')).toMatch(
      /weir\.yaml:\d+:\d+ sinks\[0\]\.urll: unknown option "urll"; did you mean "url"/,
    )
    expect(lines('streams:\n  telemetry:\n    sources: [wier]\n')[0]).toMatch(
      /^weir\.yaml:3:15 streams\.telemetry\.sources\[0\]: expected /,
    )
    expect(lines('detections:\n  windowMinutes: soon\n')[0]).toMatch(/^weir\.yaml:2:18 detections\.windowMinutes: /)
  })

  it('refuses a stream name that no stream, metric or resource could carry', () => {
    expect(lines('streams:\n  telemetry: { sources: [weir] }\n  "a_b c": { sources: [weir] }\n')).toEqual([
      expect.stringMatching(/^weir\.yaml:3:\d+ streams\.a_b c: a name is lower-case letters, digits and "-"/),
    ])
    expect(lines('streams:\n  aB: { sources: [weir] }\n')[0]).toMatch(/^weir\.yaml:2:\d+ streams\.aB: /)
  })

  it('takes further questions of its caller, and answers them with the line', () => {
    const further = () => [{ path: ['sinks', 0, 'type'], message: 'no' }]
    expect(() => parseConfig('sinks:\n  - name: a\n    type: file\n    path: x\n', 'weir.yaml', further)).toThrow(
      'weir.yaml:3:11 sinks[0].type: no',
    )
  })

  it('names every unknown option, not the first of each place', () => {
    const unknown = Array.from({ length: 1_000 }, (_, i) => `odd${i}`)
    expect(lines(`strems: {}\nsinsk: []\n`).map(line => line.split(';')[1])).toEqual([
      ' did you mean "streams"?',
      ' did you mean "sinks"?',
    ])
    expect(lines(unknown.map(key => `${key}: 1\n`).join(''))).toHaveLength(1_000)
    expect(
      lines(`sinks:\n${unknown.map(key => `  - { name: ${key}, type: file, path: x, ${key}: 1 }\n`).join('')}`),
    ).toHaveLength(1_000)
  })

  it.each([
    ['{ Admins: [] }', /^weir\.yaml:2:\d+ rules\.placeholders\.Admins: expected a list of values, or the name of a file/],
    ['{ Admins: [[a]] }', /expected a list of values/],
    ['{ "%Admins%": [a] }', /without the percent signs/],
    ['[a]', /rules\.placeholders: /],
  ])('names what is wrong with the placeholders %s', (placeholders, message) => {
    expect(lines(`rules:\n  placeholders: ${placeholders}\n`)[0]).toMatch(message)
  })

  it('says where YAML ends to be YAML', () => {
    expect(lines('sinks: [\n')[0]).toMatch(/^weir\.yaml:\d+:\d+ is not valid YAML/)
    expect(lines('a: &x [1]\nb: *x\n')[0]).toMatch(/aliases/)
  })

  it('takes paths relative to its file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-config-'))
    try {
      await writeFile(
        join(folder, 'weir.yaml'),
        'rules: { paths: [mine], mappings: [m.yml], placeholders: { a: [x], b: b.txt } }\nstate: { type: sqlite, path: s.db }\nsinks: [{ name: a, type: file, path: out.ndjson }]\n',
      )
      const config = await readConfigFile(join(folder, 'weir.yaml'))
      expect(config.rules).toMatchObject({
        paths: [join(folder, 'mine')],
        mappings: [join(folder, 'm.yml')],
        placeholders: { a: ['x'], b: join(folder, 'b.txt') },
      })
      expect(config.state).toMatchObject({ path: join(folder, 's.db') })
      expect(config.sinks[0]?.options).toMatchObject({ path: join(folder, 'out.ndjson') })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('refuses two sinks of one name', () => {
    const sink = { name: 'a', type: 'splunk', url: 'https://hec.example.com', token: 'env:T' }
    expect(() => validateConfig({ sinks: [sink, sink] })).toThrow(InvalidConfig)
  })

  it('describes itself to editors, each sink with its options', () => {
    const schema = configSchema() as {
      properties: { sinks: { items: { oneOf: { properties: Record<string, { const?: string }> }[] } } }
    }
    const types = schema.properties.sinks.items.oneOf.map(variant => variant.properties['type']?.const)
    expect(types).toContain('splunk')
    expect(JSON.stringify(schema)).toContain('env:')
  })
})
