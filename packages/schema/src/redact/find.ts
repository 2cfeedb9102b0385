import { BASE64, encodedEdits, escapedEdits, HEX, JSON_ESCAPE, URL_ESCAPE } from './decode.ts'
import { besideMasks, type Edit, merge } from './edits.ts'
import { isPlausible } from './fields.ts'
import type { Form } from './known.ts'
import { begins, isNumber, NUMBER_KINDS, numbers, PATTERNS, REST } from './rules.ts'
import type { Hits } from './scan.ts'
import type { Work } from './work.ts'

const { raw } = String
/** Of one encoding within another: a URL within a URL, base64 within a URL. */
export const MAX_DECODINGS = 2
/** What it takes to judge a candidate, in characters, beside its own length: two more looks at a name and a value of the usual size. */
const CANDIDATE = 200
/** A rejected match is looked at again from here on before its end: another field may begin in it, and no name and value are longer by far. */
const LOOK_AGAIN = 256
/** A bank account in groups reaches so far to both sides of a stretch without letters. */
const AROUND = 40

/** Ranks of what is found otherwise than by a pattern: each gives way to the ones before. What is known is known best. */
const KNOWN = -1
const NUMBER = PATTERNS.length
const ADDRESS = NUMBER + 1
const COOKIE = ADDRESS + 1
export const WHOLE = COOKIE + 1
const DECODED = WHOLE + 2

/** What a look at a text carries along. */
export interface Look {
  readonly work: Work
  /** Mask mail addresses, too. */
  readonly mail: boolean
  /** What may be known of a text; `Hits.known` points there. */
  readonly forms: readonly Form[]
  readonly scan: (text: string) => Hits | null
}

/** Sticky expressions of the patterns, each made when it is first used: to make all of them costs more than most sandboxes ever use. */
const expressions: RegExp[] = []
let shapes: RegExp | undefined

/**
 * All there is to replace in `text`, in order, without overlaps. `hits`: what `scan` said of it. `decodings`: how many encodings it came out of.
 * Once the work is spent, what it returns is not all.
 */
export function findEdits(text: string, hits: Hits | null, look: Look, decodings = 0): Edit[] {
  if (!hits) return []
  const { work } = look
  const edits: Edit[] = []
  addKnown(text, hits.known, look, edits)
  addMatches(text, hits.patterns, work, edits)
  addNumbers(text, hits.numbers, work, edits)
  if (hits.at) addAddresses(text, look, edits)
  if (decodings < MAX_DECODINGS) {
    const find = (decoded: string): Edit[] =>
      findEdits(decoded, look.scan(decoded), look, decodings + 1).map(edit => ({ ...edit, rank: edit.rank + DECODED }))
    if (hits.percent) for (const edit of escapedEdits(text, URL_ESCAPE, work, find)) edits.push(edit)
    if (hits.escape) for (const edit of escapedEdits(text, JSON_ESCAPE, work, find)) edits.push(edit)
    for (const edit of encodedEdits(text, hits.base64, BASE64, work, find)) edits.push(edit)
    for (const edit of encodedEdits(text, hits.hex, HEX, work, find)) edits.push(edit)
  }
  return edits.length === 0 ? edits : merge(besideMasks(text, edits))
}

function addKnown(text: string, places: readonly number[], { work, forms }: Look, edits: Edit[]): void {
  /** By form, up to where it was found. */
  const seen: number[] = []
  for (let each = 0; each < places.length; each += 2) {
    const start = places[each] as number
    const index = places[each + 1] as number
    const form = forms[index]
    if (!form || start < (seen[index] ?? 0)) continue
    if (!work.spend(CANDIDATE + form.text.length)) return
    if (!text.startsWith(form.text, start)) continue
    const end = start + form.text.length
    seen[index] = end
    edits.push({ start, end, rank: KNOWN, secrets: [form] })
  }
}

