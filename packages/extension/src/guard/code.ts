import { subscribe } from 'node:diagnostics_channel'
import module from 'node:module'
import { dirname, isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import vm from 'node:vm'
import type { Sight } from './sight.ts'
import { around, aroundConstructor } from './wrap.ts'

/** Where a function can write. Code is deployed elsewhere. */
const WRITABLE = /^\/(?:tmp|var\/tmp|dev\/shm)\//

/**
 * Code that is made or loaded at run time: `new Function` and its kin, `vm`, modules from where the function can write, from `data:` URLs and from
 * text, and native addons from there. `eval` cannot be watched: wrapped, it would run in another scope. What evaluated code then does is told
 * with `eval: true`.
 */
export function watchCode(sight: Sight, taskRoot: string | undefined): void {
  watchConstructors(sight)
  watchVm(sight)
  const own = taskRoot === undefined || taskRoot === '' ? undefined : `${taskRoot}/`
  watchLoads(sight, path => WRITABLE.test(path) && !(own !== undefined && path.startsWith(own)))
}

/** `Function`, and the constructors of asynchronous functions and generators, which have no name of their own. */
function watchConstructors(sight: Sight): void {
  const made = (what: string) => () => sight.oncePerCaller('code', what, { what })
  const wrapped = aroundConstructor(Function, made('Function'))
  if (!wrapped) return
  Object.defineProperty(globalThis, 'Function', { value: wrapped })
  for (const each of [async () => {}, function* () {}, async function* () {}]) {
    const native: unknown = Reflect.get(each, 'constructor')
    const kin = typeof native === 'function' ? aroundConstructor(native, made(native.name)) : undefined
    if (kin) Object.setPrototypeOf(kin, wrapped)
  }
}

function watchVm(sight: Sight): void {
  const made = (what: string) => () => sight.oncePerCaller('code', what, { what })
  for (const name of ['runInThisContext', 'runInContext', 'runInNewContext', 'compileFunction'])
    around(vm, name, made(`vm.${name}`))
  for (const name of ['Script', 'SourceTextModule']) {
    const wrapped = aroundConstructor(Reflect.get(vm, name), made(`vm.${name}`))
    if (wrapped) Object.defineProperty(vm, name, { ...Object.getOwnPropertyDescriptor(vm, name), value: wrapped })
  }
}

function watchLoads(sight: Sight, foreign: (path: string) => boolean): void {
  const loading = (what: string, path: string) => sight.oncePerCaller('load', path, { what, path: path.slice(0, 256) })
  // Each CommonJS module comes through here, with its name resolved; one that is compiled from a text often has none.
  around(module.prototype, '_compile', ([, path]) => {
    if (typeof path !== 'string' || !isAbsolute(path)) sight.oncePerCaller('code', 'Module._compile', { what: 'Module._compile' })
    else if (foreign(path)) loading('require', path)
  })
  around(process, 'dlopen', ([, path]) => {
    if (typeof path === 'string' && foreign(path)) loading('addon', path)
  })
  // Node 22 and later tell of `import()`.
  subscribe('tracing:module.import:start', message => {
    try {
      const { url, parentURL } = message as { readonly url?: unknown; readonly parentURL?: unknown }
      if (typeof url !== 'string') return
      const scheme = /^(data|https?):/.exec(url)?.[1]
      if (scheme !== undefined) return loading('import', `${scheme}:`)
      const path = importedPath(url, typeof parentURL === 'string' ? parentURL : '')
      if (path !== undefined && foreign(path)) loading('import', path)
    } catch {
      // The import is the function's own business.
    }
  })
}

/** The file that `import()` was asked for; undefined for the name of a package. */
function importedPath(specifier: string, parent: string): string | undefined {
  if (specifier.startsWith('file:')) return fileURLToPath(specifier)
  if (isAbsolute(specifier)) return specifier
  if (!specifier.startsWith('.')) return undefined
  return resolve(parent.startsWith('file:') ? dirname(fileURLToPath(parent)) : '/', specifier)
}
