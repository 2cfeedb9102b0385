import { NAME } from '../config.ts'
import type { Recording } from '../signals/signal.ts'

/** An extension as `platform.extension` tells of it; all of it is the platform's word, or that of whoever posts to our listener. */
export interface Registered {
  readonly name: string
  readonly state: unknown
  readonly events: unknown
}

/** Names of a folder that are told. Lambda starts ten extensions at most. */
const MAX_NAMES = 16
const MAX_NAME = 128
/** Scripts and small programs are hashed; a vendor's program of 20 MB would cost more than it tells. */
const MAX_HASHED = 64 * 1024

/**
 * Who registered, which files Lambda starts as extensions, which registered without such a file (from inside the function's own process, then),
 * what layers left in /opt, and who of all these is not on the list.
 */
export function tellExtensions(to: Recording, registered: readonly Registered[]): void {
  const root = to.host.env['WEIR_ROOT'] ?? '/opt'
  const files = startedFrom(to, `${root}/extensions`)
  if (registered.length + files.length === 0) return
  const allowed = to.config.allowedExtensions
  const names = new Set([...registered, ...files].map(({ name }) => name))
  const body = {
    registered,
    files,
    internal: registered.map(({ name }) => name).filter(name => !files.some(file => file.name === name)),
    layers: short(to.host.files.names(root)),
    ...(allowed && { unlisted: [...names].filter(name => name !== NAME && !allowed.includes(name)) }),
  }
  to.json('weir.extensions', body, 'kept', { time: to.host.now(), invocation: '' })
}

function startedFrom({ host }: Recording, folder: string) {
  return short(host.files.names(folder)).map(name => {
    const path = `${folder}/${name}`
    const bytes = host.files.stat(path)?.bytes ?? 0
    const content = bytes <= MAX_HASHED ? host.files.read(path, MAX_HASHED) : undefined
    return { name, bytes, ...(content && { sha256: Buffer.from(host.sha256(content)).toString('hex') }) }
  })
}

const short = (names: readonly string[]): string[] => names.slice(0, MAX_NAMES).map(name => name.slice(0, MAX_NAME))