function addMatches(text: string, places: readonly number[], work: Work, edits: Edit[]): void {
  /** By pattern, up to where it has looked. */
  const seen: number[] = []
  for (let each = 0; each < places.length; each += 2) {
    const rank = places[each + 1] as number
    const pattern = PATTERNS[rank]
    const place = places[each] as number
    if (!pattern || place < (seen[rank] ?? 0)) continue
    if (!work.spend(CANDIDATE)) return
    const expression = (expressions[rank] ??= new RegExp(pattern.source, pattern.any ? 'iy' : 'y'))
    let match: RegExpExecArray | null = null
    for (let from = place; !match && from >= 0 && from >= place - pattern.back; from--) {
      expression.lastIndex = from
      match = expression.exec(text)
    }
    if (!match) continue
    if (!work.spend(match[0].length)) return
    let value = match.findLast(group => group !== undefined) ?? match[0]
    let end = match.index + match[0].length
    const start = end - value.length
    const accepted = pattern.accept(value, match)
    if (accepted === false || accepted === undefined) {
      seen[rank] = Math.max(place + 1, end - LOOK_AGAIN)
      continue
    }
    if (pattern.rest) {
      REST.lastIndex = end
      end += REST.exec(text)?.[0].length ?? 0
      value = text.slice(start, end)
    }
    seen[rank] = end
    if (pattern.kind === 'cookie') seen[rank] = addCookies(text, end, work, edits)
    else edits.push({ start, end, rank, secrets: [{ kind: accepted === true ? pattern.kind : accepted, value }] })
  }
}

/** Numbers that are told by their digits, in stretches of the text. */
function addNumbers(text: string, stretches: readonly number[], work: Work, edits: Edit[]): void {
  for (let each = 0; each < stretches.length; each += 2) {
    const from = Math.max(0, (stretches[each] as number) - AROUND)
    const part = text.slice(from, (stretches[each + 1] as number) + AROUND)
    if (!work.spend(part.length + CANDIDATE)) return
    shapes ??= numbers()
    shapes.lastIndex = 0
    for (let match = shapes.exec(part); match; match = shapes.exec(part)) {
      const [value] = match
      const kind = NUMBER_KINDS[match.findIndex((group, at) => at > 0 && group !== undefined) - 1]
      const start = from + match.index
      if (kind && isNumber(kind, value))
        edits.push({ start, end: start + value.length, rank: NUMBER, secrets: [{ kind, value }] })
      else shapes.lastIndex = match.index + 1
    }
  }
}

/**
 * The user and the password in `scheme://user:password@host`. The latter may hold @ and /, as people write them; but what begins like a port is
 * none, and what looks like a query ends it.
 */
const USER_INFO =
  /(?<=[a-z][a-z0-9+.-]{0,30}):\/\/([^\s:/@"'<>\\]{0,200})(?::(?!\d{1,5}[/?#])([^\s/@"'<>\\]{0,256}(?:[@/][^\s/@"'<>\\?#&=]{1,128}){0,4}))?(?=@[\w.[-])/iy
/** A user that is a token by its form: three digits at least among letters, and no dots. */
const isTokenUser = (user: string): boolean =>
  /^[\w-]{20,}$/.test(user) && user.replace(/\D/g, '').length > 2 && isPlausible(user, false, true)
/** What stands in a colour is no part of an address. */
const MAIL = new RegExp(
  raw`(?<!\x1b\[[\d;]{0,15})${begins(raw`\w.+-`)}[\w.+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?![\w-])`,
  'gi',
)

function addAddresses(text: string, { work, mail }: Look, edits: Edit[]): void {
  const found = (end: number, value: string): void =>
    void edits.push({ start: end - value.length, end, rank: ADDRESS, secrets: [{ kind: 'url-password', value }] })
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 3)) {
    if (!work.spend(CANDIDATE)) return
    USER_INFO.lastIndex = at
    const [all = '', user = '', value = ''] = USER_INFO.exec(text) ?? []
    if (!work.spend(all.length)) return
    if (isTokenUser(user)) found(at + 3 + user.length, user)
    if (value.length > 2 && isPlausible(value, true, value.length > 3)) found(at + all.length, value)
  }
  if (!mail || !work.spend(2 * text.length)) return
  for (const { 0: value, index: start } of text.matchAll(MAIL))
    edits.push({ start, end: start + value.length, rank: COOKIE, secrets: [{ kind: 'email', value }] })
}

const COOKIE_PAIR = /\s{0,3}[^\s=;,"'\\]{1,100}=([^\s;,"'\\]*)(;?)/y

/** Cookies that look random, from a header's value that begins at `from`. Returns where it ends. */
export function addCookies(text: string, from: number, work: Work, edits: Edit[]): number {
  COOKIE_PAIR.lastIndex = from
  let walked = from
  for (let match = COOKIE_PAIR.exec(text); match; match = COOKIE_PAIR.exec(text)) {
    const [all, value = '', ends] = match
    walked += all.length
    if (!work.spend(all.length + CANDIDATE)) break
    const end = walked - (ends ? 1 : 0)
    if (isPlausible(value, false, true))
      edits.push({ start: end - value.length, end, rank: COOKIE, secrets: [{ kind: 'cookie', value }] })
    if (!ends) break
  }
  return walked
}
