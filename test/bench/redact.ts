import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generator, sampleTelemetry, SECRETS } from '@weir/schema/measure'
import { createRedactor } from '@weir/schema/redact'
import { sample } from './redact/sample.ts'
import { median, printTable } from './stats.ts'

const data = (path: string): string => fileURLToPath(new URL(`../../../shared/data/${path}`, import.meta.url))
const redactor = createRedactor({ key: 'bench' })
const found = (text: string): readonly { kind: string }[] => redactor.text(text).found

/** Lines as functions print them, in the usual formats; no secret in any of them. */
function plainLines(count: number): string[] {
  const random = generator(7)
  const number = (below: number): number => Math.floor(random() * below)
  const hex = (length: number): string => createHash('sha256').update(String(random())).digest('hex').slice(0, length)
  const uuid = (): string => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`
  const time = (): string => new Date(1_789_000_000_000 + number(1e9)).toISOString()
  const pick = <T>(items: readonly T[]): T => items[number(items.length)] as T
  const path = (): string =>
    pick(['/orders', '/users/42/cart', '/healthz', '/api/v2/search?q=blue%20shoes&page=3', '/static/app.js'])
  const forms: (() => string)[] = [
    () => `${time()}\t${uuid()}\tINFO\torder ${number(1e9)} accepted for customer ${number(1e7)} in ${number(900)} ms`,
    () =>
      `[INFO]\t${time()}\t${uuid()}\tProcessing batch of ${number(500)} records from arn:aws:sqs:eu-west-1:${number(9e11) + 1e11}:orders`,
    () =>
      JSON.stringify({
        level: 'info',
        time: 1_789_000_000_000 + number(1e9),
        requestId: uuid(),
        msg: 'request completed',
        status: 200,
        path: path(),
        durationMs: number(9000) / 10,
      }),
    () =>
      `${pick(['10.0', '192.168'])}.${number(255)}.${number(255)} - - [14/Sep/2026:12:${10 + number(49)}:07 +0000] "GET ${path()} HTTP/1.1" 200 ${number(99999)} "-" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"`,
    () =>
      `WARN  c.e.orders.OrderService - retry ${number(5)} of 5: connection to db-${number(9)}.internal:5432 timed out after ${number(9000)}ms`,
    () =>
      `    at processTicksAndRejections (node:internal/process/task_queues:${number(200)}:${number(90)}) /var/task/node_modules/@aws-sdk/client-s3/dist-cjs/index.js:${number(9999)}`,
    () =>
      `uploaded s3://artefacts-eu-west-1/build/${hex(40)}/layer.zip etag="${hex(32)}" size=${number(1e8)} token refresh scheduled, password policy unchanged`,
    () =>
      `trace=1-${hex(8)}-${hex(24)} span=${hex(16)} user=user${number(1e5)}@example.com action=login result=ok ip=203.0.113.${number(255)}`,
    () =>
      `SELECT id, name FROM customers WHERE id = ${number(1e12)} AND updated > '2026-09-14 12:00:0${number(9)}.${number(999)}' -- ${number(1e6)} rows`,
  ]
  return Array.from({ length: count }, () => pick(forms)())
}

const telemetryLines = (count: number): string[] =>
  sampleTelemetry(count, generator(3)).map(({ record }) => (typeof record === 'string' ? record : JSON.stringify(record)))

/** Audit logs of several clouds, as their rules' authors wrote them down. */
const auditLines = (): string[] =>
  readdirSync(data('panther'))
    .filter(file => file.endsWith('.jsonl'))
    .flatMap(file =>
      readFileSync(data(`panther/${file}`), 'utf8')
        .trim()
        .split('\n'),
    )
    .map(line => JSON.stringify((JSON.parse(line) as { log?: unknown }).log ?? line))

/** Megabytes per second of processor time, the median of seven. */
function speed(lines: readonly string[], task: (line: string) => unknown): number {
  const bytes = lines.reduce((sum, line) => sum + line.length, 0)
  const repeat = Math.ceil(4e6 / bytes)
  const rounds = Array.from({ length: 9 }, () => {
    const began = process.cpuUsage()
    for (let round = 0; round < repeat; round++) for (const line of lines) task(line)
    const { user, system } = process.cpuUsage(began)
    return (bytes * repeat) / (user + system)
  })
  return median(rounds.slice(2))
}

