import { createHmac } from 'node:crypto'
import { parseJson } from '../json.ts'
import { isCard } from './checks.ts'
import { applyEdits, type Edit, merge, type Secret } from './edits.ts'
import { judge, type Sensitive, sensitiveField } from './fields.ts'
import { addCookies, findEdits, MAX_DECODINGS, WHOLE } from './find.ts'
import { formsOf, type Known } from './known.ts'
import { type Hits, lexiconOf, scan as scanWith } from './scan.ts'
import { Work } from './work.ts'

/** A secret that was masked: all of it that may leave. */
export interface SecretFound {
  /** What it is, such as `aws-access-key-id`; `too-deep` or `too-complex` for a value left out because it is nested too deep or takes too long to look at. */
  readonly kind: string
  /** The path in the JSON value (`request.headers.authorization`, `items[2]`), or `line` for plain text. Holds no secret. */
  readonly place: string
  /** First 16 hex digits of HMAC-SHA256 over the secret: the same secret has the same one, under the same key. */
  readonly fingerprint: string
}

export interface RedactOptions {
  /**
   * Names of fields whose value stays when it is, as a whole, an identifier that this pack masks elsewhere. For CloudTrail: `accessKeyId` says
   * who acted, rules and analysts need it, and it opens nothing without its secret key, while in a function's log it points at a leaked pair.
   */
  readonly keep?: readonly string[]
}

/** Masks secrets as `[redacted:<kind>:<fingerprint>]`. Masking again changes nothing. */
export interface Redactor {
  /** One log line, plain or JSON. */
  text(text: string): { text: string; found: SecretFound[] }
  /** A JSON value, keys included; the same reference when nothing was found. More than 64 levels deep is left out, with a mask in its place. */
  json(value: unknown, options?: RedactOptions): { value: unknown; found: SecretFound[] }
  /** False when a closer look is needed. True says for sure that `text` would find nothing: one scan. */
  isClean(text: string): boolean
  /** Characters of all texts that were looked at so far. */
  readonly scanned: number
}

const MAX_DEPTH = 64
/** A mask can uncover a new boundary beside it; after this many rounds at most nothing is left to find. */
const MAX_ROUNDS = 4
/** The smallest number that can be a payment card's. */
const MIN_CARD = 1e13
/** Kinds of which a number that is no text can be one; those of a country begin with its code. */
const NUMERIC = /^(?:..-|national-id|card-code)/
/** Kinds that are written in several ways and have one fingerprint nevertheless: without separators, and in upper case. */
const PERSONAL = /^(?:..-|iban|payment-card)/
/** No secret fits into a shorter key. */
const MIN_KEY = 8
const MAX_PLACE = 200

export interface RedactorOptions {
  /** Keys the fingerprints, so that nobody can guess a weak secret from its own; one key per installation makes them comparable. */
  readonly key: Uint8Array | string
  /** Kinds that are masked where they are asked for: `email`. Others are ignored. */
  readonly also?: readonly string[]
  /** What is masked wherever it stands, in any form in which other secrets are found. The same value has the same fingerprint, whoever found it. */
  readonly known?: readonly Known[]
  /** For tests. */
  readonly work?: () => Work
}

/** What one call carries along. */
interface Call {
  readonly keep: Keep
  readonly found: SecretFound[]
  readonly work: Work
}

/**
 * The one redactor, for the extension (before anything is buffered) and for ingest (before anything is written). What a call looks at is bounded
 * by the length of its input; a text that takes more is masked as a whole. Zero dependencies, Node 18 or later.
 */
