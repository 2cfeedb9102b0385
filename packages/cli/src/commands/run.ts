import { resolve } from 'node:path'
import {
  type Config,
  ConfigError,
  check as checkLedger,
  createLog,
  finishReplay,
  type LedgerSummary,
  ledgerLines,
  memoryLedger,
  memoryQuarantine,
  memorySpool,
  memoryState,
  oneOf,
  process as processInputs,
  type Quarantined,
  readConfigFile,
  sources,
  summarize,
  validateConfig,
} from '@weir/ingest'
import { LEVELS, type Level, runRules } from '@weir/sigma'
import { type Command, EXIT, type World } from '../command.ts'
import { FindingGroups, findingLines } from '../findings.ts'
import { openWeir } from '../open.ts'
import { QuarantineReport } from '../quarantine.ts'
import { openSources, readSource, type Part, type Source } from '../read.ts'
import { loadRules, refusalLine } from '../rules.ts'
import { complain, plain } from '../terminal.ts'

/** How long the sinks may take over one part of the input. */
const PASS_MS = 60_000

/** Files that the ledger lists one by one. */
const LEDGER_FILES = 12

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

Exit codes: 0 done, 1 part of the input is neither delivered nor in quarantine, or the output could not be written, 2 wrong usage or config, 3 findings (with --fail-on-findings), 4 done, but part of the input is
unreadable: it is said which and why, 130 interrupted.`,
  async run(args, world) {
    if (args.positionals.length === 0) throw new ConfigError('run: name the files to read, or - for standard input')
    if (args.flag('events') && !args.flag('json')) throw new ConfigError('--events: goes with --json; add it')
    const minLevel = level(args.text('min-level'))
    const names = args.texts('source')
    for (const name of names)
      if (!Object.hasOwn(sources, name)) throw new ConfigError(oneOf(name, Object.keys(sources), 'unknown source'))
    const files = await openSources(args.positionals, world.cwd)
    const config = await readConfig(args.text('config'), args.flag('deliver'), world)
    const { terminal } = world
    const loaded = await loadRules(
      world.cwd,
      config.rules.builtin && !args.flag('no-builtin'),
      [...config.rules.paths, ...args.texts('rules')],
      '--rules',
      { ...config.rules, onProgress: (read, of) => terminal.progress(`${read} of ${of} rule files`) },
    )
    for (const refusal of loaded.refused) terminal.line(`${terminal.paint('yellow', 'refused')} ${plain(refusalLine(refusal))}`)

    let newest = 0
    const groups = new FindingGroups()
    const json = args.flag('json')
    const deliver = args.flag('deliver')
    const weir = await openWeir(
      { ...config, rules: { ...config.rules, builtin: config.rules.builtin && !args.flag('no-builtin') } },
      {
        replay: true,
        pack: runRules(loaded, loaded.pack),
        env: world.env,
        ...(minLevel ? { minLevel } : {}),
        log: createLog(deliver ? config.log : 'error'),
        ...(deliver ? {} : { stores: memoryStores() }),
        tap: {
          finding(finding) {
            groups.add(finding)
            terminal.progress('') // what follows may go to the same screen
            if (json) world.out.write(`${JSON.stringify(finding)}\n`)
            else if (args.flag('all')) for (const line of findingLines(finding, terminal)) world.out.write(`${line}\n`)
          },
          events(events) {
            for (const { time } of events) if (Number.isFinite(time)) newest = Math.max(newest, Math.min(time, Date.now()))
            if (json && args.flag('events')) for (const event of events) world.out.write(`${JSON.stringify(event.ocsf)}\n`)
          },
        },
      },
    )
    const quarantined = new QuarantineReport()
    const parts = {
      ...weir.parts,
      quarantine: {
        put(entry: Quarantined) {
          quarantined.add(entry)
          return weir.quarantine.put(entry)
        },
      },
    }
    let failures = 0
    try {
      const allowed = names.length > 0 ? names : Object.keys(sources)
      for (const file of files) {
        if (world.signal.aborted) break
        try {
          for await (const part of readSource(file, allowed, world)) {
            const { unsafe } = await processInputs([part.input], Date.now() + PASS_MS, parts)
            if (unsafe.size > 0) {
              failures++
              complain(
                terminal,
                `${file.name}: records before ${part.records} are neither delivered nor in quarantine; run it again`,
              )
            }
            if ((await world.out.ready?.()) === false && !deliver) return EXIT.ok
            terminal.progress(progress(file, part, groups.total))
          }
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error
          failures++
          complain(terminal, error.message) // what the other files hold is worth as much
        }
      }
      if (!world.signal.aborted) {
        try {
          const open = await finishReplay({ ...weir, parts }, Date.now() + PASS_MS, newest)
          if (open > 0) terminal.line(`${open} correlations wait for what may come after the newest event, and are not told of`)
        } catch (error) {
          failures++
          complain(terminal, `correlations: ${error instanceof Error ? error.message : 'failed'}; run it again`)
        }
      }
      terminal.progress('')
      if (!json && !args.flag('all')) for (const line of groups.lines(terminal)) world.out.write(`${line}\n`)
      for (const line of quarantined.lines()) terminal.line(line)
      const summary = await summarize(weir.ledger)
      terminal.line(`${groups.total} findings from ${loaded.rules.length + loaded.correlations.length} rules`)
      for (const line of ledgerLines(brief(summary))) terminal.line(line)
      const wrong = checkLedger(summary)
      for (const line of wrong) terminal.line(`${terminal.paint('red', 'the ledger does not add up:')} ${line}`)
      if (wrong.length > 0 || failures > 0) return EXIT.failed
      if (world.signal.aborted) return EXIT.interrupted
      if (quarantined.records > 0) return EXIT.partial
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

function progress({ name, size }: Source, { records, bytesRead }: Part, findings: number): string {
  const part = size > 0 ? `${Math.min(100, Math.floor((bytesRead / size) * 100))} %` : `${(bytesRead / 1e6).toFixed(1)} MB`
  return `${plain(name)}: ${part}, ${records} records, ${findings} findings`
}

/** Many files are one line of the ledger: each has said already what was wrong with it. */
function brief(summary: LedgerSummary): LedgerSummary {
  if (summary.streams.length <= LEDGER_FILES) return summary
  return { ...summary, streams: [{ ...summary.totals, stream: `${summary.streams.length} files` }] }
}
