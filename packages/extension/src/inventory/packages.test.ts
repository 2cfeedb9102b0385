import { describe, expect, it } from 'vitest'
import { type Entry, memoryFiles } from '../testing/files.ts'
import { testRecorder } from '../testing/recorder.ts'
import { tellInventory } from './packages.ts'

interface Told {
  readonly digest: string
  readonly part: number
  readonly parts: number
  readonly components: number
  readonly partial: boolean
  readonly bom: Record<string, unknown> & {
    readonly components: readonly { readonly purl: string }[]
    readonly serialNumber: string
  }
}

async function told(tree: Record<string, Entry>): Promise<Told[]> {
  const { recorder, host, shipped } = testRecorder()
  Object.assign(host, { files: memoryFiles(tree) })
  const done = tellInventory(recorder, task => task())
  for (let slice = 0; slice < 2; slice++) {
    host.advance(10)
    await new Promise(setImmediate)
  }
  await done
  return shipped().map(({ body }) => body as Told)
}
const purls = async (tree: Record<string, Entry>) => (await told(tree))[0]?.bom.components.map(({ purl }) => purl)
const npm = (name: string, version: string) => JSON.stringify({ name, version, description: 'x'.repeat(5_000) })

describe('the inventory', () => {
  it('is a CycloneDX document beside the digest of its code', async () => {
    const [{ bom, ...rest } = { bom: {} }, ...others] = await told({
      '/var/task/node_modules/left/package.json': npm('left', '1.2.3'),
    })
    expect(others).toEqual([])
    expect(rest).toEqual({ digest: expect.stringMatching(/^[0-9a-f]{32}$/), part: 1, parts: 1, components: 1, partial: false })
    expect(bom).toEqual({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      serialNumber: expect.stringMatching(/^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      version: 1,
      metadata: { component: { type: 'application', 'bom-ref': 'function', name: 'orders', version: '7' } },
      components: [{ type: 'library', name: 'left', version: '1.2.3', purl: 'pkg:npm/left@1.2.3' }],
      compositions: [{ aggregate: 'unknown', assemblies: ['function'] }],
    })
  })

  it.each<[string, Record<string, Entry>, string[]]>([
    [
      'npm, scoped and nested',
      {
        '/var/task/node_modules/a/package.json': npm('a', '1.0.0'),
        '/var/task/node_modules/a/node_modules/b/package.json': npm('b', '2.0.0'),
        '/var/task/node_modules/@s/c/package.json': npm('@s/c', '3.0.0-rc.1+x'),
        '/opt/nodejs/node_modules/d/package.json': npm('d', '4.0.0'),
        '/var/task/node_modules/.bin/x': '',
        '/var/task/node_modules/.cache/package.json': npm('cache', '1.0.0'),
        '/var/task/node_modules/nothing/index.js': '',
      },
      ['pkg:npm/%40s/c@3.0.0-rc.1%2Bx', 'pkg:npm/a@1.0.0', 'pkg:npm/b@2.0.0', 'pkg:npm/d@4.0.0'],
    ],
    [
      'Python, of the function and of layers',
      {
        '/var/task/Flask_Cors-4.0.1.dist-info/METADATA': '',
        '/var/task/flask_cors/node_modules/no/package.json': npm('no', '1.0.0'),
        '/opt/python/lib/python3.13/site-packages/six-1.16.0-py3.13.egg-info': '',
        '/opt/python/idna-3.7.dist-info/RECORD': '',
      },
      ['pkg:pypi/flask-cors@4.0.1', 'pkg:pypi/idna@3.7', 'pkg:pypi/six@1.16.0'],
    ],
    [
      'Java, by the names of jars',
      { '/var/task/lib/guava-31.1-jre.jar': '', '/opt/java/lib/log4j-core-2.14.1.jar': '', '/var/task/lib/own.jar': '' },
      ['pkg:generic/guava@31.1-jre', 'pkg:generic/log4j-core@2.14.1'],
    ],
    [
      'Ruby',
      {
        '/var/task/vendor/bundle/ruby/3.4.0/specifications/rack-3.0.8.gemspec': '',
        '/opt/ruby/gems/3.4.0/specifications/nokogiri-1.16.0-x86_64-linux.gemspec': '',
      },
      ['pkg:gem/nokogiri@1.16.0', 'pkg:gem/rack@3.0.8'],
    ],
    [
      '.NET',
      {
        '/var/task/App.deps.json': JSON.stringify({
          libraries: { 'App/1.0.0': { type: 'project' }, 'Newtonsoft.Json/13.0.1': { type: 'package' } },
        }),
      },
      ['pkg:nuget/Newtonsoft.Json@13.0.1'],
    ],
    ['nothing', { '/var/task/index.mjs': '1' }, []],
  ])('knows %s', async (_, tree, expected) => {
    expect((await purls(tree))?.toSorted()).toEqual(expected)
  })

  it('is one document for one version, and another where it says something else', async () => {
    const serial = async (version: string) =>
      (await told({ '/var/task/node_modules/a/package.json': npm('a', version) }))[0]?.bom.serialNumber
    expect(await serial('1.0.0')).toBe(await serial('1.0.0'))
    expect(await serial('1.0.1')).not.toBe(await serial('1.0.0'))
  })

  it('splits what is too long for one record into documents of their own, and loses none', async () => {
    const many = Object.fromEntries(
      [...Array(1_500)].map((_, each) => [
        `/var/task/node_modules/${each}/package.json`,
        `{"name":"${'n'.repeat(100)}${each}","version":"1.0.0"}`,
      ]),
    )
    const parts = await told(many)
    expect(parts.length).toBeGreaterThan(2)
    expect(parts.map(({ part }) => part)).toEqual(parts.map((_, index) => index + 1))
    for (const each of parts) {
      expect(each).toMatchObject({ parts: parts.length, components: 1_500, partial: false })
      expect(JSON.stringify(each).length).toBeLessThan(200_000)
    }
    expect(new Set(parts.map(({ bom }) => bom.serialNumber)).size).toBe(parts.length)
    expect(new Set(parts.flatMap(({ bom }) => bom.components.map(({ purl }) => purl))).size).toBe(1_500)
  })

  it('stands manifests that are nonsense, and names of any length', async () => {
    const tree = {
      '/var/task/node_modules/a/package.json': '{',
      '/var/task/node_modules/b/package.json': '[]',
      '/var/task/node_modules/c/package.json': JSON.stringify({ name: { a: 1 }, version: 2 }),
      '/var/task/node_modules/d/package.json': JSON.stringify({ name: `\ud800${'x'.repeat(9_000)}`, version: '1'.repeat(9_000) }),
      '/var/task/node_modules/e/package.json': JSON.stringify({ version: '1', name: 'e', filler: 'x'.repeat(100_000) }),
      '/var/task/x.deps.json': '{"libraries": ["a/1"]}',
    }
    const [{ bom } = { bom: undefined }] = await told(tree)
    expect(bom?.components).toHaveLength(1)
    expect(JSON.stringify(bom?.components).length).toBeLessThan(600)
  })

  it('ends when its time is spent, and says that it is incomplete', async () => {
    const { recorder, host, shipped } = testRecorder()
    const many = [...Array(300)].map((_, each) => [`/var/task/node_modules/${each}/package.json`, npm(`p${each}`, '1.0.0')])
    let now = 0
    Object.assign(host, { files: memoryFiles(Object.fromEntries(many)), now: () => (now += 2) })
    const done = tellInventory(recorder, task => task())
    for (let slice = 0; slice < 1_000; slice++) {
      host.advance(10)
      await new Promise(setImmediate)
    }
    await done
    const { partial = false, components = 0 } = (shipped()[0]?.body ?? {}) as Partial<Told>
    expect(partial).toBe(true)
    expect(components).toBeGreaterThan(10)
    expect(components).toBeLessThan(200)
  })

  it('says that it is incomplete where there are too many folders', async () => {
    const wide = Object.fromEntries([...Array(8_100)].map((_, each) => [`/var/task/node_modules/d${each}/x`, '']))
    const [{ bom, partial } = { bom: {}, partial: false }] = await told(wide)
    expect(partial).toBe(true)
    expect(bom).toMatchObject({ compositions: [{ aggregate: 'incomplete' }] })
  })
})
