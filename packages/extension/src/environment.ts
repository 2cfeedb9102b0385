import { type Known, MIN_KNOWN, type Redactor } from '@weir/schema/redact'
import type { Host } from './host/host.ts'

/** A secret that stands in the environment in plain text. Names and hashes only. */
export interface EnvironmentSecret {
  readonly variable: string
  readonly kind: string
  readonly fingerprint: string
}

export interface Environment {
  /** How many variables the customer set. */
  readonly variables: number
  readonly secrets: readonly EnvironmentSecret[]
  /** To be masked wherever they turn up, longest first. Stay in this process. */
  readonly known: readonly Known[]
}

/** What the platform itself puts there, and what is ours or our launcher's: no findings. */
const NOT_THE_CUSTOMERS =
  /^(AWS_|LAMBDA_|WEIR_|BUN_JSC_|MALLOC_TOP_PAD_|_|PATH$|LD_LIBRARY_PATH$|TZ$|LANG$|LC_ALL$|PWD$|OLDPWD$|SHLVL$|HOME$)/
/** Secret by what they are, and no fault of the customer's until they are printed. */
const SECRET_BY_NAME: Readonly<Record<string, string>> = {
  AWS_SECRET_ACCESS_KEY: 'aws-secret-access-key',
  AWS_SESSION_TOKEN: 'session-token',
  AWS_CONTAINER_AUTHORIZATION_TOKEN: 'token',
  WEIR_FINGERPRINT_KEY: 'secret',
}
const MAX_KNOWN = 64
const MASK = /^\[redacted:([\w-]+):\w+\]$/

/** Looks once for secrets in the function's environment. A value that is a secret as a whole is known from then on: in a log nothing may tell that it is one. */
export function inspectEnvironment(env: Host['env'], redactor: Redactor): Environment {
  const secrets: EnvironmentSecret[] = []
  const known = new Map<string, Known>()
  const know = (kind: string, value: string) => {
    if (value.length >= MIN_KNOWN && known.size < MAX_KNOWN && !known.has(value)) known.set(value, { kind, value })
  }
  // First, so that no number of the customer's own crowds them out.
  for (const [name, kind] of Object.entries(SECRET_BY_NAME)) know(kind, env[name] ?? '')
  const customers = Object.entries(env).filter(([name]) => !NOT_THE_CUSTOMERS.test(name))
  for (const [variable, value = ''] of customers) {
    const redacted = redactor.json({ [variable]: value })
    for (const { kind, fingerprint } of redacted.found) secrets.push({ variable, kind, fingerprint })
    const [, kind] = MASK.exec(String(Object.values(redacted.value as object)[0])) ?? []
    if (kind) know(kind, value)
  }
  return { variables: customers.length, secrets, known: [...known.values()].sort((a, b) => b.value.length - a.value.length) }
}
