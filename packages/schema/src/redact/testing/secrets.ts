/**
 * Made-up secrets, one of each kind, put together at run time from a prefix and noise: nothing in this file looks like one to a scanner.
 * They open nothing.
 */
export interface MadeUp {
  readonly kind: string
  /** A log line with the secret in it. */
  readonly line: string
  readonly secret: string
}

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const LOWER = UPPER.toLowerCase()
const DIGITS = '0123456789'
const HEX = `${DIGITS}abcdef`
const ALNUM = UPPER + LOWER + DIGITS

/** `length` characters of an alphabet, the same ones each time. */
function noise(alphabet: string, length: number, seed = 1): string {
  let state = seed * 2654435761
  let text = ''
  while (text.length < length) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0
    text += alphabet[(state >>> 8) % alphabet.length]
  }
  return text
}

/** `parts` make up the secret. */
function make(kind: string, parts: readonly string[], before = 'got ', after = ' from the store'): MadeUp {
  const secret = parts.join('')
  return { kind, secret, line: `${before}${secret}${after}` }
}

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

export const SECRETS: readonly MadeUp[] = [
  make('private-key', [
    '-----BEGIN RSA',
    ' PRIVATE KEY-----\n',
    `${noise(`${ALNUM}+/`, 64)}\n`.repeat(4),
    '-----END RSA',
    ' PRIVATE KEY-----',
  ]),
  make('aws-access-key-id', ['AK', 'IA', noise(`${UPPER}234567`, 16)]),
  make('aws-access-key-id', ['AS', 'IA', noise(`${UPPER}234567`, 16, 2)]),
  make('aws-secret-access-key', [noise(`${ALNUM}+/`, 40)], 'aws_secret_access_key = '),
  make('aws-session-token', ['IQoJ', 'b3JpZ2lu', noise(`${ALNUM}+/`, 300), '==']),
  make('aws-presigned-signature', [noise(HEX, 64)], 'GET https://b.s3.amazonaws.com/k?X-Amz-Expires=60&X-Amz-Signature='),
  make('github-token', ['gh', 'p_', noise(ALNUM, 36)]),
  make('github-token', ['github_', 'pat_', noise(ALNUM, 82)]),
  make('gitlab-token', ['gl', 'pat-', noise(ALNUM, 20)]),
  make('slack-token', ['xo', 'xb-', noise(DIGITS, 12), '-', noise(ALNUM, 24)]),
  make(
    'slack-webhook',
    ['T', noise(UPPER, 8), '/B', noise(UPPER, 8), '/', noise(ALNUM, 24)],
    'POST https://hooks.slack.com/services/',
  ),
  make('stripe-key', ['sk_', 'live_', noise(ALNUM, 24)]),
  make('google-api-key', ['AI', 'za', noise(`${ALNUM}_`, 35)]),
  make('google-oauth-token', ['GOC', 'SPX-', noise(ALNUM, 28)]),
  make('npm-token', ['np', 'm_', noise(ALNUM, 36)]),
  make('pypi-token', ['pypi-', 'AgE', noise(ALNUM, 60)]),
  make('sendgrid-key', ['S', 'G.', noise(ALNUM, 22), '.', noise(ALNUM, 43, 2)]),
  make('twilio-key', ['S', 'K', noise(HEX, 32)]),
  make('anthropic-key', ['sk-', 'ant-', 'api03-', noise(ALNUM, 93), 'AA']),
  make('openai-key', ['sk-', 'proj-', noise(ALNUM, 60)]),
  make('openai-key', ['sk-', noise(ALNUM, 20), 'T3Blbk', 'FJ', noise(ALNUM, 20, 3)]),
  make('hugging-face-token', ['h', 'f_', noise(UPPER + LOWER, 34)]),
  make('vault-token', ['hv', 's.', noise(ALNUM, 92)]),
  make('digitalocean-token', ['do', 'p_v1_', noise(HEX, 64)]),
  make('databricks-token', ['da', 'pi', noise(HEX, 32)]),
  make('docker-token', ['dckr_', 'pat_', noise(ALNUM, 27)]),
  make('atlassian-token', ['ATA', 'TT3', noise(ALNUM, 180), '=', noise(HEX, 8)]),
  make('new-relic-key', ['NR', 'AK-', noise(UPPER, 27)]),
  make('azure-client-secret', [noise(ALNUM, 3), '8', 'Q~', noise(ALNUM, 34)]),
  make(
    'azure-storage-key',
    [noise(`${ALNUM}+/`, 86), '=='],
    'DefaultEndpointsProtocol=https;AccountName=x;AccountKey=',
    ';EndpointSuffix=core',
  ),
  make('azure-sas', [noise(ALNUM, 43)], 'https://x.blob.core.windows.net/c?sv=2026&sig=', '%3D'),
  make('jwt', [base64url({ alg: 'RS256' }), '.', base64url({ sub: '1', name: 'Ada' }), '.', noise(ALNUM, 86)]),
  make('authorization', [Buffer.from(`ada:${noise(ALNUM, 12)}`).toString('base64')], 'Authorization: Basic ', ' '),
  make('authorization', [noise(ALNUM, 32)], 'authorization=Bearer ', ' '),
  make('command-password', [noise(ALNUM, 14)], 'curl -s -u ada:', ' https://example.com'),
  make('url-password', [noise(ALNUM, 14)], 'connecting to postgres://orders:', '@db.example.com:5432/orders'),
  make('payment-card', ['4539 ', '1488 ', '0343 ', '6467'], 'paid with '),
  make('us-ssn', ['536-', '22-', '1234'], 'for '),
  make('be-nrn', ['85.07.30', '-033.28'], 'rijksregisternummer '),
  make('br-cnpj', ['11.222.333', '/0001-81'], 'CNPJ: '),
  make('br-cpf', ['529.982', '.247-25'], 'cpf='),
  make('ch-ahv', ['756.9217', '.0769.85'], 'AHV-Nummer '),
  make('de-tax-id', ['86 095', ' 742 719'], 'Steuer-ID: '),
  make('es-nif', ['1234', '5678Z'], 'DNI '),
  make('es-nif', ['X1234', '567L'], 'con NIE: '),
  make('fi-hetu', ['131052', '-308T'], 'hetu: '),
  make('fr-nir', ['1 84 12 76', ' 451 089 46'], 'numéro de sécurité sociale : '),
  make('gb-nhs', ['943 476', ' 5919'], 'NHS number '),
  make('iban', ['DE89 3704 0044', ' 0532 0130 00'], 'paid to '),
  make('iban', ['NL91', 'ABNA', '0417164300'], 'paid to '),
  make('in-aadhaar', ['2341 2341', ' 2346'], 'Aadhaar no. '),
  make('it-cf', ['RSSMRA', '85T10A562S'], 'codice fiscale '),
  make('nl-bsn', ['1112', '22333'], 'BSN is '),
  make('pl-pesel', ['440514', '01359'], 'PESEL: '),
  make('se-pnr', ['811228', '-9874'], 'personnummer '),
  make('telegram-token', ['12345', '67890:A', 'A', noise(ALNUM, 33)]),
  make('discord-webhook', [noise(ALNUM, 68)], 'POST https://discord.com/api/webhooks/123456789012345678/'),
  make('teams-webhook', [noise(HEX, 32), '/', noise(HEX, 36, 2)], 'POST https://x.webhook.office.com/IncomingWebhook/'),
  make('age-key', ['AGE-SECRET', '-KEY-1', noise(UPPER, 58)]),
  make('terraform-token', [noise(LOWER, 14), '.atlas', 'v1.', noise(ALNUM, 65)]),
  make('service-token', ['tf', 'p_', noise(ALNUM, 44)]),
  make('service-token', ['rubygems', '_', noise(HEX, 48)]),
  make('cookie', [noise(ALNUM, 24)], 'Set-Cookie: theme=dark; sid=', '; Path=/; HttpOnly'),
  make('command-password', [noise(ALNUM, 14, 4)], 'mysql -h db -u ada -p', ' orders'),
  make('command-password', [noise(ALNUM, 14, 5)], 'sshpass -p ', ' ssh ada@host'),
  make('command-password', [noise(ALNUM, 14, 6)], 'run --user ada --password ', ' now'),
  make('command-password', [noise(ALNUM, 14, 7)], 'redis-cli -h cache -a ', ' ping'),
  make(
    'url-password',
    [noise(ALNUM, 6), '@', noise(ALNUM, 4, 2), '/', noise(ALNUM, 6, 3)],
    'connecting to postgres://orders:',
    '@db.example.com:5432/orders',
  ),
  make('password', [noise(ALNUM, 12)], 'connecting with password='),
  make('secret', [noise(ALNUM, 32)], 'client_secret: "', '"'),
  make('api-key', [noise(ALNUM, 24)], 'X-Api-Key: '),
  make('token', [noise(ALNUM, 40)], 'refreshToken='),
]
