import { subscribe } from 'node:diagnostics_channel'
import module from 'node:module'
import { dirname, isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import vm from 'node:vm'
import workerThreads from 'node:worker_threads'
import type { Sight } from './sight.ts'
import { around } from './wrap.ts'

/** Where a function can write. Code is deployed elsewhere. */
const WRITABLE = /^\/(?:tmp|var\/tmp|dev\/shm)\//

/**
 * Code that is made or loaded at run time: by `vm`, modules and threads from where the function can write, from `data:` URLs and from text, and
 * native addons from there. `eval` and `new Function` are not watched: wrapped, the one would run in another scope, and an `import()` in what the
 * other makes would be resolved from here. What such code then does is told with `eval: true`.
 */
export function watchCode(sight: Sight, taskRoot: string | undefined): void {
  const made = (what: string) => sight.oncePerCaller('code', what, { what })
  for (const name of ['Script', 'SourceTextModule', 'runInThisContext', 'runInContext', 'runInNewContext', 'compileFunction'])
    around(vm, name, () => made(`vm.${name}`))

  const own = taskRoot === undefined || taskRoot === '' ? undefined : `${taskRoot}/`
  const foreign = (path: string): boolean => WRITABLE.test(path) && !(own !== undefined && path.startsWith(own))
  const loading = (what: string, path: string) => sight.oncePerCaller('load', path, { what, path: path.slice(0, 256) })
  /** From a URL, or from a path. */
  const loadingFrom = (what: string, from: string, path: () => string | undefined) => {
    const scheme = /^(data|https?):/.exec(from)?.[1]
    if (scheme !== undefined) return loading(what, `${scheme}:`)
    const file = path()
    if (file !== undefined && foreign(file)) loading(what, file)
  }

  // Each CommonJS module comes through here, with its name resolved; one that is compiled from a text often has none.
  around(module.prototype, '_compile', ([, path]) => {
    if (typeof path !== 'string' || !isAbsolute(path)) made('Module._compile')
    else if (foreign(path)) loading('require', path)
  })
  around(process, 'dlopen', ([, path]) => {
    if (typeof path === 'string' && foreign(path)) loading('addon', path)
  })
  around(workerThreads, 'Worker', ([source, options]) => {
    if (typeof options === 'object' && options !== null && Boolean(Reflect.get(options, 'eval'))) return made('Worker')
    const from = source instanceof URL ? source.href : source
    if (typeof from === 'string')
      loadingFrom('worker', from, () => resolve(from.startsWith('file:') ? fileURLToPath(from) : from))
  })
  // Node 22 and later tell of `import()`.
  subscribe('tracing:module.import:start', message => {
    try {
      const { url, parentURL } = message as { readonly url?: unknown; readonly parentURL?: unknown }
      if (typeof url === 'string')
        loadingFrom('import', url, () => importedPath(url, typeof parentURL === 'string' ? parentURL : ''))
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
