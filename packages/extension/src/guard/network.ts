import net from 'node:net'
import type { Sight } from './sight.ts'
import { around } from './wrap.ts'

/** Addresses that hand out credentials: of EC2 and what imitates it, of ECS, of EKS. */
const CREDENTIALS: Readonly<Record<string, string>> = {
  '169.254.169.254': 'instance-metadata',
  'fd00:ec2::254': 'instance-metadata',
  '169.254.170.2': 'task-credentials',
  '169.254.170.23': 'pod-identity',
  'fd00:ec2::23': 'pod-identity',
}
const LOOPBACK = /^(?:localhost|127\.|::1$|\[::1\]$|0\.0\.0\.0$|::$)/
/** Origins that `fetch` was asked for and need no second look. */
const MAX_ORIGINS = 256

interface Place {
  readonly host: string
  readonly port: number
}

/**
 * Where the function connects to: host and port, once each. Each TCP connection of Node, with TLS or not, is made by `net.Socket.connect`;
 * `fetch` is looked at as well because by the time it connects, nobody who called it is on the stack. Connections within the sandbox are left out,
 * but for the Runtime API and for the place that `AWS_CONTAINER_CREDENTIALS_FULL_URI` names.
 */
export function watchNetwork(sight: Sight, env: Readonly<Record<string, string | undefined>>): void {
  const runtimeApi = env['AWS_LAMBDA_RUNTIME_API'] ?? ''
  const container = placeOf(env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] ?? '')
  const containerCredentials = container && `${container.host}:${container.port}`

  const connecting = ({ host, port }: Place) => {
    const to = `${host}:${port}`
    if (to === runtimeApi) return sight.oncePerCaller('runtime-api', to, { host, port })
    const what = to === containerCredentials ? 'container-credentials' : CREDENTIALS[host.toLowerCase().replace(/^\[|\]$/g, '')]
    if (what !== undefined) return sight.oncePerCaller('credentials', to, { what, host, port })
    if (!LOOPBACK.test(host)) sight.once('outbound', to, { host, port })
  }
  around(net.Socket.prototype, 'connect', args => {
    const place = targetOf(args)
    if (place) connecting(place)
  })

  const origins = new Set<string>()
  around(globalThis, 'fetch', ([input]) => {
    const url = urlOf(input)
    const end = url.indexOf('/', 'https://'.length)
    const origin = end < 0 ? url : url.slice(0, end)
    if (origins.has(origin) || origins.size >= MAX_ORIGINS) return
    const place = placeOf(origin)
    if (!place) return
    connecting(place)
    // A place that hands out credentials is looked at each time, since it matters who asks.
    if (!(place.host in CREDENTIALS)) origins.add(origin)
  })
}

/** Of what `net.connect` takes, and of the list in a list that it makes of that for itself; undefined for a socket of the file system. */
export function targetOf(args: readonly unknown[]): Place | undefined {
  const [first, second] = Array.isArray(args[0]) ? (args[0] as readonly unknown[]) : args
  const given: { port?: unknown; host?: unknown; path?: unknown } =
    typeof first === 'object' && first !== null ? first : { port: first, host: second }
  const port = Number(given.port)
  if (given.path !== undefined && given.path !== null && given.port === undefined) return undefined
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return undefined
  return { host: typeof given.host === 'string' && given.host !== '' ? given.host.slice(0, 255) : 'localhost', port }
}

function urlOf(input: unknown): string {
  if (typeof input === 'string') return input
  if (typeof input !== 'object' || input === null) return ''
  const { href, url }: { href?: unknown; url?: unknown } = input
  return typeof href === 'string' ? href : typeof url === 'string' ? url : ''
}

function placeOf(url: string): Place | undefined {
  try {
    const { protocol, hostname, port } = new URL(url)
    if (protocol !== 'https:' && protocol !== 'http:') return undefined
    return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (protocol === 'https:' ? 443 : 80) }
  } catch {
    return undefined
  }
}
