/** How sure a field's name makes us: `strong`, a password by name; `weak`, a name that others use too, so the value must look random. */
type Strength = 'strong' | 'weak'

/** Endings of field names, without case, underscores and dashes, with what they hold. The first that fits wins. */
const ENDINGS: readonly (readonly [ending: string, kind: string, strength: Strength])[] = [
  ['password', 'password', 'strong'],
  ['passwords', 'password', 'strong'],
  ['passwd', 'password', 'strong'],
  ['passphrase', 'password', 'strong'],
  ['passcode', 'password', 'strong'],
  ['pwd', 'password', 'strong'],
  ['secretaccesskey', 'aws-secret-access-key', 'weak'],
  ['sessiontoken', 'session-token', 'weak'],
  ['securitytoken', 'session-token', 'weak'],
  ['clientsecret', 'secret', 'strong'],
  ['secretkey', 'secret', 'weak'],
  ['secret', 'secret', 'weak'],
  ['privatekey', 'secret', 'weak'],
  ['signingkey', 'secret', 'weak'],
  ['encryptionkey', 'secret', 'weak'],
  ['masterkey', 'secret', 'weak'],
  ['accountkey', 'secret', 'weak'],
  ['apikey', 'api-key', 'weak'],
  ['token', 'token', 'weak'],
  ['ssn', 'us-ssn', 'weak'],
  ['socialsecuritynumber', 'us-ssn', 'weak'],
]

/** Tokens that name a place in a list, a request or a library, and open nothing. */
const HARMLESS =
  /(?:jsonweb|public|next|nextforward|nextbackward|prev|previous|page|partition|paging|pagination|continuation|client|request|idempotency|sync|start|starting|cursor|resume|stream|max|count)token$/

/** What stands for a secret that was left out, or is a reference to one. */
const PLACEHOLDER =
  /^(?:\*+|x+|\.+|-+|null|nil|none|true|false|undefined|empty|n\/a|<.*|\$.*|\{.*|%.*|#\{.*|arn:.*|\[.*\]|\(.*\)|.*redacted.*|hidden[_ ].*|.*sensitive.?data.*|string|text|number|boolean|object|(?:must|please|forgot|enter)\s.*|masked|removed|omitted|required|invalid|incorrect|missing|wrong|expired|process\.env.*|os\.environ.*|env:.*|ssm:.*|secretsmanager:.*|file:.*|https?:\/\/.*)$/is

/** Letters alone that are longer than the words that follow `password:` in a sentence. */
const MIN_WORDS = 21

const MAX_NAMES = 4096
const names = new Map<string, Sensitive | null>()

/** What a field's name says of its value. */
export interface Sensitive {
  readonly kind: string
  readonly strength: Strength
}

/** Classifies a field's name (`DB_PASSWORD`, `clientSecret`, `x-api-key`); null for the many that hold no secret. */
export function sensitiveField(name: string): Sensitive | null {
  if (name.length < 3 || name.length > 100) return null
  const known = names.get(name)
  if (known !== undefined) return known
  if (names.size >= MAX_NAMES) names.clear()
  const plain = name.toLowerCase().replace(/[_-]/g, '')
  const found = HARMLESS.test(plain) ? undefined : ENDINGS.find(([ending]) => plain.endsWith(ending))
  const sensitive = found ? { kind: found[1], strength: found[2] } : null
  names.set(name, sensitive)
  return sensitive
}

/** Whether a value can be the secret that its field's name announces. `quoted`: it stood between quotes or was a JSON string. */
export function isPlausible(value: string, { kind, strength }: Sensitive, quoted: boolean): boolean {
  if (PLACEHOLDER.test(value.slice(0, 200))) return false
  if (kind === 'us-ssn') return /^\d{3}-?\d{2}-?\d{4}$/.test(value)
  if (strength === 'strong')
    return (
      value.length >= (quoted ? 4 : 6) &&
      !value.startsWith('/') &&
      (quoted || value.length >= MIN_WORDS || /[^A-Za-z]/.test(value))
    )
  return value.length >= 16 && !/\s/.test(value) && /\d/.test(value) && /[A-Za-z]/.test(value) && isVaried(value)
}

/** Whether a token is made of more than a few characters repeated, as samples and placeholders are. */
export function isVaried(token: string): boolean {
  return new Set(token.slice(-40)).size >= 8
}