export function createRedactor({ key, also = [], known = [], work = () => new Work() }: RedactorOptions): Redactor {
  const mail = also.includes('email')
  const forms = formsOf(known)
  const lexicon = lexiconOf(forms)
  const scan = (text: string): Hits | null => scanWith(text, mail, lexicon)
  const numeric = new Map(forms.flatMap(({ kind, value }) => (/^\d+$/.test(value) ? [[value, kind]] : [])))
  /** From here on a number may be a secret. */
  const least = numeric.size > 0 ? 0 : MIN_CARD
  const seen = new Map<string, Name>()
  let scanned = 0
  const mask = (secret: Secret): string => `[redacted:${secret.kind}:${fingerprint(secret)}]`
  /** Of each secret once, though it is told of and masked; of a form of a known value once and for all. */
  const prints = new WeakMap<Secret, string>()
  const fingerprint = (secret: Secret): string => {
    const { kind, value } = secret
    const print =
      prints.get(secret) ??
      createHmac('sha256', key)
        .update(PERSONAL.test(kind) ? value.replace(/[ ./-]/g, '').toUpperCase() : kind === 'email' ? value.toLowerCase() : value)
        .digest('hex')
        .slice(0, 16)
    prints.set(secret, print)
    return print
  }

  const note = (edits: readonly Edit[], path: readonly string[], found: SecretFound[]): void => {
    const place = placeOf(path)
    for (const { secrets } of edits)
      for (const secret of secrets) found.push({ kind: secret.kind, place, fingerprint: fingerprint(secret) })
  }

  /** `field`: what the value's name says of it. */
  const redactText = (text: string, path: string[], field: Sensitive | null, call: Call): string => {
    let current = text
    let hits = scan(text)
    const { keep, found, work } = call
    if (work.layers === 0) scanned += text.length
    if (!hits && !field) return text
    const look = { work, mail, forms, scan }
    work.allow(text.length)
    // Each text of a JSON document is decoded by itself; around them there is nothing encoded left.
    let decodings = 0
    for (let round = 0; round < MAX_ROUNDS && work.spend(text.length); round++) {
      const before = current
      if (hits && round === 0) {
        const json = redactJsonText(current, path, call)
        if (json !== undefined) decodings = MAX_DECODINGS
        current = json ?? current
      }
      let edits = findEdits(current, current === before ? hits : scan(current), look, decodings)
      if (keep.has(path.at(-1) ?? '')) edits = edits.filter(({ start, end }) => start > 0 || end < current.length)
      else if (field) edits = merge([...edits, ...fieldEdits(current, field, work)])
      if (work.isSpent) break
      if (edits.length === 0 && current === before) return current
      note(edits, path, found)
      current = applyEdits(current, edits, mask)
      hits = scan(current)
    }
    if (!work.isSpent) return current
    const secret = { kind: 'too-complex', value: text }
    note([{ start: 0, end: text.length, rank: 0, secrets: [secret] }], path, found)
    return mask(secret)
  }

  /** Undefined for what is no JSON. */
  const redactJsonText = (text: string, path: string[], call: Call): string | undefined => {
    const body = text.trim()
    if (path.length > MAX_DEPTH || !/^(?:\{.*\}|\[.*\])$/s.test(body)) return undefined
    const { work } = call
    if (!work.spend(4 * text.length)) return undefined
    let value: unknown
    try {
      value = parseJson(body)
    } catch {
      return undefined
    }
    work.layers++
    const redacted = redactValue(value, path, null, call)
    work.layers--
    return redacted === value ? text : text.replace(body, () => JSON.stringify(redacted))
  }

  const redactValue = (value: unknown, path: string[], field: Sensitive | null, call: Call): unknown => {
    if (typeof value === 'string') return redactText(value, path, field, call)
    if (typeof value === 'number') return redactNumber(value, path, field, call.found)
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
    if (path.length > MAX_DEPTH) {
      call.found.push({ kind: 'too-deep', place: placeOf(path), fingerprint: '' })
      return '[redacted:too-deep]'
    }
    return Array.isArray(value) ? redactArray(value, path, field, call) : redactObject(value, path, call)
  }

  const redactNumber = (number: number, path: string[], field: Sensitive | null, found: SecretFound[]): unknown => {
    const value = String(number)
    const kind =
      numeric.get(value) ??
      (number >= MIN_CARD && isCard(value) ? 'payment-card' : field && NUMERIC.test(field.kind) && judge(value, field, true))
    if (!kind) return number
    const secret = { kind, value }
    note([{ start: 0, end: 0, rank: 0, secrets: [secret] }], path, found)
    return mask(secret)
  }

  const redactArray = (value: readonly unknown[], path: string[], field: Sensitive | null, call: Call): unknown => {
    let copy: unknown[] | undefined
    for (let at = 0; at < value.length; at++) {
      path.push(`[${at}]`)
      const redacted = redactValue(value[at], path, field, call)
      path.pop()
      if (redacted !== value[at]) (copy ??= [...value])[at] = redacted
    }
    return copy ?? value
  }

  const redactObject = (value: object, path: string[], call: Call): unknown => {
    const fields = fieldsOf(value)
    let changed: [string, unknown][] | undefined
    let at = 0
    for (const name in fields) {
      const place = at++
      const each = fields[name]
      const known = nameOf(name)
      if (known === PLAIN && isHarmless(each)) continue
      const kept = known.hits ? redactText(name, path, null, { ...call, keep: NONE }) : name
      const field = known.isValue ? sensitiveField(nameOfValue(fields) ?? name) : known.field
      path.push(kept)
      const redacted = redactValue(each, path, field, call)
      path.pop()
      if (kept !== name || redacted !== each) (changed ??= Object.entries(fields))[place] = [kept, redacted]
    }
    return changed ? fromEntries(changed, Object.getPrototypeOf(value) === null) : value
  }

  /** Keys come again and again, so what they are is kept. */
  const nameOf = (name: string): Name => {
    const known = seen.get(name)
    if (known) return known
    const field = sensitiveField(name)
    const hits = name.length >= MIN_KEY && scan(name) !== null
    const isValue = VALUE.has(name)
    const found = field || hits || isValue ? { field, hits, isValue } : PLAIN
    if (name.length > MAX_NAME) return found
    if (seen.size >= MAX_NAMES) seen.clear()
    seen.set(name, found)
    return found
  }

  /** Whether there is nothing to look for in a value whose field's name says nothing. */
  const isHarmless = (value: unknown): boolean => {
    switch (typeof value) {
      case 'string':
        if (scan(value)) return false
        scanned += value.length
        return true
      case 'number':
        return value < least
      case 'object':
        return value === null
      default:
        return true
    }
  }

  return {
    isClean: text => scan(text) === null,
    get scanned() {
      return scanned
    },
    text(text) {
      const found: SecretFound[] = []
      return { text: redactText(text, [], null, { keep: NONE, found, work: work() }), found }
    },
    json(value, options) {
      const found: SecretFound[] = []
      const keep = options?.keep ? new Set(options.keep) : NONE
      return { value: redactValue(value, [], null, { keep, found, work: work() }), found }
    },
  }
}

