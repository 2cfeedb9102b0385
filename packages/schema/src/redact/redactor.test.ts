import { existsSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generator, sampleTelemetry } from '../batch/measure.ts'
import { createRedactor } from './redactor.ts'
import { SECRETS } from './testing/secrets.ts'

const redactor = createRedactor({ key: 'a key for tests' })
const ACCESS_KEY = SECRETS.find(({ kind }) => kind === 'aws-access-key-id')?.secret ?? ''
const kinds = (found: readonly { kind: string }[]): string[] => [...new Set(found.map(({ kind }) => kind))]

describe.each(SECRETS)('a secret of kind $kind', ({ kind, line, secret }) => {
  it('is masked in a log line', () => {
    const { text, found } = redactor.text(line)
    expect(text).not.toContain(secret)
    expect(text).toMatch(new RegExp(`\\[redacted:${kind}:[0-9a-f]{16}\\]`))
    expect(found).toEqual([expect.objectContaining({ kind, place: 'line' })])
  })

  it('is masked in a JSON value and in JSON within JSON within text, with the path to it', () => {
    const value = { request: { items: ['fine', line] }, body: JSON.stringify({ inner: JSON.stringify({ note: line }) }) }
    const { value: redacted, found } = redactor.json(value)
    expect(everyText(redacted).filter(text => text.includes(secret))).toEqual([])
    expect(found.map(({ place }) => place)).toEqual(['request.items[1]', 'body.inner.note'])
    expect(kinds(found)).toEqual([kind])
    const text = redactor.text(JSON.stringify(value))
    expect(JSON.parse(text.text)).toEqual(redacted)
    expect(text.found).toEqual(found)
  })

  it('is masked in an object key', () => {
    const { value, found } = redactor.json({ [line]: 1 })
    expect(Object.keys(value as object)[0]).not.toContain(secret)
    expect(kinds(found)).toEqual([kind])
  })

  it('is masked behind percent encoding', () => {
    const { text, found } = redactor.text(`GET /?next=1&q=${encodeURIComponent(line)}&page=2`)
    expect(decodeURIComponent(text)).not.toContain(secret)
    expect(text).toMatch(/^GET \/\?next=1&q=.*&page=2$/)
    expect(kinds(found)).toContain(kind)
  })

  it('is masked in base64, its URL form and hexadecimal, within a line', () => {
    for (const form of ['base64', 'base64url', 'hex'] as const) {
      for (const before of ['', 'a ', 'ab ']) {
        const { text, found } = redactor.text(`data: ${Buffer.from(`${before}${line} after`).toString(form)}, end`)
        const decoded = Buffer.from(text.slice('data: '.length, -', end'.length), form).toString()
        expect(decoded).not.toContain(secret)
        expect(decoded).toMatch(/^a?b? ?.*\[redacted:.* after$/s)
        expect(kinds(found)).toEqual([kind])
        expect(redactor.text(text)).toEqual({ text, found: [] })
      }
    }
  })

  it('is masked as part of JSON that is cut off, with slashes and letters escaped', () => {
    const escaped = JSON.stringify({ a: 1, text: line })
      .replaceAll('/', '\\/')
      .replace(/[aeiou=]/g, each => `\\u00${each.charCodeAt(0).toString(16)}`)
    const { text } = redactor.text(`got ${escaped.slice(0, -2)}`)
    expect(text).not.toContain(secret)
    expect(text).toContain('[redacted:')
  })

  it('has one fingerprint, which its key decides', () => {
    const [first] = redactor.text(line).found
    const [second] = redactor.json({ a: { b: line } }).found
    const [other] = createRedactor({ key: 'another key' }).text(line).found
    expect(second?.fingerprint).toBe(first?.fingerprint)
    expect(other?.fingerprint).not.toBe(first?.fingerprint)
  })

  it('stays masked as it is when redacted again', () => {
    const once = redactor.text(line)
    expect(redactor.text(once.text)).toEqual({ text: once.text, found: [] })
    const value = redactor.json({ [line]: [line] }).value
    expect(redactor.json(value)).toEqual({ value, found: [] })
    expect(redactor.json(value).value).toBe(value)
  })
})

describe('base64', () => {
  it.each(['aws-access-key-id', 'github-token', 'private-key', 'jwt', 'stripe-key'])(
    'is decoded where it holds a secret: %s',
    kind => {
      const { line, secret } = SECRETS.find(each => each.kind === kind) as (typeof SECRETS)[number]
      for (const before of ['', 'a', 'ab', 'abc é']) {
        for (const form of ['base64', 'base64url'] as const) {
          const encoded = Buffer.from(`${before}${line} after`).toString(form)
          const { text, found } = redactor.text(`data: ${encoded}, end`)
          const middle = text.slice('data: '.length, -', end'.length)
          expect(kinds(found)).toEqual([kind])
          expect(Buffer.from(middle, 'base64').toString()).not.toContain(secret)
          expect(Buffer.from(middle, 'base64').toString()).toMatch(
            new RegExp(`^${before}.*\\[redacted:${kind}:[0-9a-f]{16}\\].* after$`, 's'),
          )
          expect(redactor.text(text)).toEqual({ text, found: [] })
        }
      }
    },
  )

  it('stays what it is when it holds none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 30, maxLength: 3000 }), bytes => {
        const text = `{"image":"data:image/png;base64,${Buffer.from(bytes).toString('base64')}"}`
        expect(redactor.text(text).text).toBe(text)
      }),
    )
  })
})