/** Kinds with how often, the most frequent first. */
function tally(kinds: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return (
    [...counts]
      .toSorted((a, b) => b[1] - a[1])
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', ') || '–'
  )
}

/** The scanner of the rules that the samples belong to: `go install github.com/zricethezav/gitleaks/v8@v8.24.3`. */
function gitleaks(): string | undefined {
  const cached = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'weir-counterparts/gitleaks')
  const program = process.env['WEIR_GITLEAKS'] ?? cached
  return existsSync(program) ? program : undefined
}

/** Which of the texts it finds something in, each a file of its own; and the seconds it took on one core, without its start. */
function scanWith(program: string, texts: readonly string[]): { hits: Set<number>; seconds: number } {
  const folder = mkdtempSync(join(tmpdir(), 'weir-redact-'))
  const report = join(folder, 'report.json')
  const run = (name: string, files: readonly string[]): number => {
    mkdirSync(join(folder, name))
    for (const [index, text] of files.entries()) writeFileSync(join(folder, name, `${index}.log`), text)
    const options = ['--no-banner', '-l', 'fatal', '--exit-code', '0', '--max-decode-depth', '2', '-f', 'json', '-r', report]
    const began = performance.now()
    spawnSync(program, ['dir', join(folder, name), ...options], { env: { GOMAXPROCS: '1' } })
    return (performance.now() - began) / 1000
  }
  try {
    const start = run('nothing', [''])
    const seconds = run('texts', texts) - start
    const leaks = JSON.parse(readFileSync(report, 'utf8')) as { File: string }[]
    return { hits: new Set(leaks.map(({ File }) => Number(/(\d+)\.log$/.exec(File)?.[1] ?? -1))), seconds }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const share = (part: number, all: number): string => `${part} of ${all}`

/** Throughput and false alarms of the redactor, what it finds of labelled samples and of made-up secrets in each encoding; gitleaks beside it. */
export function benchRedact(): void {
  const program = gitleaks()
  const logs: Record<string, readonly string[]> = {
    'telemetry of Lambda, JSON': telemetryLines(20_000),
    'plain logs in nine formats': plainLines(20_000),
    ...(existsSync(data('panther')) && { 'audit logs of clouds, JSON': auditLines() }),
  }
  const rows = Object.entries(logs).map(([name, lines]) => {
    const megabytes = lines.reduce((sum, line) => sum + line.length, 0) / 1e6
    const kinds = lines.flatMap(line => found(line).map(({ kind }) => kind))
    const clean = lines.filter(line => redactor.isClean(line)).length
    const peer = program && scanWith(program, [lines.join('\n')])
    return [
      name,
      megabytes.toFixed(1),
      speed(lines, line => redactor.text(line)).toFixed(0),
      peer ? (megabytes / peer.seconds).toFixed(1) : '–',
      `${Math.round((100 * clean) / lines.length)} %`,
      (kinds.length / megabytes).toFixed(1),
      tally(kinds),
    ]
  })
  printTable(
    'Redaction: lines that hold no secret, but for a few in the audit logs',
    ['logs', 'MB', 'MB/s', 'gitleaks MB/s', 'clean at first sight', 'masked per MB', 'as'],
    rows,
  )

  const encodings: Record<string, (text: string) => string> = {
    'as it is': text => text,
    'JSON in JSON': text => JSON.stringify({ a: 1, body: JSON.stringify({ text }) }),
    'percent-encoded': text => `GET /?q=${encodeURIComponent(text)}&page=2`,
    base64: text => `data: ${Buffer.from(text).toString('base64')}, end`,
    'base64 in base64': text => `data: ${Buffer.from(`in: ${Buffer.from(text).toString('base64')}`).toString('base64')}, end`,
    hexadecimal: text => `data: ${Buffer.from(text).toString('hex')}, end`,
  }
  printTable(
    `Redaction: ${SECRETS.length} made-up secrets of ${new Set(SECRETS.map(({ kind }) => kind)).size} kinds`,
    ['written', 'found', 'by gitleaks, which looks for credentials only', 'not found'],
    Object.entries(encodings).map(([name, encode]) => {
      const texts = SECRETS.map(({ line }) => encode(line))
      const missed = SECRETS.filter((_, index) => found(texts[index] ?? '').length === 0).map(({ kind }) => kind)
      const peer = program === undefined ? undefined : scanWith(program, texts).hits.size
      return [
        name,
        share(texts.length - missed.length, texts.length),
        peer === undefined ? '–' : share(peer, texts.length),
        tally(missed),
      ]
    }),
  )

  if (existsSync(data('gitleaks'))) {
    benchSamples(program)
    if (program) benchRules(program)
  }
  if (!existsSync(data('gitleaks'))) process.stdout.write('the gitleaks samples are not beside this repository: left out\n')
  if (!program) process.stdout.write('gitleaks is not there (WEIR_GITLEAKS): its columns are left out\n')
}

/** The samples of gitleaks with their own labels: made for its own rules, so that a "false" one is often a key of another form or a known dummy. */
function benchSamples(program: string | undefined): void {
  const samples = readFileSync(data('gitleaks/samples.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { rule: string; expected: boolean; text: string })
  const peer =
    program &&
    scanWith(
      program,
      samples.map(({ text }) => text),
    ).hits
  printTable(
    'Redaction: the samples of gitleaks, by its own labels',
    ['label', 'found', 'by gitleaks', 'by rule: missed of the true, masked of the false'],
    [true, false].map(expected => {
      const those = samples.flatMap((sample, index) => (sample.expected === expected ? [{ ...sample, index }] : []))
      const ours = those.filter(({ text }) => found(text).length > 0)
      const told = expected ? those.filter(each => !ours.includes(each)) : ours
      const theirs = peer instanceof Set ? share(those.filter(({ index }) => peer.has(index)).length, those.length) : '–'
      return [String(expected), share(ours.length, those.length), theirs, tally(told.map(({ rule }) => rule))]
    }),
  )
}

const PER_RULE = 5

/** Texts made by chance from the expressions of gitleaks' rules, as far as gitleaks itself finds a secret in them: how many of them we find. */
function benchRules(program: string): void {
  const random = generator(5)
  const rules = readFileSync(data('gitleaks/gitleaks.toml'), 'utf8')
    .split('[[rules]]')
    .flatMap(rule => {
      const [, id] = /^id = "(.+)"/m.exec(rule) ?? []
      const [, expression] = /^regex = '''(.+)'''/m.exec(rule) ?? []
      return id && expression ? [{ id, expression }] : []
    })
  const made = rules.flatMap(({ id, expression }) =>
    Array.from({ length: PER_RULE }, () => ({ id, text: `x ${sample(expression, random)} y` })),
  )
  const { hits } = scanWith(
    program,
    made.map(({ text }) => text),
  )
  const valid = made.filter((_, index) => hits.has(index))
  const isNamed = (id: string): boolean => rules.some(rule => rule.id === id && rule.expression.includes('(?:=|>|'))
  const missed = new Set(valid.filter(({ text }) => found(text).length === 0))
  printTable(
    `Redaction: ${PER_RULE} texts made by chance from each of ${rules.length} rules of gitleaks`,
    ['rules', 'texts in which gitleaks finds a secret', 'found here', 'rules', 'of which none is found here'],
    [false, true].map(named => {
      const those = valid.filter(({ id }) => isNamed(id) === named)
      const ids = [...new Set(those.map(({ id }) => id))]
      const none = ids.filter(id => those.every(each => each.id !== id || missed.has(each)))
      return [
        named ? "told by a vendor's name somewhere before a value" : 'told by their own form',
        String(those.length),
        share(those.filter(each => !missed.has(each)).length, those.length),
        String(ids.length),
        String(none.length),
      ]
    }),
  )
  const own = [...missed].flatMap(({ id }) => (isNamed(id) ? [] : [id]))
  process.stdout.write(`\nNot found of those with a form of their own: ${tally(own)}\n`)
}