type Keep = ReadonlySet<string>
const NONE: Keep = new Set()

/** Lists such as HTTP headers and container environments write a field as `{name, value}`. */
const NAME = new Set(['name', 'Name', 'key', 'Key', 'ParameterKey'])
const VALUE = new Set(['value', 'Value', 'ParameterValue'])

function nameOfValue(fields: Fields): string | undefined {
  const names = Object.keys(fields)
  if (names.length > 4) return undefined
  const name = names.find(each => NAME.has(each) && typeof fields[each] === 'string')
  return name === undefined ? undefined : (fields[name] as string)
}

type Fields = Readonly<Record<string, unknown>>

/** An object whose own fields are all that `for … in` sees: that is several times as fast as any list of them. */
function fieldsOf(value: object): Fields {
  const prototype: unknown = Object.getPrototypeOf(value)
  const isPlain = prototype === Object.prototype || prototype === null
  return (isPlain ? value : Object.fromEntries(Object.entries(value))) as Fields
}

/** What is to know of a key, whatever stands under it. */
interface Name {
  readonly field: Sensitive | null
  /** It may hold a secret itself. */
  readonly hits: boolean
  /** A key beside it may name what stands under it. */
  readonly isValue: boolean
}

/** The common case, the same for all. */
const PLAIN: Name = { field: null, hits: false, isValue: false }
const MAX_NAMES = 4096
const MAX_NAME = 100
/** What the name of its field says of a text as a whole. */
function fieldEdits(text: string, field: Sensitive, work: Work): Edit[] {
  const edits: Edit[] = []
  if (field.kind === 'cookie') addCookies(text, 0, work, edits)
  const kind = judge(text, field, true)
  if (kind) edits.push({ start: 0, end: text.length, rank: WHOLE, secrets: [{ kind, value: text }] })
  return edits
}

/** Like Object.fromEntries, and when a masked key meets one like it, the later gets a number. */
function fromEntries(entries: readonly [string, unknown][], bare: boolean): unknown {
  const result: object = bare ? Object.create(null) : {}
  const counts = new Map<string, number>()
  for (const [name, value] of entries) {
    let free = name
    while (Object.hasOwn(result, free)) {
      const count = (counts.get(name) ?? 1) + 1
      counts.set(name, count)
      free = `${name}#${count}`
    }
    Object.defineProperty(result, free, { value, enumerable: true, writable: true, configurable: true })
  }
  return result
}

function placeOf(path: readonly string[]): string {
  if (path.length === 0) return 'line'
  let place = ''
  for (const step of path) {
    if (place.length >= MAX_PLACE) break
    place += (place === '' || step.startsWith('[') ? '' : '.') + step.slice(0, MAX_PLACE)
  }
  return place.slice(0, MAX_PLACE)
}
