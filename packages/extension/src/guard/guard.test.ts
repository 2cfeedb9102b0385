import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleProgram } from '../../build/bundle.ts'
import { readLine } from './report.ts'

/** Lambda is Linux: what the guard looks for is in /proc and /tmp. */
const linux = process.platform === 'linux'
if (!linux) process.stdout.write('The guard: skipped, there is no /proc\n')
const root = realpathSync(mkdtempSync(join(linux ? '/tmp' : tmpdir(), 'weir-guard-')))
const guard = join(root, 'opt/guard.mjs')
/** What is loaded before the guard, so that no test goes out into a network: each connection goes to a port of this machine that nobody serves. */
const offline = write(
  'opt/offline.mjs',
  `import net from 'node:net'
  const { connect } = net.Socket.prototype
  net.Socket.prototype.connect = function (...args) {
    const [first, ...rest] = Array.isArray(args[0]) ? args[0] : args
    const options = typeof first === 'object' ? first : { port: first, host: rest[0] }
    return connect.call(this, { ...options, host: '127.0.0.1', port: 9 }, rest.find(each => typeof each === 'function'))
  }\n`,
)
beforeAll(async () => {
  write('opt/guard.mjs', Buffer.from(await bundleProgram('../src/guard/guard.ts', { format: 'esm' })).toString())
})
afterAll(() => rmSync(root, { recursive: true }))

