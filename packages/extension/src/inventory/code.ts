import type { Host } from '../host/host.ts'
import { perSandbox } from '../per-sandbox.ts'
import type { Quietly, Recording } from '../signals/signal.ts'
import { inSlices } from './slices.ts'

/** What lies in a folder. */
interface Tree {
  /** SHA-256 over the sorted paths with kind and size, links with their targets, and the content of small files at the top; 32 hex digits of it. */
  readonly digest: string
  readonly files: number
  readonly bytes: number
  /** The newest file's time, epoch milliseconds; 0 without files. */
  readonly modified: number
  /** There is more than was looked at. */
  readonly partial: boolean
}

const ROOT = '/var/task'
/** Entries that are looked at: of the code, and of what layers brought: some 10 µs each. */
const MAX_TASK = 1_000
const MAX_LAYERS = 500
const MAX_DEPTH = 16
/** Files at the top whose content is part of the digest: the handler is among them. */
const MAX_CONTENTS = 16
const MAX_CONTENT = 64 * 1024
/** So much text is hashed in one go. */
const CHUNK = 64 * 1024

const stateOf = perSandbox<{ code?: Promise<Tree> }>(() => ({}))

/** The deployed code; the walk is done once in a sandbox. */
export function codeOf(to: Recording, quietly: Quietly): Promise<Tree> {
  const state = stateOf(to)
  state.code ??= inSlices(to.host, quietly, () => walk(to.host, ROOT, MAX_TASK))
  return state.code
}

/**
 * Tells which code was deployed: a digest of /var/task and one of what layers unpacked into /opt, our own left out. Lambda's CodeSha256 is that of
 * the archive, which is not visible from inside: equal digests mean equal code here, and nothing beside it.
 */
export async function tellCode(to: Recording, quietly: Quietly): Promise<void> {
  const { host, config } = to
  const code = await codeOf(to, quietly)
  const layers = await inSlices(host, quietly, () =>
    walk(host, host.env['WEIR_ROOT'] ?? '/opt', MAX_LAYERS, /^(weir|extensions\/weir)(\/|$)/),
  )
  // There is neither /var/task nor a layer: this is no Lambda, or a container image that keeps its code elsewhere.
  if (code.files + layers.files === 0 && !code.partial) return
  const handler = handlerIn(config.registered?.answer)
  const body = { ...code, ...(handler && { handler }), layers }
  to.json('weir.code', body, 'kept', { time: host.now(), invocation: '' })
}

/** Breadth first and in sorted order, so that a walk that is cut off is cut off at the same place everywhere. Links are not followed. */
function* walk(host: Host, root: string, most: number, leaveOut?: RegExp): Generator<void, Tree> {
  const { files } = host
  const tree = { digest: '', files: 0, bytes: 0, modified: 0, partial: false }
  let text = ''
  const fold = () => {
    tree.digest = Buffer.from(host.sha256(tree.digest + text))
      .toString('hex')
      .slice(0, 32)
    text = ''
  }
  const folders = ['']
  let seen = 0
  let contents = 0
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    for (const name of files.names(`${root}/${folder}`)) {
      const path = folder + name
      if (leaveOut?.test(path)) continue
      if (seen++ >= most) {
        fold()
        return { ...tree, partial: true }
      }
      const whole = `${root}/${path}`
      const is = files.stat(whole)
      text += `${path}\0${is?.kind}\0`
      if (is?.kind === 'file') {
        text += `${is.bytes}\0`
        if (!folder && contents++ < MAX_CONTENTS && is.bytes <= MAX_CONTENT)
          text += Buffer.from(host.sha256(files.read(whole, MAX_CONTENT) ?? '')).toString('hex')
        tree.files++
        tree.bytes += is.bytes
        tree.modified = Math.max(tree.modified, Math.trunc(is.modified))
      } else if (is?.kind === 'folder') {
        if (path.split('/').length < MAX_DEPTH) folders.push(`${path}/`)
        else tree.partial = true
      } else text += `${files.target(whole)}\0`
      if (text.length > CHUNK) fold()
      yield
    }
  }
  fold()
  return tree
}

/** The handler's name, which only the answer to registering has. */
function handlerIn(answer: string | undefined): string | undefined {
  try {
    const { handler }: { handler?: unknown } = JSON.parse(answer ?? '{}')
    return typeof handler === 'string' ? handler.slice(0, 128) : undefined
  } catch {
    return undefined
  }
}
