import { isObject } from '../json.ts'
import { CATEGORIES, type Category } from './events.ts'

/** A valid subscription to the Telemetry API. */
export interface Subscription {
  schemaVersion: string
  types: readonly Category[]
  buffering: { maxItems: number; maxBytes: number; timeoutMs: number }
  destination: { protocol: 'HTTP' | 'TCP'; port: number; path: string; method: 'POST' | 'PUT' }
}

export const SCHEMA_VERSIONS: readonly string[] = ['2022-07-01', '2022-12-13', '2025-01-29']
/** The only one that managed instances take. */
export const MANAGED_SCHEMA = '2025-01-29'

/** Ranges and defaults of buffering (AWS: "Lambda Telemetry API reference"; lower limits as the platform's own schema has them). */
const BUFFERING = {
  maxItems: { min: 1000, max: 10_000, default: 10_000 },
  maxBytes: { min: 262_144, max: 1_048_576, default: 262_144 },
  timeoutMs: { min: 25, max: 30_000, default: 1000 },
} as const

/** Lambda keeps this port for itself. */
const RESERVED_PORT = 9001

/**
 * Checks a subscription as it came from an extension. Answers every fault at once, as the platform does
 * (`URI port is not provided; types should not be empty`). `hosts` are the names that a destination may have, `versions` the schemas that are
 * taken, of which the first may be left out unless it is the only one.
 */
export function parseSubscription(
  body: unknown,
  hosts: readonly string[],
  versions: readonly string[] = SCHEMA_VERSIONS,
): Subscription | { faults: string } {
  if (!isObject(body)) return { faults: 'the body should be a JSON object' }
  const faults: string[] = []
  const wantedVersion = body['schemaVersion'] ?? (versions.length > 1 ? versions[0] : undefined)
  const schemaVersion = versions.find(version => version === wantedVersion)
  if (!schemaVersion) faults.push(`schemaVersion should be one of ${versions.join(', ')}`)

  const types = Array.isArray(body['types']) ? body['types'] : []
  if (types.length === 0) faults.push('types should not be empty')
  const known = CATEGORIES.filter(category => types.includes(category))
  if (types.some(type => !CATEGORIES.some(category => category === type)))
    faults.push(`types should be among ${CATEGORIES.join(', ')}`)
  if (new Set(types).size !== types.length) faults.push('types should be unique')

  const wanted = isObject(body['buffering']) ? body['buffering'] : {}
  if (body['buffering'] !== undefined && !isObject(body['buffering'])) faults.push('buffering should be an object')
  const bounded = (name: keyof typeof BUFFERING): number => {
    const value = wanted[name] ?? BUFFERING[name].default
    const { min, max } = BUFFERING[name]
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
    faults.push(`buffering.${name} should be an integer from ${min} to ${max}`)
    return min
  }
  const buffering = { maxItems: bounded('maxItems'), maxBytes: bounded('maxBytes'), timeoutMs: bounded('timeoutMs') }

  const destination = parseDestination(body['destination'], hosts, faults)
  return faults.length > 0 || !destination || !schemaVersion
    ? { faults: faults.join('; ') }
    : { schemaVersion, types: known, buffering, destination }
}

function parseDestination(value: unknown, hosts: readonly string[], faults: string[]): Subscription['destination'] | undefined {
  if (!isObject(value)) {
    faults.push('destination is not provided')
    return undefined
  }
  const { protocol, encoding = 'JSON', method = 'POST' } = value
  if (protocol !== 'HTTP' && protocol !== 'TCP') faults.push('destination.protocol should be HTTP or TCP')
  if (encoding !== 'JSON') faults.push('destination.encoding should be JSON')
  if (method !== 'POST' && method !== 'PUT') faults.push('destination.method should be POST or PUT')
  const text = protocol === 'TCP' ? `tcp://localhost:${typeof value['port'] === 'number' ? value['port'] : ''}` : value['URI']
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  if (!url) faults.push(protocol === 'TCP' ? 'port is not provided' : 'URI is not provided or not valid')
  else if (!url.port) faults.push('URI port is not provided')
  else if (Number(url.port) === RESERVED_PORT) faults.push(`port ${RESERVED_PORT} is reserved`)
  else if (protocol === 'HTTP' && !hosts.includes(url.hostname)) faults.push(`URI host should be one of ${hosts.join(', ')}`)
  return {
    protocol: protocol === 'TCP' ? 'TCP' : 'HTTP',
    port: Number(url?.port),
    path: url?.pathname || '/',
    method: method === 'PUT' ? 'PUT' : 'POST',
  }
}