function write(path: string, text: string): string {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

let runs = 0
/** Runs a function's code under the guard, as Lambda would; what it printed, and the lines of the guard but for its first. */
function run(
  code: string,
  { env = {}, load = [offline, guard] }: { env?: Record<string, string | undefined>; load?: string[] } = {},
) {
  const tmp = join(root, `tmp${++runs}`)
  mkdirSync(tmp)
  const file = write('task/index.mjs', code)
  const { stdout, stderr, status } = spawnSync(process.execPath, [file], {
    encoding: 'utf8',
    timeout: 20_000,
    env: {
      PATH: process.env['PATH'],
      HOME: '/home/nobody',
      _HANDLER: 'index.handler',
      LAMBDA_TASK_ROOT: join(root, 'task'),
      WEIR_TMP: tmp,
      NODE_OPTIONS: load.map(file => `--import ${file}`).join(' '),
      ...env,
    },
  })
  const folder = join(tmp, '.weir/guard')
  const files = existsSync(folder) ? readdirSync(folder) : []
  const lines = files.flatMap(name => {
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
    return readFileSync(join(folder, name), 'utf8').trimEnd().split('\n')
  })
  for (const line of lines) expect(readLine(line), line).toBeDefined()
  const seen = lines.map(line => JSON.parse(line) as Record<string, unknown>).filter(({ kind }) => kind !== 'start')
  return { output: stdout + stderr, status, files, seen }
}

/** A package that does all that it can, and its caller. */
const within = (code: string): string => {
  write('task/node_modules/@evil/left-pad/index.js', `exports.run = async require => {\n${code}\n}`)
  return `import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)\nawait require('@evil/left-pad').run(require)`
}
const EVIL = {
  package: '@evil/left-pad',
  via: ['.'],
  frame: expect.stringMatching(/task\/node_modules\/@evil\/left-pad\/index\.js:\d+$/) as unknown,
}

describe.skipIf(!linux)('the guard', () => {
  it.each<[what: string, code: string, ...seen: object[]]>([
    [
      'a program',
      "require('child_process').spawn('/bin/true', ['--secret', 'x'])",
      { kind: 'process', command: 'true', args: 2, method: 'spawn', ...EVIL },
    ],
    [
      "a shell's line, by its programs",
      "require('child_process').exec('TOKEN=x true | /bin/cat && false')",
      { kind: 'process', command: 'sh', runs: ['true', 'cat', 'false'], ...EVIL },
    ],
    [
      'a program that is waited for',
      "require('child_process').execFileSync('true', ['x'])",
      { kind: 'process', command: 'true', args: 1, method: 'execFileSync', ...EVIL },
    ],
    [
      'a line that is waited for',
      "require('node:child_process').execSync('true')",
      { kind: 'process', command: 'sh', runs: ['true'], method: 'execSync', ...EVIL },
    ],
    [
      'a fork',
      "require('child_process').fork(require.resolve('@evil/left-pad'), { env: {} })",
      { kind: 'process', command: 'node', method: 'spawn', ...EVIL },
    ],
    [
      'a connection',
      "require('net').connect(5432, 'db.invalid').on('error', () => {})",
      { kind: 'outbound', host: 'db.invalid', port: 5432, ...EVIL },
    ],
    [
      'a connection with TLS',
      "require('tls').connect({ host: 'x.invalid', port: 443 }).on('error', () => {})",
      { kind: 'outbound', host: 'x.invalid', port: 443, ...EVIL },
    ],
    [
      'a request',
      "require('https').get('https://api.invalid/path?token=x').on('error', () => {})",
      { kind: 'outbound', host: 'api.invalid', port: 443, ...EVIL },
    ],
    [
      'a fetch, and who asked for it',
      "await fetch(new URL('https://api.invalid:8443/x')).catch(() => {}); await fetch('https://api.invalid:8443/y').catch(() => {})",
      { kind: 'outbound', host: 'api.invalid', port: 8443, ...EVIL },
    ],
    [
      'a request for credentials',
      "require('http').get({ host: '169.254.170.2', path: '/v2' }).on('error', () => {}).destroy()",
      { kind: 'credentials', what: 'task-credentials', host: '169.254.170.2', port: 80, ...EVIL },
    ],
    [
      'a read of an environment',
      "require('fs').readFileSync('/proc/self/environ')",
      { kind: 'read', what: 'environment', path: '/proc/self/environ', ...EVIL },
    ],
    [
      'a read of it by another name',
      "require('fs').readFile('/proc/../proc/1/environ', () => {})",
      { kind: 'read', what: 'environment', path: '/proc/1/environ', ...EVIL },
    ],
    [
      'a read of it as a stream',
      "require('fs').createReadStream('/proc/self/environ').on('error', () => {})",
      { kind: 'read', what: 'environment', ...EVIL },
    ],
    [
      'a read of credentials',
      "await require('fs/promises').readFile(new URL('file:///home/nobody/.aws/credentials')).catch(() => {})",
      { kind: 'read', what: 'aws', path: '/home/nobody/.aws/credentials', ...EVIL },
    ],
    ['a script', "new (require('vm').Script)('1')", { kind: 'code', what: 'vm.Script', ...EVIL }],
    [
      'a module from text',
      "new module.constructor().compile ?? module.constructor.prototype._compile.call(new module.constructor(''), '', 'from-text')",
      { kind: 'code', what: 'Module._compile', ...EVIL },
    ],
    [
      'what code from text does',
      "eval(\"require('child_process').spawnSync('true')\")",
      { kind: 'process', command: 'true', eval: true, ...EVIL },
    ],
    [
      'what a function from text does',
      "new Function('require', \"require('child_process').spawnSync('true')\")(require)",
      { kind: 'process', command: 'true', eval: true, ...EVIL },
    ],
    [
      'a thread from text',
      "new (require('worker_threads').Worker)('', { eval: true })",
      { kind: 'code', what: 'Worker', ...EVIL },
    ],
  ])('sees %s', (_, code, expected) => {
    const { seen, output, status } = run(within(code))
    expect(output).toBe('')
    expect(status).toBe(0)
    expect(seen).toMatchObject([expected])
    expect(JSON.stringify(seen)).not.toMatch(/secret|TOKEN|token/)
  })

  it('sees the Runtime API and the place that the variable for credentials names, and nothing else within the sandbox', () => {
    const code = within("for (const port of [9, 19, 29]) require('net').connect(port, '127.0.0.1').on('error', () => {})")
    const env = {
      AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:19/2021-04-23/credentials',
    }
    expect(run(code, { env }).seen).toMatchObject([
      { kind: 'runtime-api', port: 9, ...EVIL },
      { kind: 'credentials', what: 'container-credentials', port: 19, ...EVIL },
    ])
  })

  it('sees what is loaded from where the function can write', () => {
    // Node below 22 does not tell of `import()`.
    const tells = Number(process.versions.node.split('.')[0]) >= 22
    const [cjs, mjs] = [write('dropped/a.cjs', ''), write('dropped/b.mjs', '')]
    const code = within(`require('${cjs}'); await import("${mjs}"); await import("data:text/javascript,1")`)
    expect(run(code).seen).toMatchObject([
      { kind: 'load', what: 'require', path: cjs, ...EVIL },
      ...(tells
        ? [
            { kind: 'load', what: 'import', path: mjs, ...EVIL },
            { kind: 'load', what: 'import', path: 'data:', ...EVIL },
          ]
        : []),
    ])
  })

  it('sees threads that are begun from there, and what they do', () => {
    const file = write('dropped/thread.cjs', "require('child_process').spawnSync('true')")
    const { seen, files } = run(
      within(`const { Worker } = require('worker_threads')
        for (const source of ['${file}', new URL('data:text/javascript,import { spawnSync } from "child_process"; spawnSync("false", ["/node_modules/x/secret"])')])
          await new Promise(done => new Worker(source).on('exit', done))`),
    )
    expect(seen.filter(({ what }) => what === 'worker')).toMatchObject([
      { kind: 'load', path: file, ...EVIL },
      { kind: 'load', path: 'data:', ...EVIL },
    ])
    const started = seen
      .filter(({ kind }) => kind === 'process')
      .sort((a, b) => String(b['command']).localeCompare(String(a['command'])))
    expect(started).toMatchObject([{ command: 'true' }, { command: 'false', frame: 'data::1', eval: true }])
    expect(JSON.stringify(started)).not.toMatch(/secret|"x"/)
    expect(new Set(files.map(name => name.split('-')[1]))).toEqual(new Set(['0', '1', '2']))
  })

  it("tells the function's own code from its packages, and each thing once", () => {
    const code =
      "import { spawnSync as start } from 'node:child_process'\nfor (let each = 0; each < 9; each++) start('true')\nawait import(\"@evil/left-pad\").then(({ default: evil }) => evil.run())"
    write(
      'task/node_modules/@evil/left-pad/index.js',
      "exports.run = () => { for (let each = 0; each < 9; each++) require('child_process').spawnSync('true') }",
    )
    expect(run(code).seen).toEqual([
      {
        t: expect.any(Number),
        kind: 'process',
        command: 'true',
        args: 0,
        method: 'spawnSync',
        frame: expect.stringMatching(/task\/index\.mjs:2$/),
      },
      { t: expect.any(Number), kind: 'process', command: 'true', args: 0, method: 'spawnSync', ...EVIL },
    ])
  })

  it('tells at most so many things', () => {
    const { seen } = run(
      "import net from 'node:net'\nfor (let port = 1; port < 2000; port++) net.connect(port, 'x.invalid').on('error', () => {}).destroy()",
    )
    expect(seen).toHaveLength(256)
  })

  it('begins another file where the function clears its folder', () => {
    const { seen } = run(`
      import { spawnSync } from 'node:child_process'
      import { rmSync } from 'node:fs'
      rmSync(process.env.WEIR_TMP + '/.weir', { recursive: true })
      spawnSync('true')`)
    expect(seen).toMatchObject([{ kind: 'process', command: 'true' }])
  })

  it.each([
    ['in an extension', { _HANDLER: undefined }],
    ['where it is switched off', { WEIR_GUARD: '0' }],
    ['where it cannot write', { WEIR_TMP: '/proc/none' }],
  ])('does nothing %s', (_, env) => {
    const { files, output, status } = run(
      "import { spawnSync } from 'node:child_process'\nspawnSync('true')\nconsole.log('fine')",
      { env },
    )
    expect([files, output, status]).toEqual([[], 'fine\n', 0])
  })
})

describe('what it wraps', () => {
  /** Prints what a program could notice of functions that are wrapped, and of what they answer. */
  const PROGRAM = `
    import childProcess, { execFileSync, spawn } from 'node:child_process'
    import fs, { promises, readFileSync } from 'node:fs'
    import { createRequire } from 'node:module'
    import { readFile } from 'node:fs/promises'
    import net from 'node:net'
    import { promisify } from 'node:util'
    import vm, { Script } from 'node:vm'
    import { Worker } from 'node:worker_threads'
    const told = []
    const tell = (what, task) => { try { told.push([what, String(task())]) } catch (error) { told.push([what, error.name, error.code, error.message]) } }
    const own = [['fetch', fetch], ['readFileSync', readFileSync], ['readFile', readFile], ['execFileSync', execFileSync], ['Script', Script], ['Worker', Worker],
      ['runInThisContext', vm.runInThisContext], ['connect', net.Socket.prototype.connect]]
    for (const [name, it] of own) tell(name, () => [it.name, it.length, typeof it, Object.getOwnPropertyNames(it).sort(), it.prototype?.constructor === it])
    for (const name of ['Script', 'Worker']) tell(name, () => Object.entries(Object.getOwnPropertyDescriptor({ Script, Worker }[name].prototype, 'constructor')).slice(1))
    tell('untouched', () => [Function, (async () => {}).constructor, eval].map(String))
    tell('instanceof', () => [new Script('1') instanceof Script, new Script('1') instanceof vm.Script, new Script('1').constructor === Script, spawn instanceof Function])
    tell('thread', () => { class Own extends Worker {} const own = new Own('', { eval: true }); own.terminate(); return [own instanceof Own, own instanceof Worker] })
    tell('no thread', () => new Worker(7))
    tell('call of a class', () => Worker(''))
    tell('script', () => [new Own('7').runInThisContext(), new Own('7') instanceof Own, vm.runInNewContext('a + 1', { a: 1 }), vm.compileFunction('return 8')()])
    tell('no new', () => Script('1'))
    tell('no file', () => readFileSync('/none/environ'))
    tell('bad path', () => fs.openSync({}))
    tell('no program', () => execFileSync('/none/program'))
    tell('bad program', () => spawn(7))
    tell('bad port', () => net.connect({ port: 'x' }))
    tell('same', () => [fs.promises === promises, fs.promises.readFile === readFile, childProcess.spawn === spawn])
    Error.prepareStackTrace = (error, sites) => 'mine ' + sites.length
    Error.stackTraceLimit = 3
    tell('hooks', () => { readFileSync('/proc/self/environ'); vm.runInThisContext('1'); return [new Error('x').stack, Error.stackTraceLimit] })
    delete Error.prepareStackTrace
    told.push(await promisify(fs.readFile)('/none').catch(error => error.message), await readFile('/none').catch(error => error.message))
    told.push(await fetch('nonsense').catch(error => error.message), await promisify(childProcess.exec)('echo fine').then(({ stdout }) => stdout))
    // Where an import() in code from text is resolved depends on who made it.
    const TEXT = 'return import(from)'
    const made = {
      'new Function': from => new Function('from', TEXT)(from),
      Function: from => Function.apply(null, ['from', TEXT])(from),
      AsyncFunction: from => (async () => {}).constructor('from', TEXT)(from),
      GeneratorFunction: from => (function* () {}).constructor('from', TEXT)(from).next().value,
      eval: from => (0, eval)(\`import("\${from}")\`),
      Script: from => new Script(\`import("\${from}")\`).runInThisContext(),
      runInThisContext: from => vm.runInThisContext('Function')('from', TEXT)(from),
      compileFunction: from => vm.compileFunction(TEXT, ['from'])(from),
      ...createRequire(import.meta.url)('near'),
    }
    for (const [name, make] of Object.entries(made))
      for (const from of ['near', './near.mjs'])
        try { told.push([name, from, (await make(from)).default]) } catch (error) { told.push([name, from, error.code]) }
    process.on('exit', () => console.log(JSON.stringify(told, null, 1)))
  `

  beforeAll(() => {
    write('task/near.mjs', "export default 'beside'")
    write('task/node_modules/near/near.mjs', "export default 'in a package'")
    write(
      'task/node_modules/near/index.js',
      "exports.inPackage = from => new Function('from', 'return import(from)')(from)\nexports.compiled = from => { const made = new module.constructor('x'); made._compile('module.exports = from => import(from)', __filename); return made.exports(from) }",
    )
  })
  it('looks and does the same as without it, also where intrinsics are frozen', () => {
    const [bare, guarded] = [run(PROGRAM, { load: [] }), run(PROGRAM, { load: [guard] })]
    expect(guarded.output).toBe(bare.output)
    expect(guarded.status).toBe(0)
    expect(guarded.seen.length).toBeGreaterThan(3)
    const frozen = run(
      "Object.freeze(Error)\nimport { spawnSync } from 'node:child_process'\nconsole.log(spawnSync('echo', ['fine']).stdout.toString())",
    )
    expect(frozen.output).toBe('fine\n\n')
  })
})