describe('bytes that are no text', () => {
  it('give away no key that stands between them', () => {
    const bytes = fc.uint8Array({ minLength: 12, maxLength: 60 })
    fc.assert(
      fc.property(bytes, bytes, fc.constantFrom('base64', 'hex'), (before, after, form) => {
        const encoded = Buffer.concat([before, Buffer.from(` ${ACCESS_KEY} `), after]).toString(form)
        const { text, found } = redactor.text(`blob=${encoded}.`)
        expect(kinds(found)).toContain('aws-access-key-id')
        expect(Buffer.from(text.slice('blob='.length, -1), form).toString('latin1')).not.toContain(ACCESS_KEY)
      }),
    )
  })
})

describe('mail addresses', () => {
  const also = createRedactor({ key: 'k', also: ['email'] })
  const line = 'mail from Ada.Lovelace+x@Example.co.uk to <bob@example.com>, see https://example.com/@scope'

  it('are masked where that is asked for, and nowhere else', () => {
    const { text, found } = also.text(line)
    expect(text).toMatch(
      /^mail from \[redacted:email:\w{16}\] to <\[redacted:email:\w{16}\]>, see https:\/\/example.com\/@scope$/,
    )
    expect(kinds(found)).toEqual(['email'])
    expect(also.text(text)).toEqual({ text, found: [] })
    expect(redactor.text(line).text).toBe(line)
    expect(also.isClean('bob@example.com')).toBe(false)
  })

  it('are masked in keys, percent encoding and base64, with one fingerprint in any case', () => {
    const { value, found } = also.json({
      'bob@example.com': ['BOB@example.com', 'to=bob%40example.com', Buffer.from('write to bob@example.com').toString('base64')],
    })
    expect(JSON.stringify(value)).not.toMatch(/bob/i)
    expect(new Set(found.map(({ fingerprint }) => fingerprint)).size).toBe(1)
    expect(found).toHaveLength(4)
  })
})

