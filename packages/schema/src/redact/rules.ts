import { IDENTIFIERS, isCard, isIdentifier, shapeOf } from './checks.ts'
import { isPlausible, isVaried, judge, sensitiveField } from './fields.ts'
import { TOKENS } from './tokens.ts'

/** One kind of secret that can be told by its form. */
export interface Pattern {
  /** Names the kind in masks and findings. */
  readonly kind: string
  /** Three characters or more, one of which must stand where the expression begins, or `back` characters behind it. Of any case where `any`. */
  readonly literals: readonly string[]
  readonly any: boolean
  /**
   * Its last group that took part is the secret, and ends the match. Vetted to run in linear time: every repetition is bounded, or
   * cannot begin again inside itself. Compiled when its literal first occurs.
   */
  readonly source: string
  /** A last look; it may name a kind of its own. */
  readonly accept: (secret: string, match: RegExpExecArray) => boolean | string | undefined
  readonly back: number
  /** What belongs to an accepted secret beyond the expression's own bound. */
  readonly rest: boolean
}

const { raw } = String
/** Not within a longer word of these characters. The end of a terminal's colour is none of them. */
export const begins = (characters: string): string => raw`(?:(?<![${characters}])|(?<=\x1b\[[\d;]{0,15}[A-Za-z]))`
/** Where a token begins. An escaped line break is no letter. */
const BEGINS = raw`(?:${begins('A-Za-z0-9')}|(?<=\\[nrt]))`
const ALNUM = 'A-Za-z0-9'
const SETS: Readonly<Record<string, string>> = { a: ALNUM, w: `${ALNUM}_\\-`, h: 'a-f0-9', u: 'A-Z0-9' }
/** Colours of a terminal. */
const COLOUR = raw`\x1b\[[\d;]{0,15}m`
const ANSI = `(?:${COLOUR}){0,2}`
/** Between a field's name and its value: quotes (escaped ones too), blanks, colours, a colon or an equals sign. */
const IS = raw`${ANSI}["'\\]{0,4}\s{0,3}(?:=>|:=|[:=])\s{0,3}${ANSI}`
const QUOTE = raw`["'\\]{0,4}`
const UNQUOTED = raw`[^\s"'\\,;&<>(){}[\]\x1b]`

const SETS_OF: Readonly<Record<string, readonly string[]>> = {
  '*': ['', '_', '-', ' '],
  '!': Array.from(` :=">'\\_`),
  '0-9': Array.from('0123456789'),
  'A-Z': Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ'),
}

