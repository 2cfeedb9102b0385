import { isPlausible, isVaried, sensitiveField } from './fields.ts'
import { createScanner, type Hits } from './triggers.ts'

/** One kind of secret that can be told by its form. */
export interface Pattern {
  /** Names the kind in masks and findings. */
  readonly kind: string
  /** Literals of four characters or more, in any case, one of which must occur before the expression runs. */
  readonly literals: readonly string[]
  /** A shape that stands in for literals. */
  readonly shape?: 'digits' | 'dashed' | 'at'
  /**
   * Global. Its last group that took part is the secret, and ends the match. Vetted to run in linear time: every repetition is bounded, or
   * cannot begin again inside itself.
   */
  readonly expression: RegExp
  /** A last look; it may name a kind of its own. */
  readonly accept?: (secret: string, match: RegExpExecArray) => boolean | string
  /** Sticky: what belongs to an accepted secret beyond the expression's own bound. */
  readonly rest?: RegExp
  /** Whether base64 of its literals is looked for, too. */
  readonly encoded?: boolean
}

/** A pattern without names for its parts: each of them would be bytes of the extension's bundle, once a pattern. */
function rule(
  kind: string,
  literals: Pattern['literals'],
  expression: RegExp,
  accept?: NonNullable<Pattern['accept']>,
  encoded = false,
): Pattern {
  return { kind, literals, expression, encoded, ...(accept && { accept }) }
}

const ALPHANUMERIC = 'A-Za-z0-9'
const WORD = 'A-Za-z0-9_-'
const HEX = 'a-f0-9'

/** A token with a prefix of its own, as most vendors now make them. Where its length is fixed, nothing may follow that would make it longer. */
function token(kind: string, prefixes: readonly string[], characters: string, least: number, most = 300): Pattern {
  const start = prefixes.map(prefix => prefix.replace(/[.\\]/g, '\\$&')).join('|')
  const end = least === most ? `(?![${characters}])` : ''
  return {
    kind,
    literals: prefixes,
    expression: new RegExp(
      String.raw`(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))((?:${start})[${characters}]{${least},${most}})${end}`,
      'g',
    ),
    accept: isVaried,
    encoded: true,
  }
}

const each = (prefix: string, characters: string): string[] => Array.from(characters, character => prefix + character)
const ALNUM = '0123456789abcdefghijklmnopqrstuvwxyz'
/** Colours of a terminal. */
const ANSI = String.raw`(?:\x1b\[[\d;]{0,9}m){0,2}`
/** Between a field's name and its value: quotes (escaped ones too), blanks, a colon or an equals sign. */
const IS = String.raw`["'\\]{0,4}\s{0,3}(?:=>|:=|[:=])\s{0,3}`

