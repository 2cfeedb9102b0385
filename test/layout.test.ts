import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

const root = fileURLToPath(new URL('..', import.meta.url))
const rooms: readonly string[] = parse(readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8')).packages

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}
const manifest = (room: string): Manifest => JSON.parse(readFileSync(join(root, room, 'package.json'), 'utf8'))
const nameOf = new Map(rooms.map(room => [manifest(room).name, room]))

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(
      entry => entry.isFile() && /\.(ts|mjs|cjs)$/.test(entry.name) && !/node_modules|\/dist\b|cdk\.out/.test(entry.parentPath),
    )
    .map(entry => join(entry.parentPath, entry.name))
}

/** Specifiers of every import in a file, static or dynamic. */
function imports(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  const forms = [/^(?:import|export|\})[^'\n]*\bfrom '([^']+)'/gm, /^import '([^']+)'/gm, /\bimport\('([^']+)'\)/g]
  return forms.flatMap(form => [...text.matchAll(form)].map(match => match[1] ?? ''))
}

describe('the rooms', () => {
  it('are listed one by one, and each is there', () => {
    for (const room of rooms) expect(existsSync(join(root, room, 'package.json')), room).toBe(true)
    const found = readdirSync(join(root, 'packages')).filter(name => existsSync(join(root, 'packages', name, 'package.json')))
    expect(found.map(name => `packages/${name}`).toSorted()).toEqual(
      rooms.filter(room => room.startsWith('packages/')).toSorted(),
    )
  })

  it('depend only on rooms above them', () => {
    for (const [index, room] of rooms.entries()) {
      const { dependencies, devDependencies } = manifest(room)
      for (const name of Object.keys({ ...dependencies, ...devDependencies }).filter(each => nameOf.has(each))) {
        expect(rooms.indexOf(nameOf.get(name) ?? ''), `${room} depends on ${name}`).toBeLessThan(index)
      }
    }
  })

  it('import only what their manifest names, and nothing of another room by path', () => {
    for (const room of rooms) {
      const { name, dependencies, devDependencies } = manifest(room)
      const allowed = new Set([name, ...Object.keys({ ...dependencies, ...devDependencies }), 'vitest', 'vite'])
      for (const file of sourceFiles(room)) {
        for (const specifier of imports(file)) {
          const at = `${relative(root, file)} imports ${specifier}`
          if (specifier.startsWith('.')) {
            const target = relative(join(root, room), join(dirname(file), specifier))
            expect(target.startsWith('..'), at).toBe(false)
          } else if (!specifier.startsWith('node:')) {
            const parts = specifier.split('/')
            const dependency = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]
            if (dependency === 'aws-lambda') expect([...allowed], at).toContain('@types/aws-lambda')
            else expect([...allowed], at).toContain(dependency)
          }
        }
      }
    }
  })

  it('keep the engine pure: sigma uses nothing of Node', () => {
    for (const file of sourceFiles('packages/sigma/src').filter(each => !each.endsWith('.test.ts'))) {
      expect(
        imports(file).filter(specifier => specifier.startsWith('node:')),
        relative(root, file),
      ).toEqual([])
    }
  })

  it('keep the emulator apart: it imports nothing of ours', () => {
    for (const file of sourceFiles('packages/emulator')) {
      expect(
        imports(file).filter(specifier => specifier.startsWith('@weir/')),
        relative(root, file),
      ).toEqual([])
    }
  })
})

/** Folders where one more of anything is one file, one test and one line in `index.ts`. */
const CATALOGUES = [
  'packages/ingest/src/sinks',
  'packages/ingest/src/sources',
  'packages/extension/src/signals',
  'packages/detections/src/detectors',
  'packages/cli/src/commands',
]

describe.each(CATALOGUES)('%s', folder => {
  const entries = readdirSync(join(root, folder)).filter(
    file => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== 'index.ts',
  )
  const index = readFileSync(join(root, folder, 'index.ts'), 'utf8')
  const contracts = new Set(['options.ts', 'types.ts', 'signal.ts', 'testing.ts'])

  it.each(entries.filter(file => !contracts.has(file)))('%s has its line in index.ts', file => {
    expect(index).toMatch(new RegExp(`from '\\./${basename(file, '.ts')}(\\.ts|/)`))
  })

  it.each(entries.filter(file => !contracts.has(file)))('%s has its test', file => {
    const beside = existsSync(join(root, folder, file.replace(/\.ts$/, '.test.ts')))
    const corpus = existsSync(join(root, 'test/corpus', basename(file, '.ts')))
    expect(beside || corpus, 'a test beside it, or a folder of pairs in test/corpus').toBe(true)
  })
})

describe('the rules', () => {
  it('have their cases beside them', () => {
    const files = readdirSync(join(root, 'packages/detections/rules'), { recursive: true, encoding: 'utf8' })
    const rules = files.filter(file => file.endsWith('.yml') && !file.endsWith('.cases.yml'))
    expect(rules.length).toBeGreaterThan(0)
    for (const file of rules) expect(files, file).toContain(file.replace(/\.yml$/, '.cases.yml'))
  })
})