describe('a number', () => {
  const numbers = SECRETS.filter(({ kind }) => /^(?:..-|iban|payment)/.test(kind) && kind !== 'us-ssn')

  it.each(numbers)('of kind $kind with a wrong digit stays', ({ line, secret, kind }) => {
    // In numbers with a checksum of eleven or more, any one digit changes the check; the others see every single change as well.
    const at = secret.search(/\d(?=\D*$)/)
    const wrong = `${secret.slice(0, at)}${(Number(secret[at]) + 1) % 10}${secret.slice(at + 1)}`
    const other = line.replace(secret, wrong)
    expect(redactor.text(other).text).toBe(other)
    expect(redactor.text(line).found).toEqual([expect.objectContaining({ kind })])
  })

  it.each(numbers)('of kind $kind has one fingerprint in all its forms', ({ line, secret }) => {
    const [first] = redactor.text(line).found
    const plain = secret.replace(/[ ./-]/g, '')
    const [second] = redactor.text(line.replace(secret, plain)).found
    if (second) expect(second.fingerprint).toBe(first?.fingerprint)
  })

  it.each<[string, unknown, string]>([
    ['cpf', 52_998_224_725, 'br-cpf'],
    ['customerCpf', '52998224725', 'br-cpf'],
    ['nhs_number', 9_434_765_919, 'gb-nhs'],
    ['nationalId', '111222333', 'nl-bsn'],
    ['taxIdentifier', '86095742719', 'de-tax-id'],
    ['dni', '12345678z', 'es-nif'],
    ['iban', 'DE89370400440532013000', 'iban'],
    ['cvv', '123', 'card-code'],
    ['cvv', 123, 'card-code'],
  ])('in a field %s is masked as a whole: %s', (name, value, kind) => {
    const { value: redacted, found } = redactor.json({ [name]: value })
    expect(redacted).toEqual({ [name]: expect.stringMatching(`^\\[redacted:${kind}:`) })
    expect(kinds(found)).toEqual([kind])
  })

  it.each<[string, unknown]>([
    ['cpf', 52_998_224_726],
    ['accountId', '111222333'],
    ['taxId', 'pending'],
    ['genie', 'lamp'],
    ['requestId', '9434765919'],
  ])('in a field %s stays: %s', (name, value) => {
    const each = { [name]: value }
    expect(redactor.json(each).value).toBe(each)
  })
})

