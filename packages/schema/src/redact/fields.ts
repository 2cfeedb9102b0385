import { IDENTIFIERS, isIdentifier, shapeOf } from './checks.ts'

/** What a field's name says of its value. `strong`: a password by name; otherwise others use the name too, and the value must look the part. */
export interface Sensitive {
  readonly kind: string
  readonly strong: boolean
}

/** Endings of field names, without case, underscores and dashes: a group for each of `KINDS`. */
const ENDING =
  /(?:(passwords?|passwd|passphrase|passcode|pwd)|(clientsecret)|(secretaccesskey)|((?:session|security)token)|(secret(?:key)?|(?:private|signing|encryption|master|account)key)|((?:api|access|auth)key)|(token)|(ssn|socialsecurity(?:number)?)|(cvv2?|cvc2?)|((?:set)?cookies?)|((?:national|personal|tax)id(?:entifier|number)?))$/
const KINDS = [
  'password',
  'secret',
  'aws-secret-access-key',
  'session-token',
  'secret',
  'api-key',
  'token',
  'us-ssn',
  'card-code',
  'cookie',
  'national-id',
]
const STRONG = 2

/** Tokens that name a place in a list, a request or a library, and open nothing. */
const HARMLESS =
  /(?:jsonweb|public|(?:next|prev)(?:forward|backward|ious)?|page|partition|paging|pagination|continuation|client|request|idempotency|sync|start|starting|cursor|resume|stream|max|count)token$/

/** What stands for a secret that was left out, or is a reference to one. */
const PLACEHOLDER =
  /^(?:([*x.-])\1*$|(?:null|nil|none|true|false|undefined|empty|n\/a|string|text|number|boolean|object|masked|removed|omitted|required|invalid|incorrect|missing|wrong|expired|\[.*\]|\(.*\))$|[<${%]|#\{|arn:|hidden[_ ]|(?:must|please|forgot|enter)\s|process\.env|os\.environ|env:|ssm:|secretsmanager:|file:|https?:\/\/|.*(?:redacted|sensitive.?data))/is

/** Letters alone that are longer than the words that follow `password:` in a sentence. */
const MIN_WORDS = 21

const MAX_NAMES = 4096
const names = new Map<string, Sensitive | null>()

/** Classifies a field's name (`DB_PASSWORD`, `clientSecret`, `x-api-key`); null for the many that hold no secret. */
export function sensitiveField(name: string): Sensitive | null {
  if (name.length < 3 || name.length > 100) return null
  const known = names.get(name)
  if (known !== undefined) return known
  if (names.size >= MAX_NAMES) names.clear()
  const plain = name.toLowerCase().replace(/[_-]/g, '')
  const group = (ENDING.exec(plain)?.findIndex((each, at) => at > 0 && each !== undefined) ?? 0) - 1
  const ending = KINDS[group]
  const kind = ending === 'token' && HARMLESS.test(plain) ? undefined : (ending ?? identifierOf(plain))
  const sensitive = kind === undefined ? null : { kind, strong: group >= 0 && group < STRONG }
  names.set(name, sensitive)
  return sensitive
}

/** The kind of number that a name announces. A word that is short stands at the name's end, or it would be part of another. */
const identifierOf = (plain: string): string | undefined =>
  Object.keys(IDENTIFIERS).find(kind =>
    IDENTIFIERS[kind]?.[0]
      .split(',')
      .some(word => (word.endsWith('!') ? plain.endsWith(word.slice(0, -1)) : plain.includes(word.replace('*', '')))),
  )

/** Of identifiers, each made when it is first used. */
const shapes: Record<string, RegExp> = {}

/**
 * What a value is in the field whose name announces a secret; undefined where it cannot be one. `quoted`: it stood between quotes or was a
 * JSON string.
 */
export function judge(value: string, { kind, strong }: Sensitive, quoted: boolean): string | undefined {
  const shape = IDENTIFIERS[kind]?.[1]
  if (shape !== undefined)
    return value.length < 50 &&
      (shapes[kind] ??= new RegExp(`^(?:${shapeOf(shape)})$`, 'i')).test(value) &&
      isIdentifier(kind, value)
      ? kind
      : undefined
  if (kind === 'national-id') {
    for (const each in IDENTIFIERS) if (judge(value, { kind: each, strong }, quoted)) return each
    return undefined
  }
  if (kind === 'us-ssn') return /^\d{3}-?\d{2}-?\d{4}$/.test(value) ? kind : undefined
  if (kind === 'card-code') return /^\d{3,4}$/.test(value) ? kind : undefined
  return kind !== 'cookie' && isPlausible(value, strong, quoted) ? kind : undefined
}

/** Whether a value can be the secret that its field's name announces. */
export function isPlausible(value: string, strong: boolean, quoted: boolean): boolean {
  if (PLACEHOLDER.test(value.slice(0, 200))) return false
  if (strong)
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