/** `[ab]c` as `ac`, `bc`; `a*b` as `ab`, `a_b`, `a-b`, `a b`; `a!` as `a` and what ends a short word. */
export function variants(word: string): string[] {
  const at = word.search(/[[*!]/)
  if (at < 0) return [word]
  const end = word.indexOf(']')
  const members = SETS_OF[word.charAt(at)] ?? SETS_OF[word.slice(at + 1, end)] ?? Array.from(word.slice(at + 1, end))
  const rest = word.slice(word[at] === '[' ? end + 1 : at + 1)
  return members.flatMap(member => variants(word.slice(0, at) + member + rest))
}

type Accept = Pattern['accept']
const always: Accept = () => true
const password: Accept = secret => isPlausible(secret, true, false)
const random: Accept = secret => /\d/.test(secret) && isVaried(secret)

function rule(
  kind: string,
  words: string,
  source: string,
  accept: Accept = isVaried,
  any = false,
  back = 0,
  rest = false,
): Pattern {
  return { kind, literals: words.split(',').flatMap(variants), any, source, accept, back, rest }
}

const tokens = TOKENS.trim()
  .split('\n')
  .map(line => {
    const [kind = '', words = '', set = '', least = '', most = '300'] = line.split(' ')
    const characters = `[${(SETS[set.charAt(0)] ?? '') + set.slice(1)}]`
    const prefix = words.replace(/\./g, '\\.').replace(/,/g, '|')
    return rule(
      kind,
      words,
      `${BEGINS}((?:${prefix})${characters}{${least},${most}})${least === most ? `(?!${characters})` : ''}`,
    )
  })

/** What stands between a word that announces a number and the number: a rest of the name, signs, "number", "is". */
const ANNOUNCES = raw`[\w-]{0,30}(?:[\s"'\\:=#>().]|n(?:um(?:ber|ero|mer)|[or])\b|is\b|ist\b|${COLOUR}){1,12}`

const identifiers = Object.entries(IDENTIFIERS).map(([kind, [words, shape]]) =>
  rule(
    kind,
    words,
    `${words.includes('!') ? begins('a-z') : ''}${ANNOUNCES}(${shapeOf(shape)})(?!\\w)`,
    secret => isIdentifier(kind, secret),
    true,
  ),
)

/** The default pack, the more telling kinds first: where two overlap, the first one names the mask. */
export const PATTERNS: readonly Pattern[] = [
  rule(
    'private-key',
    '-----BEGIN',
    raw`(-----BEGIN[ A-Z0-9]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=\s\\:,.-]*?-----END[ A-Z0-9]{0,60}-----|[A-Za-z0-9+/=\s\\:,.-]*))`,
    secret => secret.length > 120,
  ),
  rule('aws-access-key-id', 'AKIA,ASIA', `${begins('A-Z0-9')}(A[KS]IA[A-Z2-7]{16})(?![A-Z0-9])`),
  rule(
    'aws-secret-access-key',
    'secret',
    `secret[_. -]?(?:access[_. -]?)?key${IS}${QUOTE}([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])`,
    isVaried,
    true,
  ),
  rule('aws-secret-access-key', 'AKIA,ASIA', 'A[KS]IA[A-Z2-7]{16}[^A-Za-z0-9/+]{1,8}([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])'),
  rule('aws-presigned-signature', 'Signature=', '(?<=X-Amz-)Signature=([0-9a-f]{64})', always, true),
  ...tokens,
  rule(
    'slack-webhook',
    'hooks.slack.com',
    raw`hooks\.slack\.com\/(?:services|workflows|triggers)\/([A-Za-z0-9+/]{30,100})`,
    always,
  ),
  rule('discord-webhook', 'api/webhooks/', raw`api/webhooks/\d{17,20}/([\w-]{60,80})`),
  rule('teams-webhook', '/IncomingWebhook/', raw`/IncomingWebhook/(\w{32}/[\w-]{36})`, always),
  rule('telegram-token', ':AA', raw`(?<!\d)(\d{8,10}:AA[\w-]{33})(?![\w-])`, isVaried, false, 10),
  rule('sendgrid-key', 'SG.', raw`${BEGINS}(SG\.[\w-]{16,32}\.[\w-]{16,64})`),
  rule(
    'twilio-key',
    'twilio',
    raw`twilio[\w .-]{0,30}${QUOTE}\s{0,3}[:=]\s{0,3}${QUOTE}([0-9a-f]{32})(?![0-9a-f])`,
    isVaried,
    true,
  ),
  rule('openai-key', 'T3BlbkFJ', '(sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20})', always, false, 23),
  rule('hugging-face-token', 'hf_,api_org_', `${BEGINS}((?:hf_|api_org_)[A-Za-z]{34})(?![A-Za-z])`),
  rule('azure-client-secret', '[0-9]Q~', raw`${begins(raw`\w~.-`)}([\w~.]{3}\dQ~[\w~.-]{31,34})(?![\w~.-])`, isVaried, false, 3),
  rule('azure-storage-key', 'ntKey=,ssKey=', '(?:nt|ss)Key=([A-Za-z0-9+/]{42,86}={0,2})'),
  rule('azure-sas', '?sig=,&sig=,%26sig%3D,u0026sig=', '.{1,5}sig(?:=|%3D)([A-Za-z0-9+/%]{42,60}=?)'),
  rule('atlassian-token', 'TT3', `${BEGINS}(AT[AC]TT3[\\w=-]{30,300})`, isVaried, false, 3),
  rule('terraform-token', '.atlasv1.', raw`${begins(raw`\w`)}(\w{14}\.atlasv1\.[\w=-]{60,70})`, isVaried, false, 14),
  rule('jwt', 'eyJ', raw`${begins(raw`\w-`)}(eyJ[\w-]{10,2000}\.[\w-]{5,16000}\.[\w-]{10,2000}(?:\.[\w-]{1,2000}){0,2})`, always),
  rule(
    'authorization',
    'basic ',
    raw`basic\s{1,3}${ANSI}([A-Za-z0-9+/_-]{6,2000}={0,2})`,
    secret => /^[\x20-\x7e]+:[\x20-\x7e]*$/.test(Buffer.from(secret, 'base64').toString('latin1')),
    true,
  ),
  rule('authorization', 'bearer ', raw`bearer\s{1,3}${ANSI}([\w.~+/=-]{16,8000})`, random, true),
  rule(
    'authorization',
    'authorization!',
    raw`authorization${IS}${QUOTE}(?:[a-z-]{3,20}\s{1,3})?${ANSI}([\w.~+/=-]{12,8000})`,
    (secret, match) => random(secret, match) && !secret.startsWith('AWS4-'),
    true,
  ),
  // A second curl begins anew: what belongs to it is not looked for from the first one, too.
  rule(
    'command-password',
    'curl',
    raw`curl(?:(?!curl)[^\n]){0,500}?\s(?:-u|--user)[\s=]{1,3}["']?(?:[^\s"':]{1,100}["']?:["']?([^\s"']{3,200})|([^\s"':]{8,100})(?=:["'\s]))`,
    password,
  ),
  rule(
    'command-password',
    'mysql,sshpass',
    raw`(?:mysql(?:(?!mysql)[^\n]){0,200}?\s-p|sshpass\s-p\s{0,2}["']?)([^\s"']{4,100})`,
    password,
  ),
  rule('command-password', 'redis-cli', raw`redis-cli(?:(?!redis-cli)[^\n]){0,200}?\s-a\s["']?([^\s"']{4,100})`, password),
  rule('command-password', '--pass', raw`--pass(?:word|wd|phrase)?\s{1,2}["']?([^\s"']{4,200})`, password),
  rule('cookie', 'cookie', `cookies?${IS}${QUOTE}`, always, true),
  ...identifiers,
  // Any assignment: the field's name says whether it holds a secret, and of what kind.
  rule(
    'assignment',
    'password,passwd,passphrase,passcode,pwd!,secret,token,api*key,sskey,ss[_-]key,thkey,th[_-]key,ssn!,cvv,private*key,signing*key,yption*key,master*key',
    raw`([\w-]{1,60})(${IS}|>)(?:\\{0,3}["']([^"'\\]{3,256})|(${UNQUOTED}{3,256}))`,
    (secret, { input, index, 0: all, 1: word = '', 2: is = '', 3: quoted }) => {
      // <Password>…</Password>, but not password>8.
      const isElement = is.endsWith('>') && !is.includes('=')
      if (isElement && !input.startsWith('</', index + all.length)) return false
      const field = sensitiveField(nameBefore(input, index + word.length))
      return field ? judge(secret, field, quoted !== undefined || isElement || is.includes('=')) : false
    },
    true,
    0,
    true,
  ),
]

/** The identifier that ends at `end`, as far as a field's name may reach. */
function nameBefore(text: string, end: number): string {
  let start = end
  while (start > 0 && end - start < 60 && /[\w-]/.test(text.charAt(start - 1))) start--
  return text.slice(start, end)
}

/** What belongs to an unquoted value beyond the bound of its expression. */
export const REST = new RegExp(`${UNQUOTED}*`, 'y')

/** What numbers are told without a word before them: by their grouping, and all but the first by a checksum. In the order of the groups of `NUMBERS`. */
export const NUMBER_KINDS = [
  'us-ssn',
  ...Object.keys(IDENTIFIERS).filter(kind => IDENTIFIERS[kind]?.[1].startsWith('=')),
  'payment-card',
]

/** The expression of all of them, anew for each use: it keeps a place. */
export const numbers = (): RegExp => {
  const shapes = NUMBER_KINDS.slice(1, -1).map(kind => `(${shapeOf(IDENTIFIERS[kind]?.[1] ?? '', true)})`)
  return new RegExp(
    raw`${begins(raw`\w.-`)}(?:((?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4})|${shapes.join('|')}|(\d(?:[ -]?\d){13,15}))(?![\w-]|\.\d)`,
    'g',
  )
}

/** Whether a number of one of these kinds is one. */
export const isNumber = (kind: string, text: string): boolean =>
  kind === 'payment-card' ? isCard(text) : kind === 'us-ssn' || isIdentifier(kind, text)