/** The default pack, the more telling kinds first: where two overlap, the first one names the mask. */
export const PATTERNS: readonly Pattern[] = [
  rule(
    'private-key',
    ['-----BEGIN'],
    /(-----BEGIN[ A-Z0-9]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=\s\\:,.-]*?-----END[ A-Z0-9]{0,60}-----|[A-Za-z0-9+/=\s\\:,.-]*))/g,
    secret => secret.length > 120,
    true,
  ),
  rule('aws-access-key-id', ['AKIA', 'ASIA'], /(?<![A-Z0-9])((?:AKIA|ASIA)[A-Z2-7]{16})(?![A-Z0-9])/g, isVaried, true),
  rule(
    'aws-secret-access-key',
    ['secret'],
    new RegExp(String.raw`secret[_. -]?(?:access[_. -]?)?key${IS}["'\\]{0,4}([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])`, 'gi'),
    isVaried,
  ),
  rule(
    'aws-secret-access-key',
    ['AKIA', 'ASIA'],
    /(?:AKIA|ASIA)[A-Z2-7]{16}[^A-Za-z0-9/+]{1,8}([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/g,
    isVaried,
  ),
  token('aws-session-token', ['IQoJb3JpZ2lu', 'FwoGZXIvYXdz', 'FQoGZXIvYXdz'], 'A-Za-z0-9+/=%', 60, 4000),
  rule('aws-presigned-signature', ['X-Amz-Signature'], /X-Amz-Signature=([0-9a-f]{64})/gi),
  token('aws-bedrock-api-key', ['ABSK', 'bedrock-api-key-'], 'A-Za-z0-9+/=', 100, 1000),
  token('github-token', ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], ALPHANUMERIC, 36),
  token('github-token', ['github_pat_'], 'A-Za-z0-9_', 60),
  token(
    'gitlab-token',
    ['glpat-', 'gldt-', 'glptt-', 'glrt-', 'glcbt-', 'glsoat-', 'glft-', 'gloas-', 'glagent-', 'glimt-', 'glffct-'],
    'A-Za-z0-9_.-',
    20,
  ),
  token(
    'slack-token',
    each('xox', 'abeoprs').flatMap(prefix => [`${prefix}-`, `${prefix}.xox`]),
    'A-Za-z0-9-',
    20,
  ),
  token('slack-token', ['xapp-'], 'A-Za-z0-9-', 20),
  rule(
    'slack-webhook',
    ['hooks.slack.com'],
    /hooks\.slack\.com\/(?:services|workflows|triggers)\/([A-Za-z0-9+/]{30,100})/g,
    undefined,
    true,
  ),
  token('stripe-key', ['sk_live_', 'sk_test_', 'sk_prod_', 'rk_live_', 'rk_test_', 'rk_prod_', 'whsec_'], ALPHANUMERIC, 10),
  token('google-api-key', ['AIza'], WORD, 35, 35),
  token('google-oauth-token', ['ya29.', 'GOCSPX-'], WORD, 20),
  token('npm-token', ['npm_'], ALPHANUMERIC, 36, 36),
  token('pypi-token', ['pypi-AgE'], WORD, 50),
  rule('sendgrid-key', each('SG.', `${ALNUM}_-`), /(?<![A-Za-z0-9])(SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64})/g, isVaried),
  rule(
    'twilio-key',
    each('SK', '0123456789abcdef').flatMap(start => each(start, '0123456789abcdef')),
    /(?<![A-Za-z0-9])(SK[0-9a-f]{32})(?![A-Za-z0-9])/g,
    isVaried,
  ),
  rule(
    'twilio-key',
    ['twilio'],
    /twilio[\w .-]{0,30}["'\\]{0,4}\s{0,3}[:=]\s{0,3}["'\\]{0,4}([0-9a-f]{32})(?![0-9a-f])/gi,
    isVaried,
  ),
  token('anthropic-key', ['sk-ant-'], WORD, 30),
  token('openai-key', ['sk-proj-', 'sk-svcacct-', 'sk-admin-'], WORD, 30),
  rule('openai-key', ['T3BlbkFJ'], /(sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20})/g),
  {
    ...token('hugging-face-token', ['hf_', 'api_org_'], 'A-Za-z', 34, 34),
    literals: ['hf_', 'api_org_'].flatMap(prefix => each(prefix, ALNUM.slice(10))),
    accept: secret => isVaried(secret) && /[A-Z]/.test(secret) && /[a-z]/.test(secret.slice(8)),
    encoded: false,
  },
  token('vault-token', ['hvs.', 'hvb.'], WORD, 80),
  token('digitalocean-token', ['dop_v1_', 'doo_v1_', 'dor_v1_'], HEX, 64, 64),
  token('shopify-token', ['shpat_', 'shpca_', 'shppa_', 'shpss_'], 'A-Fa-f0-9', 32, 32),
  token('databricks-token', ['dapi'], HEX, 32, 32),
  token('grafana-token', ['glsa_', 'glc_'], 'A-Za-z0-9_+/=', 32),
  token('postman-key', ['PMAK-'], 'a-f0-9-', 50),
  token('linear-key', ['lin_api_'], ALPHANUMERIC, 40),
  token('notion-token', ['ntn_'], ALPHANUMERIC, 40),
  token('pulumi-token', ['pul-'], HEX, 40, 40),
  token('square-token', ['sq0atp-', 'sq0csp-', 'EAAA'], WORD, 22),
  token('facebook-token', each('EAA', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'), ALPHANUMERIC, 80, 500),
  token('docker-token', ['dckr_pat_', 'dckr_oat_'], WORD, 20),
  token('atlassian-token', ['ATATT3', 'ATCTT3'], 'A-Za-z0-9_=-', 30),
  token('new-relic-key', ['NRAK-'], 'A-Z0-9', 27, 27),
  token('1password-token', ['ops_eyJ'], 'A-Za-z0-9+/=', 100, 2000),
  rule(
    'azure-client-secret',
    each('', '0123456789').flatMap(digit => each(`${digit}Q~`, `${ALNUM}_.-~`)),
    /(?<![\w~.-])([\w~.]{3}\dQ~[\w~.-]{31,34})(?![\w~.-])/g,
    isVaried,
  ),
  rule(
    'azure-storage-key',
    ['AccountKey', 'SharedAccessKey'],
    /(?:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{42,86}={0,2})/g,
    isVaried,
    true,
  ),
  rule('azure-sas', ['?sig=', '&sig=', '%26sig%3D', 'u0026sig='], /sig=([A-Za-z0-9+/%]{42,60}=?)/g, isVaried),
  rule(
    'jwt',
    each('eyJ', 'hijklmnopqrstuvwxyz0123456'),
    /(?<![\w-])(eyJ[\w-]{10,2000}\.[\w-]{5,16000}\.[\w-]{10,2000}(?:\.[\w-]{1,2000}){0,2})/g,
    undefined,
    true,
  ),
  rule('authorization', ['basic'], /basic\s{1,3}([A-Za-z0-9+/_-]{6,2000}={0,2})/gi, secret =>
    /^[\x20-\x7e]+:[\x20-\x7e]*$/.test(Buffer.from(secret, 'base64').toString('latin1')),
  ),
  rule('authorization', ['bearer'], /bearer\s{1,3}([\w.~+/=-]{16,8000})/gi, secret => /\d/.test(secret) && isVaried(secret)),
  rule(
    'authorization',
    ['authorization'],
    new RegExp(String.raw`authorization${IS}["'\\]{0,4}(?:[a-z-]{3,20}\s{1,3})?([\w.~+/=-]{12,8000})`, 'gi'),
    secret => /\d/.test(secret) && isVaried(secret) && !secret.startsWith('AWS4-'),
  ),
  {
    kind: 'command-password',
    literals: ['curl'],
    // A second curl begins anew: what belongs to it is not looked for from the first one, too.
    expression: /curl(?:(?!curl)[^\n]){0,500}?\s(?:-u|--user)[\s=]{1,3}["']?[^\s"':]{1,100}["']?:["']?([^\s"']{3,200})/g,
    accept: secret => isPlausible(secret, { kind: 'password', strength: 'strong' }, false),
  },
  {
    kind: 'url-password',
    literals: [],
    shape: 'at',
    expression: /(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,30}:\/\/[^\s:/@"'<>\\]{0,200}:([^\s/"'<>\\]{1,256})(?=@[^\s@])/gi,
    accept: secret => secret.length >= 3 && isPlausible(secret, { kind: 'password', strength: 'strong' }, secret.length >= 4),
  },
  {
    kind: 'payment-card',
    literals: [],
    shape: 'digits',
    expression: /(?<![\w.-])(\d(?:[ -]?\d){13,15})(?![\w-]|\.\d)/g,
    accept: isCard,
  },
  {
    kind: 'us-ssn',
    literals: [],
    shape: 'dashed',
    expression: /(?<![\w.-])((?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4})(?![\w-]|\.\d)/g,
  },
  {
    // Any assignment: the field's name says whether it holds a secret, and of what kind.
    kind: 'assignment',
    literals: [
      'password',
      'passwd',
      'passphrase',
      'passcode',
      'pwd=',
      'pwd:',
      'pwd"',
      'pwd>',
      'secret',
      'token',
      'apikey',
      'api_key',
      'api-key',
      'ssn=',
      'ssn:',
      'ssn"',
      'ssn ',
    ].concat(
      ['private', 'signing', 'encryption', 'master', 'account'].flatMap(word => [`${word}key`, `${word}_key`, `${word}-key`]),
    ),
    expression: new RegExp(
      String.raw`(password|passwd|passphrase|passcode|pwd|secret|token|ssn|key)(${ANSI}(?:${IS}|>))${ANSI}(?:\\{0,3}["']([^"'\\]{4,256})|([^\s"'\\,;&<>(){}\[\]\x1b]{4,256}))`,
      'gi',
    ),
    rest: new RegExp(String.raw`[^\s"'\\,;&<>(){}[\]\x1b]*`, 'y'),
    accept(secret, match) {
      const { input, index } = match
      const [all, word = '', is = '', quoted] = match
      // <Password>…</Password>, but not password>8.
      const isElement = is.endsWith('>') && !is.includes('=')
      if (isElement && !input.startsWith('</', index + all.length)) return false
      const field = sensitiveField(nameBefore(input, index + word.length))
      return field !== null && isPlausible(secret, field, quoted !== undefined || isElement || is.includes('=')) && field.kind
    },
  },
]

/** The identifier that ends at `end`, as far as a field's name may reach. */
function nameBefore(text: string, end: number): string {
  let start = end
  while (start > 0 && end - start < 60 && /[\w-]/.test(text.charAt(start - 1))) start--
  return text.slice(start, end)
}

const shape = (name: Pattern['shape']): number => PATTERNS.findIndex(pattern => pattern.shape === name)

/** One pass over a text: which patterns are worth running on it. */
export const scan: (text: string) => Hits | null = createScanner(
  PATTERNS.map(pattern => pattern.literals),
  [
    ...PATTERNS.filter(pattern => pattern.encoded).flatMap(pattern => pattern.literals),
    'password',
    'Password',
    'secret',
    'token',
    'api_key',
    'apikey',
  ],
  { digits: shape('digits'), dashed: shape('dashed'), at: shape('at') },
)

/** Issuers whose numbers are told apart safely: Visa, Mastercard, American Express, Discover, JCB, Diners. */
const ISSUER =
  /^(?:4\d{15}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|6(?:011|4[4-9]\d|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11})$/
/** How the digits are grouped in print, if at all. */
const GROUPS = /^(?:\d+|\d{4}([ -])\d{4}\1\d{4}\1\d{4}|\d{4}([ -])\d{6}\2\d{4,5})$/

/** Whether digits are a payment card number: an issuer's range, the usual grouping and the Luhn checksum. */
export function isCard(text: string): boolean {
  const digits = text.replace(/[ -]/g, '')
  if (!ISSUER.test(digits) || !GROUPS.test(text) || new Set(digits).size < 2) return false
  let sum = 0
  for (let at = 0; at < digits.length; at++) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - 48
    sum += at % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2
  }
  return sum % 10 === 0
}
