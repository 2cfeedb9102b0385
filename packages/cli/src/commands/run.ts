import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import {
  type Assembled,
  assemble,
  type Config,
  ConfigError,
  check as checkLedger,
  createLog,
  frameStream,
  fromFramed,
  type Input,
  ledgerLines,
  memoryLedger,
  memoryQuarantine,
  memorySpool,
  memoryState,
  oneOf,
  process as processInputs,
  readConfigFile,
  sources,
  summarize,
  validateConfig,
} from '@weir/ingest'
import { LEVELS, type Level } from '@weir/sigma'
import { type Command, EXIT, type World } from '../command.ts'
import { FindingGroups, findingLines } from '../findings.ts'
import { loadRules, refusalLine } from '../rules.ts'
import { plain } from '../terminal.ts'

/** One pass: enough to batch for a sink, small enough to show progress and to hold. */
const CHUNK_RECORDS = 500
const CHUNK_BYTES = 4 << 20

/** `weir run`: the ingest pipeline over files or standard input. No AWS at all. */
export const run: Command = {
  name: 'run',
  summary: 'Run the pipeline over log files or standard input.',
  usage: ['FILE...', '- < FILE'],
  options: {
    rules: {
      type: 'string',
      multiple: true,
      value: 'PATH',
      description: 'Add Sigma rules: a file or a folder. May be repeated.',
    },
    'no-builtin': { type: 'boolean', description: "Leave Weir's own pack out." },
    config: {
      type: 'string',
      value: 'FILE',
      description: 'A weir.yaml: rules, detections, redaction and, with --deliver, sinks.',
    },
    deliver: { type: 'boolean', description: 'Send to the sinks of the config. Without it nothing leaves this process.' },
    json: { type: 'boolean', description: 'One OCSF finding a line on standard output; all else on standard error.' },
    events: { type: 'boolean', description: 'With --json: every normalized event too.' },
    'min-level': { type: 'string', value: 'LEVEL', description: `Leave out what is below: ${LEVELS.join(', ')}.` },
    all: {
      type: 'boolean',
      short: 'a',
      description: 'Show each finding; by default repeats of one rule about one thing are one line.',
    },
    source: {
      type: 'string',
      multiple: true,
      value: 'NAME',
      description: `Recognize only these: ${Object.keys(sources).join(', ')}.`,
    },
    'fail-on-findings': { type: 'boolean', description: 'Exit with 3 when there is a finding.' },
  },
  help: `Reads a JSON array, {"Records": […]}, JSON lines, CloudWatch Logs envelopes or Weir batches, gzip or not, recognized by content.

examples:
  weir run cloudtrail/*.json.gz
  weir run --rules sigma/rules/cloud/aws --min-level medium trail.json
  zcat trail.json.gz | weir run --json - | jq .finding_info.title

Exit codes: 0 done, 2 wrong usage or config, 3 findings (with --fail-on-findings), 4 done, but part of the input is unreadable.`,
  async run(args, world) {
    if (args.positionals.length === 0) throw new ConfigError('run: name the files to read, or - for standard input')
    const minLevel = level(args.text('min-level'))
    const names = args.texts('source')
    for (const name of names)
      if (!Object.hasOwn(sources, name)) throw new ConfigError(oneOf(name, Object.keys(sources), 'unknown source'))
    const config = await readConfig(args.text('config'), args.flag('deliver'), world)
    const loaded = await loadRules(world.cwd, config.rules.builtin && !args.flag('no-builtin'), [
      ...config.rules.paths,
      ...args.texts('rules'),
    ])
    const { terminal } = world
    for (const refusal of loaded.refused) terminal.line(`${terminal.paint('yellow', 'refused')} ${plain(refusalLine(refusal))}`)

    const groups = new FindingGroups()
    const json = args.flag('json')
    const deliver = args.flag('deliver')
    const weir = await assemble(
      { ...config, rules: { ...config.rules, builtin: config.rules.builtin && !args.flag('no-builtin') } },
      {
        rules: loaded.rules,
        pack: loaded.pack,
        env: world.env,
        ...(minLevel ? { minLevel } : {}),
        log: createLog(deliver ? config.log : 'error'),
        ...(deliver ? {} : { stores: memoryStores() }),
        tap: {
          finding(finding) {
            const first = groups.add(finding)
            if (json) world.out.write(`${JSON.stringify(finding)}\n`)
            else if (args.flag('all')) for (const line of findingLines(finding, terminal)) world.out.write(`${line}\n`)
            else if (first) terminal.progress('')
          },
          events(events) {
            if (json && args.flag('events')) for (const event of events) world.out.write(`${JSON.stringify(event.ocsf)}\n`)
          },
        },
      },
    )
    try {
      const allowed = names.length > 0 ? names : Object.keys(sources)
      for (const file of args.positionals) {
        if (world.signal.aborted) break
        await readInto(weir, file, allowed, world, groups)
      }
      if (!json && !args.flag('all')) {
        for (const { first, count } of groups.sorted()) {
          for (const line of findingLines(first, terminal, count - 1)) world.out.write(`${line}\n`)
        }
      }
      const summary = await summarize(weir.ledger)
      terminal.line(`${groups.total} findings from ${loaded.rules.length} rules`)
      for (const line of ledgerLines(summary)) terminal.line(line)
      const wrong = checkLedger(summary)
      for (const line of wrong) terminal.line(`${terminal.paint('red', 'the ledger does not add up:')} ${line}`)
      if (wrong.length > 0) return EXIT.failed
      if (summary.totals.quarantined > 0) return EXIT.partial
      return args.flag('fail-on-findings') && groups.total > 0 ? EXIT.found : EXIT.ok
    } finally {
      await weir.close()
    }
  },
}

