/** Digits from the right, each times its weight, summed. */
const sum = (digits: string, weight: (place: number, digit: number) => number): number => {
  let total = 0
  for (let place = 0; place < digits.length; place++) total += weight(place, Number(digits[digits.length - 1 - place]))
  return total
}

/** ISO/IEC 7812-1, annex B: cards and Sweden's number. */
const luhn = (digits: string): boolean =>
  sum(digits, (place, digit) => (place % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2)) % 10 === 0

/** Weights 2, 3, 4 … from the right, again after `cycle`; the last digit of `digits` is the check. Brazil's two numbers, each with two such digits. */
const modulo11 = (digits: string, cycle: number): boolean =>
  ((sum(digits.slice(0, -1), (place, digit) => digit * (2 + (place % cycle))) * 10) % 11) % 10 === Number(digits.at(-1))

const bothModulo11 = (digits: string, cycle: number): boolean =>
  modulo11(digits.slice(0, -1), cycle) && modulo11(digits, cycle) && new Set(digits).size > 1

/** The last two digits are 97 less the remainder of those before. */
const modulo97 = (digits: string, before = ''): boolean =>
  97 - (Number(before + digits.slice(0, -2)) % 97) === Number(digits.slice(-2))

/** ISO 13616: the number with its first four characters at the end and letters as 10 to 35, modulo 97, is 1. */
const isIban = (text: string): boolean => {
  const at = LENGTHS.indexOf(text.slice(0, 2))
  if (at < 0 || Number(LENGTHS.slice(at + 2, at + 4)) !== text.length) return false
  let rest = 0
  for (const each of text.slice(4) + text.slice(0, 4)) {
    const value = Number.parseInt(each, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}

/** Countries of Europe, Brazil and the Near East in the SWIFT IBAN registry, each with the length of its numbers. */
const LENGTHS =
  'AD24AE23AT20BE16BG22BR29CH21CY28CZ24DE22DK18EE20ES24FI18FR27GB22GI23GR27HR21HU28IE22IL23IS26IT27LI21LT20LU20LV21MC27MT31NL18NO15PL28PT25RO24RS22SA24SE24SI19SK24SM27TR26UA29'

/** What a letter counts at an odd place of the Italian code is its place in here; a digit counts as the letter of its number. */
const ODD = 'BAKPLCQDREVOSFTGUHMINJWZYX'

const isFiscalCode = (text: string): boolean => {
  let total = 0
  for (let at = 0; at < 15; at++) {
    const value = Number.parseInt(text.charAt(at), 36)
    const plain = value > 9 ? value - 10 : value
    total += at % 2 === 0 ? ODD.indexOf(String.fromCharCode(65 + plain)) : plain
  }
  return total % 26 === text.charCodeAt(15) - 65
}

/** Verhoeff's check over the dihedral group of ten. */
const isVerhoeff = (digits: string): boolean => {
  let check = 0
  for (let place = 0; place < digits.length; place++) {
    let digit = Number(digits[digits.length - 1 - place])
    for (let turn = place % 8; turn > 0; turn--) digit = Number('1576283094'[digit])
    const turned = check > 4 ? check - digit + 10 : check + digit
    check = (turned % 5) + (check > 4 === digit > 4 ? 0 : 5)
  }
  return check === 0
}

/** ISO/IEC 7064, MOD 11,10; and of the ten digits before, one comes twice or thrice. */
const isGermanTaxId = (digits: string): boolean => {
  let product = 10
  for (const digit of digits.slice(0, 10)) product = (((Number(digit) + product) % 10 || 10) * 2) % 11
  const different = new Set(digits.slice(0, 10)).size
  return digits[0] !== '0' && (11 - product) % 10 === Number(digits[10]) && (different === 8 || different === 9)
}

/** Month and day as they stand in a number: `day` up to 31, or from 61 on, as in Sweden's coordination numbers. */
const isDate = (month: string, day: string): boolean =>
  Number(month) > 0 && Number(month) < 13 && Number(day) % 60 > 0 && Number(day) % 60 < 32

/** Issuers whose numbers are told apart safely: Visa, Mastercard, American Express, Discover, JCB, Diners. */
const ISSUER =
  /^(?:4\d{15}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|6(?:011|4[4-9]\d|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11})$/
/** How the digits of a card are grouped in print, if at all. */
const GROUPS = /^(?:\d+|\d{4}([ -])\d{4}\1\d{4}\1\d{4}|\d{4}([ -])\d{6}\2\d{4,5})$/

/** Whether digits are a payment card number: an issuer's range, the usual grouping and the Luhn checksum. */
export const isCard = (text: string): boolean => {
  const digits = text.replace(/[ -]/g, '')
  return ISSUER.test(digits) && GROUPS.test(text) && new Set(digits).size > 1 && luhn(digits)
}

/**
 * A number that identifies a person, or a person's account: words before it, or in a field's name; its shape; its checksum, taken of the number
 * without separators and in upper case. A shape is an expression, or lengths of groups of digits and how they are usually separated; each
 * separator may be another, or missing. Where a word stands before the number that is all it takes; `=` before the shape: with just these
 * separators it needs no word.
 */
export type Identifier = readonly [words: string, shape: string, check: (text: string) => boolean]

/** By kind: country and name. The rule is the issuing authority's. */
export const IDENTIFIERS: Readonly<Record<string, Identifier>> = {
  'be-nrn': ['rijksregister,niss!,insz', '=2.2.2-3.2', digits => modulo97(digits) || modulo97(digits, '2')],
  'br-cnpj': ['cnpj', '=2.3.3/4-2', digits => bothModulo11(digits, 8)],
  'br-cpf': ['cpf', '=3.3.3-2', digits => bothModulo11(digits, 10)],
  'ch-ahv': [
    'ahv,avs!',
    '3.4.4.2',
    digits => digits.startsWith('756') && sum(digits, (place, digit) => digit * (1 + 2 * (place % 2))) % 10 === 0,
  ],
  'de-tax-id': ['steuer*i,idnr,tax*id', '2 3 3 3', isGermanTaxId],
  'es-nif': [
    'dni!,nie!,nif!',
    '(?:[XYZ][ .-]?[0-9]|[0-9]{2})[ .]?[0-9]{3}[ .]?[0-9]{3}[ .-]?[A-Z]',
    text =>
      'TRWAGMYFPDXBNJZSQVHLCKE'[Number(text.slice(0, -1).replace(/^[XYZ]/, each => String('XYZ'.indexOf(each)))) % 23] ===
      text.at(-1),
  ],
  'fi-hetu': [
    'hetu,henkil',
    '[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-Y]',
    text =>
      isDate(text.slice(2, 4), text.slice(0, 2)) &&
      '0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(text.replace(/.$|[^0-9]/g, '')) % 31] === text.at(-1),
  ],
  'fr-nir': ['nir!,sociale', '=1 2 2 2 3 3 2', digits => /^[1-478]/.test(digits) && modulo97(digits)],
  'gb-nhs': ['nhs', '3 3 4', digits => sum(digits, (place, digit) => digit * (place + 1)) % 11 === 0],
  iban: ['iban', '=[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?', isIban],
  'in-aadhaar': ['aadha', '4 4 4', digits => digits > '2' && isVerhoeff(digits)],
  'it-cf': ['fiscal', '[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z]', isFiscalCode],
  'nl-bsn': [
    'bsn!,bsnn,burgerservice',
    '4.2.3',
    digits => sum(digits, (place, digit) => digit * (place > 0 ? place + 1 : -1)) % 11 === 0,
  ],
  'pl-pesel': [
    'pesel',
    '6 5',
    digits =>
      isDate(String(Number(digits.slice(2, 4)) % 20), digits.slice(4, 6)) &&
      sum(digits, (place, digit) => digit * Number('13197319731'[place])) % 10 === 0,
  ],
  'se-pnr': [
    'onnummer,onnr,rdnings',
    '(?:19|20)?[0-9]{6}[-+]?[0-9]{4}',
    digits => isDate(digits.slice(-8, -6), digits.slice(-6, -4)) && luhn(digits.slice(-10)),
  ],
}

/** The expression of an identifier's shape. `strict`: with its usual separators, and no others. */
export function shapeOf(shape: string, strict = false): string {
  const plain = shape.replace('=', '')
  if (!/^\d[. ]/.test(plain)) return plain
  return plain.replace(/\D/g, sign => (strict ? `[${sign}]` : '[ ./-]?')).replace(/\d/g, '[0-9]{$&}')
}

/** Whether a number in one of its usual forms has its checksum. */
export function isIdentifier(kind: string, text: string): boolean {
  const plain = text.toUpperCase().replace(/[ ./-]/g, '')
  return new Set(plain).size > 2 && (IDENTIFIERS[kind]?.[2](plain) ?? false)
}
