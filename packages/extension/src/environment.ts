import type { Redactor } from '@weir/schema/redact'
import type { Host } from './host/host.ts'

/** A secret that stands in the environment in plain text. Names and hashes only. */
export interface EnvironmentSecret {
  readonly variable: string
  readonly kind: string
  readonly fingerprint: string
}

/** A value that we know to be secret whatever it looks like. Stays in this process. */
export interface KnownSecret {
  readonly kind: string
  readonly fingerprint: string
  readonly value: string
}

export interface Environment {
  /** How many variables the customer set. */
  readonly variables: number
  readonly secrets: readonly EnvironmentSecret[]
  /** To be masked wherever they turn up, longest first. */
  readonly known: readonly KnownSecret[]
}

/** What the platform itself puts there, and what is ours: no findings. */
const NOT_THE_CUSTOMERS = /^(AWS_|LAMBDA_|WEIR_|_|PATH$|LD_LIBRARY_PATH$|TZ$|LANG$|LC_ALL$|PWD$|OLDPWD$|SHLVL$|HOME$)/
/** Secret by what they are, and no fault of the customer's until they are printed. */
const SECRET_BY_NAME: Readonly<Record<string, string>> = {
  AWS_SECRET_ACCESS_KEY: 'aws-secret-access-key',
  AWS_SESSION_TOKEN: 'session-token',
  AWS_CONTAINER_AUTHORIZATION_TOKEN: 'token',
  WEIR_FINGERPRINT_KEY: 'secret',
}
/** Shorter ones are too likely to be a word of an innocent line. */
const MIN_KNOWN = 8
const MAX_KNOWN = 64

/**
 * Looks once for secrets in the function's environment. A value that is a secret as a whole is masked in logs as well, where nothing else would
 * tell that it is one: `fingerprint` must be the redactor's, so that both sightings are one secret.
 */
export function inspectEnvironment(env: Host['env'], redactor: Redactor, fingerprint: (value: string) => string): Environment {
  const secrets: EnvironmentSecret[] = []
  const known: KnownSecret[] = []
  const know = (kind: string, value: string) => {
    if (value.length >= MIN_KNOWN && known.length < MAX_KNOWN) known.push({ kind, value, fingerprint: fingerprint(value) })
  }
  // First, so that no number of the customer's own crowds them out.
  for (const [name, kind] of Object.entries(SECRET_BY_NAME)) know(kind, env[name] ?? '')
  const customers = Object.entries(env).filter(([name]) => !NOT_THE_CUSTOMERS.test(name))
  for (const [variable, value = ''] of customers) {
    for (const { kind, fingerprint: print } of redactor.json({ [variable]: value }).found) {
      secrets.push({ variable, kind, fingerprint: print })
      if (print === fingerprint(value)) know(kind, value)
    }
  }
  return { variables: customers.length, secrets, known: known.sort((a, b) => b.value.length - a.value.length) }
}