function level(text: string | undefined): Level | undefined {
  if (text === undefined) return undefined
  const known = LEVELS.find(each => each === text)
  if (!known) throw new ConfigError(`--min-level: ${oneOf(text, LEVELS)}`)
  return known
}

async function readConfig(file: string | undefined, deliver: boolean, world: World): Promise<Config> {
  if (file === undefined) {
    if (deliver) throw new ConfigError('--deliver sends to the sinks of a config: name it with --config FILE')
    return validateConfig({})
  }
  const config = await readConfigFile(resolve(world.cwd, file))
  return deliver ? config : { ...config, sinks: [] }
}

/** Without --deliver nothing is written: what cannot be read is counted, and said at the end. */
const memoryStores = () => ({
  state: memoryState(),
  ledger: memoryLedger(),
  spool: memorySpool(),
  quarantine: memoryQuarantine(),
})

/** One file through the pipeline, a chunk of records at a time; the rest of a broken file is not lost. */
async function readInto(
  weir: Assembled,
  file: string,
  allowed: readonly string[],
  world: World,
  groups: FindingGroups,
): Promise<void> {
  const stdin = file === '-'
  const path = resolve(world.cwd, file)
  const size = stdin ? 0 : (await stat(path).catch(() => undefined))?.size
  if (size === undefined) throw new ConfigError(`${file}: there is no such file`)
  const chunks: AsyncIterable<Uint8Array> = stdin ? world.stdin : createReadStream(path, { highWaterMark: 1 << 20 })
  let read = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      read += chunk.length
      yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    }
  }
  let chunk: Parameters<typeof fromFramed>[0][number][] = []
  let bytes = 0
  let records = 0
  const flush = async (): Promise<void> => {
    if (chunk.length === 0) return
    const input: Input = fromFramed(chunk, {
      stream: stdin ? 'stdin' : file,
      id: `${stdin ? 'stdin' : file}#${records}`,
      arrival: Date.now(),
      accounts: ['*'],
      sources: allowed,
    })
    records += chunk.length
    chunk = []
    bytes = 0
    await processInputs([input], Date.now() + 60_000, weir.parts)
    const part = size > 0 ? `${Math.floor((read / size) * 100)} %` : `${(read / 1e6).toFixed(1)} MB`
    world.terminal.progress(`${file}: ${part}, ${records} records, ${groups.total} findings`)
  }
  for await (const framed of frameStream(counted())) {
    chunk.push(framed)
    bytes += 'bytes' in framed ? framed.bytes.length : 0
    if (chunk.length >= CHUNK_RECORDS || bytes >= CHUNK_BYTES) await flush()
    if (world.signal.aborted) break
  }
  await flush()
}
