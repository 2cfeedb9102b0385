import type { Files } from '../host/host.ts'
import type { Quietly, Recording } from '../signals/signal.ts'
import { codeOf } from './code.ts'
import { inSlices } from './slices.ts'

/** A component of CycloneDX 1.6. */
interface Component {
  readonly type: 'library'
  readonly name: string
  readonly version: string
  readonly purl: string
}

/** Work that one inventory may take, milliseconds of slices; what is found by then is told, and `partial` says so. */
const BUDGET_MS = 150
/** Folders, packages, and bunches of names that are looked at. */
const MAX_STEPS = 8_000
const NAMES_A_STEP = 64
const MAX_COMPONENTS = 5_000
const MAX_DEPTH = 8
const MAX_NAME = 128
const MAX_VERSION = 64
/** A `package.json` is some 2 KB; one that is longer than the second costs its component. */
const MANIFEST = 4 * 1024
const MAX_MANIFEST = 64 * 1024
/** A `deps.json` names every assembly. */
const MAX_DEPS = 1024 * 1024
/** Characters of components in one record: with the rest of it, well below the 256 KiB of a record. */
const MAX_PART = 160_000
/** Folders that may hold packages. Others with a dot in their name are left alone, which spares most files a look. */
const FOLDER = /^([\w@-]+|(python|ruby|node)?[\d.]+)$/
/** Beside the metadata of Python packages the other folders are their modules, but for these. */
const BESIDE_PYTHON = /^(node_modules|lib|site-packages|python[\d.]*)$/

/**
 * Tells the packages under /var/task and /opt as CycloneDX 1.6: `bom`, beside the digest of the code that they belong to. Where they are too many
 * for one record, each part is a document by itself. Go and Rust programs carry no list that can be read here.
 */
export async function tellInventory(to: Recording, quietly: Quietly): Promise<void> {
  const { host, sandbox } = to
  const { digest, files } = await codeOf(to, quietly)
  const roots = ['/var/task', host.env['WEIR_ROOT'] ?? '/opt']
  const found = new Map<string, Component>()
  const note: Found = (kind, packageName, version) => {
    if (typeof packageName !== 'string' || typeof version !== 'string' || !packageName || !version) return
    const component = componentOf(kind, packageName.slice(0, MAX_NAME), version.slice(0, MAX_VERSION))
    found.set(component.purl, component)
  }
  const partial = await inSlices(host, quietly, function* (spent) {
    let steps = 0
    for (const _ of packagesIn(host.files, roots, note)) {
      if (steps++ >= MAX_STEPS || found.size >= MAX_COMPONENTS || spent() > BUDGET_MS) return true
      yield
    }
    return false
  })
  const components = [...found.values()]
  if (components.length + files === 0 && !partial) return
  const parts = split(components)
  const name = sandbox.identity.arn.split(':')[6] || 'function'
  for (const [index, each] of parts.entries()) {
    const content = {
      version: 1,
      metadata: { component: { type: 'application', 'bom-ref': 'function', name, version: sandbox.identity.version } },
      components: each,
      compositions: [{ aggregate: partial ? 'incomplete' : 'unknown', assemblies: ['function'] }],
    }
    // Of the content, so that what sandboxes of one version send is known to be one document.
    const hash = Buffer.from(host.sha256(digest + JSON.stringify(content))).toString('hex')
    const serialNumber = `urn:uuid:${hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5')}`
    const bom = { bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber, ...content }
    to.json(
      'weir.inventory',
      { digest, part: index + 1, parts: parts.length, components: components.length, partial, bom },
      'kept',
      {
        time: host.now(),
        invocation: '',
      },
    )
  }
}

type Found = (kind: string, name: unknown, version: unknown) => void

/** What the name of a file or folder tells: wheels and eggs, jars, gems. A jar's group stands inside of it, so it has no purl of its own type. */
const NAMES: readonly (readonly [pattern: RegExp, kind: string])[] = [
  [/^(.+?)-(\d[^-]*)(?:-py\d.*)?\.(?:dist|egg)-info$/, 'pypi'],
  [/^(.+?)-(\d[\w.+-]*)\.jar$/, 'generic'],
  [/^(.+)-(\d[\w.]*)(?:-[a-z].*)?\.gemspec$/, 'gem'],
]

