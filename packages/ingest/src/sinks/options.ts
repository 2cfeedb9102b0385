import * as z from 'zod/mini'
import { secret } from '../secrets.ts'

/** The options every sink over HTTP has. Spread them into the sink's own: `z.object({ url, ...transport })`. */
export const transport = {
  timeoutMs: z._default(
    z
      .int()
      .check(z.gte(100), z.lte(120_000), z.describe('The longest one attempt may take, milliseconds, from connect to last byte')),
    10_000,
  ),
  compression: z._default(z.enum(['gzip', 'none']).check(z.describe('Compression of request bodies')), 'gzip'),
  ca: z.optional(
    secret('Certificate authority to trust instead of the public ones, PEM, by reference: file:/etc/ssl/splunk-ca.pem'),
  ),
  allowPrivateNetwork: z._default(
    z
      .boolean()
      .check(z.describe('Whether the destination may be at a private or loopback address; a link-local one never may be')),
    false,
  ),
}

/** What `forward` and its HTTP client need to know of any sink; a sink on this machine has the defaults. */
export interface Transport {
  readonly timeoutMs: number
  readonly compression: 'gzip' | 'none'
  /** PEM, resolved. */
  readonly ca?: string
  readonly allowPrivateNetwork: boolean
}

/** The common part of any sink's parsed options. */
export function transportOf(options: object): Transport {
  const given: Partial<Transport> = options
  return {
    timeoutMs: given.timeoutMs ?? 10_000,
    compression: given.compression ?? 'none',
    allowPrivateNetwork: given.allowPrivateNetwork ?? false,
    ...(given.ca === undefined ? {} : { ca: given.ca }),
  }
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Why a URL cannot be a destination, or undefined when it can. Never repeats one that holds credentials. */
export function urlFault(value: string): string | undefined {
  let url: URL
  try {
    url = new URL(value)
  } catch {
    return `expected a URL${/[@\s]/.test(value) ? '' : `, got "${value.slice(0, 80)}"`}; add https://`
  }
  if (url.username !== '' || url.password !== '') return 'a URL holds no user or password; give them in their own options'
  if (url.search !== '' || url.hash !== '') return 'a URL holds no query or fragment; give the address only'
  if (url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))) return undefined
  return `expected an https:// URL, got ${url.protocol}//; http:// is for this machine only`
}

/** An option that holds the address of a destination: https, or http on loopback. */
export const endpoint = (description: string) =>
  z.string().check(
    z.refine(value => urlFault(value) === undefined, { error: issue => urlFault(String(issue.input)) ?? 'expected a URL' }),
    z.describe(description),
  )

/** Joins an endpoint and a path, whether or not the endpoint ends in a slash. */
export const at = (base: string, path: string): string => base.replace(/\/+$/, '') + path