describe('a field by its name', () => {
  it.each<[string, unknown, string]>([
    ['password', 'hunter2', 'password'],
    ['DB_PASSWORD', 'correct horse battery staple', 'password'],
    ['masterUserPassword', 'aB3$xyz', 'password'],
    ['clientSecret', 'k3mEo0aPq9s8d7f6g5h4', 'secret'],
    ['x-api-key', '9f8e7d6c5b4a39281706', 'api-key'],
    ['STORAGE_ACCESS_KEY', '9f8e7d6c5b4a39281706', 'api-key'],
    ['authKey', '9f8e7d6c5b4a39281706', 'api-key'],
    ['refresh_token', 'zk3mEo0aPq9s8d7f6g5', 'token'],
    ['ssn', '536221234', 'us-ssn'],
    ['client_secret', 'abcdefghijklmnopqrstuvwxyz', 'secret'],
  ])('%s is masked as a whole', (name, value, kind) => {
    for (const each of [{ [name]: value }, { a: [{ name, value }] }, { Key: name, Value: value }]) {
      const { value: redacted, found } = redactor.json(each)
      expect(JSON.stringify(redacted)).not.toContain(String(value))
      expect(kinds(found)).toEqual([kind])
    }
    expect(redactor.text(`config loaded: ${name}=${JSON.stringify(value)}, 3 more`).text).not.toContain(String(value))
  })

  it.each<[string, unknown]>([
    ['password', '********'],
    ['password', '${DB_PASSWORD}'],
    ['password', null],
    ['password', 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf'],
    ['passwordResetRequired', 'true or false'],
    ['nextToken', 'zk3mEo0aPq9s8d7f6g5zk3mEo0aPq9s8d7f6g5'],
    ['clientRequestToken', 'zk3mEo0a-Pq9s-8d7f-6g5z'],
    ['tokenType', 'Bearer'],
    ['secret', 'prod/db/orders'],
    ['PWD', '/var/task'],
    ['password', 'string'],
    ['nextForwardToken', 'f/36289173617239817239812/s'],
    ['partitionToken', 'abc1234567890defgh'],
    ['max_token', '4096'],
    ['secretArn', 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:x'],
    ['keyName', 'deploy-key-2026-09-14-ab'],
  ])('%s with %s is nothing', (name, value) => {
    const each = { [name]: value, list: [{ name, value }] }
    expect(redactor.json(each).value).toBe(each)
    const line = `${name}=${String(value)} ${name}: ${String(value)}`
    expect(redactor.text(line).text).toBe(line)
  })
})

const TOKEN_USER = ['9f8e7d6c5b4a39281706', 'f5e4d3c2b1a098765432'].join('')

describe('a secret by its place', () => {
  const secret = ['S3cr3t', 'Passw0rd!'].join('')
  const words = 'correcthorsebatterystaple'
  it.each([
    ['in an element', `<Password>${secret}</Password>`, secret],
    ['in an element of a namespace', `<ns:UserPassword>${words}</ns:UserPassword>`, words],
    ['in an element with a key', `<SecretAccessKey>${'wJalrXUtnF/EMI7K'.repeat(2)}zKEY1AbX</SecretAccessKey>`, 'wJalrXUtnF'],
    ['behind a colour', `password=\u001b[31m${secret}\u001b[0m`, secret],
    ['behind a coloured name', `\u001b[32mpassword\u001b[0m: \u001b[1;31m${secret}\u001b[0m`, secret],
    ['in words behind a colon', `password: ${words}`, words],
    ['in letters behind an equals sign', 'client_secret=abcdefghijklmnopqrstuvwxyz', 'abcdefghij'],
    ['in a list', `{"passwords":["${secret}"]}`, secret],
    ['behind escapes within a line', `got {"p":"pass\\u0077ord\\u003d${secret}"} back`, secret],
    ['as the user of a URL', `git clone https://${TOKEN_USER}@github.com/a/b.git`, TOKEN_USER],
    ['as the user of a URL with a password that says nothing', `https://${TOKEN_USER}:x@github.com/a/b.git`, TOKEN_USER],
    ['made of escapes within a line', `got {"p":"${ACCESS_KEY.replace('I', '\\u0049')}"} back`, ACCESS_KEY.slice(5)],
  ])('is masked %s', (_, line, value) => {
    const { text, found } = redactor.text(line)
    expect(text).not.toContain(value)
    expect(found).toHaveLength(1)
    expect(redactor.text(text)).toEqual({ text, found: [] })
  })

  it('leaves what stands around it', () => {
    expect(redactor.text(`a\u001b[32mpassword=\u001b[31m${secret}\u001b[0m b`).text).toMatch(
      /^a\u001b\[32mpassword=\u001b\[31m\[redacted:password:\w+\]\u001b\[0m b$/,
    )
    expect(redactor.text(`x \\u0041 password\\u003d${secret} \\u0042 y`).text).toMatch(
      /^x \\u0041 password\\u003d\[redacted:password:\w+\] \\u0042 y$/,
    )
  })
})

/** Their place in a URL, a header or a connection string tells them: nobody colours a part of one. */
const UNCOLOURED = /-webhook$|^azure-s|^aws-presigned|^cookie/

describe('behind a colour of a terminal', () => {
  it.each(SECRETS.filter(({ line, secret }) => line.includes(secret)))('$kind is masked', ({ kind, line, secret }) => {
    for (const colour of ['\u001b[31m', '\u001b[1;38;5;208m', '\u001b[m', '\u001b[2K']) {
      const { text } = redactor.text(colour + line)
      expect(text).not.toContain(secret)
      expect(text.startsWith(colour)).toBe(true)
      if (colour.endsWith('m') && !UNCOLOURED.test(kind))
        expect(redactor.text(line.replace(secret, () => `${colour}${secret}\u001b[0m`)).text).not.toContain(secret)
    }
  })

  it('an address is told from the colour', () => {
    const { text } = createRedactor({ key: 'k', also: ['email'] }).text('\u001b[31mada@example.com')
    expect(text).toMatch(/^\u001b\[31m\[redacted:email:\w+\]$/)
  })
})

describe('json', () => {
  it('keeps an identifier whose field the caller names, and only as a whole', () => {
    const event = { userIdentity: { accessKeyId: ACCESS_KEY }, accessKeyId: `see ${ACCESS_KEY}` }
    const { value, found } = redactor.json(event, { keep: ['accessKeyId'] })
    expect(value).toEqual({ userIdentity: { accessKeyId: ACCESS_KEY }, accessKeyId: expect.stringMatching(/^see \[redacted:/) })
    expect(found).toHaveLength(1)
    expect(redactor.json(event).found).toHaveLength(2)
  })

  it('keeps own keys named __proto__ and constructor, and pollutes nothing', () => {
    const value: unknown = JSON.parse(`{"__proto__":{"password":"hunter22"},"constructor":"x","a":1}`)
    const { value: redacted } = redactor.json(value)
    expect(Object.keys(redacted as object)).toEqual(['__proto__', 'constructor', 'a'])
    expect(JSON.stringify(redacted)).toMatch(/"__proto__":\{"password":"\[redacted:password:/)
    expect(({} as Record<string, unknown>)['password']).toBeUndefined()
  })

  it('keeps an object without a prototype as one', () => {
    const bare: Record<string, unknown> = Object.create(null)
    bare['password'] = 'hunter22'
    expect(Object.getPrototypeOf(redactor.json(bare).value)).toBeNull()
  })

  it('keeps both values when two keys turn into one mask', () => {
    const { value } = redactor.json({ [`a ${ACCESS_KEY}`]: 1, [`a ${ACCESS_KEY.slice(0, 20)}`]: 2, [`b ${ACCESS_KEY}`]: 3 })
    expect(Object.values(value as object)).toEqual([2, 3])
    const twice = redactor.json({
      [ACCESS_KEY]: 1,
      [`[redacted:aws-access-key-id:${redactor.text(ACCESS_KEY).found[0]?.fingerprint}]`]: 2,
    })
    expect(Object.values(twice.value as object)).toEqual([1, 2])
  })

  it('leaves out what is nested too deep to look at, and says so', () => {
    let deep: unknown = 'hunter2'
    for (let level = 0; level < 100_000; level++) deep = [deep]
    const { value, found } = redactor.json({ fine: 1, deep })
    expect(found).toEqual([expect.objectContaining({ kind: 'too-deep' })])
    expect(JSON.stringify(value)).toMatch(/\[redacted:too-deep\]/)
    expect(redactor.json(value)).toEqual({ value, found: [] })
  })

  it('masks a payment card that is a number', () => {
    const card = Number(SECRETS.find(({ kind }) => kind === 'payment-card')?.secret.replaceAll(' ', ''))
    expect(redactor.json({ card, other: 12 }).value).toEqual({
      card: expect.stringMatching(/^\[redacted:payment-card:/),
      other: 12,
    })
  })

  it('returns the same reference when nothing was found, and never changes its argument', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const before = JSON.stringify(value)
        const { value: redacted, found } = redactor.json(value)
        if (found.length === 0) expect(redacted).toBe(value)
        expect(JSON.stringify(value)).toBe(before)
      }),
    )
  })
})

describe('plain telemetry', () => {
  it.each([
    '2026-09-14T12:00:00.123Z\t5a1b2c3d-1234-4abc-8def-0123456789ab\tINFO\thello',
    'REPORT RequestId: 5a1b2c3d-1234-4abc-8def-0123456789ab\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB',
    'arn:aws:iam::123456789012:role/service-role/orders-api-role-x1y2z3 arn:aws:kms:eu-west-1:123456789012:key/5a1b2c3d-1234-4abc-8def-0123456789ab',
    'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 etag "d41d8cd98f00b204e9800998ecf8427e"',
    'x-amzn-trace-id: Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1',
    'time=1789387200123 micros=1789387200123456 nanos=1789387200123456789 account=123456789012 phone=+49 170 1234567',
    'processing token refresh for user 42; password reset requested; secret rotated; token: expired; Bearer authentication failed',
    'the password is invalid, password: must be at least 12 characters, passwords=3, token=null, apiKey: undefined',
    'mail alice@example.com and bob.smith+tag@example.co.uk at https://example.com/path?user=alice@example.com',
    'GET https://example.com:8443/a/b?c=%20d%2Fe&page=2 200 12ms "Mozilla/5.0 (X11; Linux x86_64)"',
    'sequence 49590338271490256608559692538361571095921575989136588898 shardId-000000000000',
    'version 4.12.16-beta.1 build 20260914123456 range 2026-09-14 2026-10-14 ids 12-34-5678 1234-56-7890 123-45-67890',
    'loaded /var/task/node_modules/jsonwebtoken/index.js, public key AAAAB3NzaC1yc2EAAAADAQABAAABAQ, -----BEGIN CERTIFICATE-----',
    'i-0123456789abcdef0 vpc-0a1b2c3d4e5f67890 subnet-0a1b AROAEXAMPLEID1234567:session AIDAEXAMPLEID1234567',
    'trace 4611686018427387904 span 9223372036854775807 amount 4111.11 order 4111-11',
    'if password>8 then token->next; <Token/> <token>next</token> secret => done; use --password to log in, mysql -protocol tcp',
    'cookie: theme=dark; lang=en, postgres://db.internal:5432/a@b, mac 0:aa:bb:cc, discord webhooks, NRAK-1',
    'ticket 943 476 5919 bsn none 111222333x account 234123412346 order 52998224725 at 10.20.30.40:8080 1.12.123-45',
    'nhs trust 12, dni 12345678A, nie X7654321B, iban DE88 3704 0044 0532 0130 00, fiscal year 2026, PESEL 44051401358',
    'Set-Cookie: theme=dark; lang=en; Max-Age=3600; Path=/, curl --user-agent x, redis-cli -a, mysql -u root -p orders',
    'https://example.com:8443/p?mail=ada@example.com http://[::1]:8080/@x git@github.com:weir/weir.git user:pass',
    'https://deploy-bot-eu-west-1@git.example.com/a https://org@dev.example.com ssh://git@example.com s3://a.b-2026-09-14-0a1b2c3@x',
    'sk_learn_model=v1 task-1 SKU SK1234 risk-free hf_parameters npm_config_registry ghost_mode',
  ])('stays as it is: %s', line => {
    expect(redactor.text(line)).toEqual({ text: line, found: [] })
    expect(redactor.json({ message: line }).found).toEqual([])
  })

  it('stays as it is, event for event', () => {
    for (const event of sampleTelemetry(500, generator(11))) expect(redactor.json(event).value).toBe(event)
  })

  it('is told to be clean by one scan, and then nothing is found in it', () => {
    const word = fc.constantFrom(
      'password',
      'token',
      '=',
      ':',
      '"',
      'hunter2',
      ' ',
      '\\u0041',
      '{',
      '}',
      ACCESS_KEY,
      '%41',
      'Basic',
      'x@y',
      '://a:b',
    )
    let clean = 0
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 6 }), parts => {
        const line = parts.join('')
        if (!redactor.isClean(line)) return
        clean++
        expect(redactor.text(line)).toEqual({ text: line, found: [] })
        expect(redactor.json({ line }).found).toEqual([])
      }),
    )
    expect(clean).toBeGreaterThan(10)
    expect(redactor.isClean('{"a":"\\u0041KIA"}')).toBe(false)
  })
})

describe('any text', () => {
  const parts = fc.array(
    fc.oneof(
      fc.constantFrom(
        ...SECRETS.flatMap(({ line, secret }) => [line, secret, Buffer.from(line).toString('base64'), encodeURIComponent(line)]),
      ),
      fc.constantFrom(
        '[redacted:',
        ']',
        '{"password":"',
        '"}',
        'password=',
        'Authorization: Bearer ',
        '://u:',
        '@',
        '%',
        ' ',
        '\n',
        '\\"',
        'é',
      ),
      fc.string({ unit: 'binary', maxLength: 10 }),
    ),
    { maxLength: 7 },
  )

  it('redacted twice is redacted once', () => {
    fc.assert(
      fc.property(parts, each => {
        const once = redactor.text(each.join(''))
        expect(redactor.text(once.text)).toEqual({ text: once.text, found: [] })
      }),
      { numRuns: 2000 },
    )
  })

  it('in JSON, redacted twice is redacted once', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.oneof(
            fc.constantFrom('password', 'a', 'token'),
            parts.map(each => each.join('')),
          ),
          parts,
        ),
        value => {
          const once = redactor.json(value).value
          // A field whose name was masked has another name, and its value may be judged otherwise.
          fc.pre(Object.keys(value).every(name => Object.hasOwn(Object(once), name)))
          expect(redactor.json(once).value).toBe(once)
        },
      ),
      { numRuns: 500 },
    )
  })

  it.each([
    'password=',
    'password:"',
    'key:',
    'key="',
    'token: "',
    'eyJh',
    'eyJhbGciOiJ.',
    '-----BEGIN PRIVATE KEY-----',
    'curl ',
    'curl -u ',
    'a://b:',
    '://x:y',
    'a@',
    '%41',
    '%',
    'bearer ',
    'Basic QUtJQ',
    'authorization: ',
    'QUtJQ',
    'cGFzc3dvcmQ',
    'sk-proj-',
    'sk-ant-',
    'SG.aaaaaaaaaaaaaaaaaaaa.',
    '4111 ',
    '1111-',
    '123-45-6',
    'AKIA',
    'AKIAABCDEFGHIJKLMNOP',
    '1Q~',
    'ghp_',
    'glpat-',
    'X-Amz-Signature=',
    '[redacted:',
    '{"a":',
    '[',
    '"',
    '\\',
    '\\u0041',
    'twilio ',
    'secret_access_key=',
    'SK0',
    'hooks.slack.com/services/',
    'IQoJb3JpZ2lu',
    '&sig=',
    ':AA',
    'TT3',
    'Q2Q~',
    '.atlasv1.',
    'T3BlbkFJ',
    'cookie: a=b; ',
    'mysql -p',
    'curl mysql redis-cli ',
    'cpf 529.982.247-2',
    'iban DE89 3704 ',
    'fiscal nhs dni ',
    '1234567890,',
    '://a:b@c/',
    '\\/',
    '70617373776f7264',
  ])('of 256 KiB of %s ends', part => {
    const text = part.repeat(Math.ceil(262_144 / part.length))
    redactor.text(text)
    redactor.json({ password: text, [text.slice(0, 1000)]: [text] })
    expect(redactor.text(`${text} ${ACCESS_KEY} `).text).not.toContain(` ${ACCESS_KEY} `)
  })
})

const SAMPLES = new URL('../../../../../shared/data/gitleaks/samples.jsonl', import.meta.url)
if (!existsSync(SAMPLES)) process.stdout.write('skipped: the gitleaks samples are not beside this repository\n')

it.skipIf(!existsSync(SAMPLES))('finds what a public collection of samples says are secrets', () => {
  const samples = readFileSync(SAMPLES, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { expected: boolean; text: string })
  const count = (expected: boolean) => {
    const those = samples.filter(sample => sample.expected === expected)
    return { all: those.length, found: those.filter(({ text }) => redactor.text(text).found.length > 0).length }
  }
  const secrets = count(true)
  const others = count(false)
  process.stdout.write(
    `gitleaks samples: ${secrets.found} of ${secrets.all} secrets found, ${others.found} of ${others.all} others masked too\n`,
  )
  expect(secrets.found / secrets.all).toBeGreaterThan(0.7)
  expect(others.found / others.all).toBeLessThan(0.2)
})

function everyText(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, each]) => [key, ...everyText(each)])
    : []
}