/** Goes through folders breadth first. Each `yield` comes after a folder, a package, or some names: little work, however odd the tree is. */
function* packagesIn(files: Files, roots: readonly string[], note: Found): Generator<void, void> {
  const folders = roots.map(path => ({ path, depth: 0 }))
  for (let folder = folders.shift(); folder; folder = folders.shift()) {
    const { path, depth } = folder
    const descend = (below: string) => void (depth < MAX_DEPTH && folders.push({ path: below, depth: depth + 1 }))
    const names = files.names(path).slice(0, MAX_STEPS)
    yield
    if (path.endsWith('/node_modules')) {
      yield* modulesIn(files, path, names, note, descend)
      continue
    }
    let named = false
    for (const [index, name] of names.entries()) {
      const [pattern, kind = ''] = NAMES.find(([each]) => each.test(name)) ?? []
      const [, packageName, version] = pattern?.exec(name) ?? []
      note(kind, packageName, version)
      named ||= kind === 'pypi'
      const isList = name.endsWith('.deps.json')
      if (isList) assembliesIn(files, `${path}/${name}`, note)
      if (isList || index % NAMES_A_STEP === 0) yield
    }
    for (const name of names) if ((named ? BESIDE_PYTHON : FOLDER).test(name)) descend(`${path}/${name}`)
  }
}

/** npm: each package's own `package.json`, which says what is there whatever a lock file says. */
function* modulesIn(
  files: Files,
  folder: string,
  names: readonly string[],
  note: Found,
  descend: (folder: string) => void,
): Generator<void, void> {
  for (const name of names) {
    if (name.startsWith('.')) continue
    for (const each of name.startsWith('@') ? files.names(`${folder}/${name}`).slice(0, MAX_STEPS) : ['']) {
      const path = each ? `${name}/${each}` : name
      const manifest = json(files, `${folder}/${path}/package.json`, MAX_MANIFEST)
      if (manifest) {
        note('npm', manifest['name'] ?? path, manifest['version'])
        if (files.stat(`${folder}/${path}/node_modules`)) descend(`${folder}/${path}/node_modules`)
      }
      yield
    }
  }
}

/** .NET: `libraries` of a `*.deps.json`, keyed `name/version`. */
function assembliesIn(files: Files, path: string, note: Found): void {
  for (const [key, library] of Object.entries(Object(json(files, path, MAX_DEPS)?.['libraries']) as Record<string, unknown>)) {
    const [name, version] = key.split('/')
    if (Object(library).type === 'package') note('nuget', name, version)
  }
}

function json(files: Files, path: string, max: number): Record<string, unknown> | undefined {
  try {
    let bytes = files.read(path, Math.min(MANIFEST, max))
    if (bytes?.length === MANIFEST) bytes = files.read(path, max)
    const value: unknown = bytes && JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** Package URL: https://github.com/package-url/purl-spec. Names of PyPI are compared in lower case with dashes. */
function componentOf(kind: string, name: string, version: string): Component {
  const plain = kind === 'pypi' ? name.toLowerCase().replaceAll('_', '-') : name
  const encode = (text: string) => encodeURIComponent(text.replace(/[\ud800-\udfff]/g, '_'))
  const purl = `pkg:${kind}/${plain.split('/').map(encode).join('/')}@${encode(version)}`
  return { type: 'library', name: plain, version, purl }
}

/** At least one part, also of nothing: that there are no packages is worth knowing. */
function split(components: readonly Component[]): Component[][] {
  const parts: Component[][] = []
  let room = 0
  for (const component of components) {
    const length = JSON.stringify(component).length
    if (room < length) {
      parts.push([])
      room = MAX_PART
    }
    parts.at(-1)?.push(component)
    room -= length
  }
  return parts.length > 0 ? parts : [[]]
}
