/** Who made a call, as the stack tells it. All is absent where it does not. */
export interface Caller {
  /** The npm package whose code is nearest to the call; absent where that is the function's own code. */
  readonly package?: string
  /** Who called that, nearest first: packages, `.` for the function's own code. */
  readonly via?: readonly string[]
  /** File and line of the nearest code that is not Node's. */
  readonly frame?: string
  /** Some of the code on the stack was made at run time, by `eval` or its like, or is a `data:` URL. */
  readonly eval?: true
}

/** Frames that are looked at. A request goes through a dozen of Node's own before one comes that tells anything. */
const MAX_FRAMES = 32
const MAX_VIA = 4
const MAX_FRAME = 256

const DATA = 'data:'
/** Where this file is: our own frames are none of the function's. */
const SELF = new URL('.', import.meta.url).href
/** The runtime's own loop is at the bottom of every stack. */
const RUNTIME = /^\/var\/runtime\/(?!.*\/node_modules\/)|\/node_modules\/aws-lambda-ric\//

/** Looks at the stack: some tens of microseconds, so only for what has not been seen before. `below`: frames from this function on are left out. */
export function callerOf(below: (...args: never[]) => unknown): Caller {
  const who: string[] = []
  let frame: string | undefined
  let evaluated = false
  for (const site of sitesBelow(below)) {
    const file = fileOf(site)
    if (site.isEval() || file?.startsWith(DATA) === true) evaluated = true
    if (file === undefined || file.startsWith('node:') || file.startsWith(SELF)) continue
    const path = pathOf(file)
    if (RUNTIME.test(path)) {
      frame ??= `${path}:${site.getLineNumber() ?? 0}`
      continue
    }
    if (who.length === 0) frame = `${path}:${site.getLineNumber() ?? 0}`
    const name = packageOf(path)
    if (!who.includes(name)) who.push(name)
    if (who.length > MAX_VIA) break
  }
  const [nearest, ...via] = who
  return {
    ...(nearest !== undefined && nearest !== '.' && { package: nearest }),
    ...(via.length > 0 && { via }),
    ...(frame !== undefined && { frame: frame.slice(-MAX_FRAME) }),
    ...(evaluated && { eval: true as const }),
  }
}

/** `@scope/name` or `name` of the innermost `node_modules` in a path; `.` for a file that is in none. */
export function packageOf(path: string): string {
  const at = path.lastIndexOf('/node_modules/')
  if (at < 0) return '.'
  const [first = '', second = ''] = path.slice(at + '/node_modules/'.length).split('/', 2)
  return first.startsWith('@') ? `${first}/${second}` : first
}

/** V8's structured stack. What the function has set for stacks of its own is put back. */
function sitesBelow(below: (...args: never[]) => unknown): readonly NodeJS.CallSite[] {
  const { stackTraceLimit } = Error
  const prepare = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace')
  const holder: { stack?: unknown } = {}
  try {
    Error.stackTraceLimit = MAX_FRAMES
    Error.prepareStackTrace = (_, sites) => sites
    Error.captureStackTrace(holder, below)
    return Array.isArray(holder.stack) ? (holder.stack as NodeJS.CallSite[]) : []
  } finally {
    Error.stackTraceLimit = stackTraceLimit
    if (prepare) Object.defineProperty(Error, 'prepareStackTrace', prepare)
    else Reflect.deleteProperty(Error, 'prepareStackTrace')
  }
}

/** Of code that was made at run time, the file of whoever made it: `eval at run (/var/task/index.js:3:9)`. */
function fileOf(site: NodeJS.CallSite): string | undefined {
  const file = site.getFileName()
  if (typeof file === 'string') return file
  const origin: unknown = site.isEval() ? site.getEvalOrigin() : undefined
  return typeof origin === 'string' ? /\(([^()]+):\d+:\d+\)/.exec(origin)?.[1] : undefined
}

/** A `data:` URL is the code itself, which is not told. */
function pathOf(file: string): string {
  if (file.startsWith(DATA)) return DATA
  return file.startsWith('file://') ? file.slice('file://'.length) : file
}
