import { dirname, resolve } from 'node:path'
import {
  type Assembled,
  type Config,
  ConfigError,
  decode,
  describe,
  type Input,
  normalize,
  process as processInputs,
  type Quarantined,
  readConfigFile,
  type SpooledEvent,
} from '@weir/ingest'
import { isBatch } from '@weir/schema'
import { runRules } from '@weir/sigma'
import { type Arguments, type Command, EXIT, type World } from '../command.ts'
import { openWeir } from '../open.ts'
import { loadRules } from '../rules.ts'
import { complain, plain, table } from '../terminal.ts'

const LISTED = 1_000
const SHOWN_CHARACTERS = 8_000
const PASS_MS = 60_000

/** `weir quarantine`: what could not be decoded, or was refused by a sink, for a person to look at and to send through again. */
export const quarantine: Command = {
  name: 'quarantine',
  summary: 'List, show and replay what is in quarantine.',
  usage: ['list', 'show ID [--raw]', 'replay [ID...]'],
  options: {
    config: { type: 'string', value: 'FILE', description: 'The config; weir.yaml unless given.' },
    raw: { type: 'boolean', description: 'With show: the bytes as they are, on standard output.' },
  },
  help: `replay takes every entry unless some are named. An entry goes through the pipeline as an input of its own, with what the config says of its
stream today, and what a sink refused goes to that sink. It leaves quarantine only when nothing of it would come back; the ledger counts it anew. Of
sealed batches those that open leave, and the others wait as a new entry.
Exit codes: 0 done, 3 something stays in quarantine.`,
  async run(args, world) {
    const [action = '', ...ids] = args.positionals
    const act = Object.hasOwn(ACTIONS, action) ? ACTIONS[action as keyof typeof ACTIONS] : undefined
    if (!act) throw new ConfigError('quarantine: say list, show ID or replay [ID...]')
    const file = resolve(world.cwd, args.text('config') ?? 'weir.yaml')
    const config = await readConfigFile(file)
    const loaded = await loadRules(dirname(file), config.rules.builtin, config.rules.paths, 'rules.paths', config.rules)
    const weir = await openWeir(config, { pack: runRules(loaded, loaded.pack), env: world.env })
    try {
      return await act(weir, ids, args, world)
    } finally {
      await weir.close()
    }
  },
}

const ACTIONS = { list, show, replay }

async function list(weir: Assembled, _ids: readonly string[], _args: Arguments, world: World): Promise<number> {
  const ids = await weir.quarantine.list(LISTED)
  const rows: string[][] = []
  for (const id of ids) {
    try {
      const { origin, reason, records, detail } = await weir.quarantine.get(id)
      rows.push([id, new Date(origin.arrival).toISOString(), reason, String(records), plain(`${origin.stream}: ${detail}`, 160)])
    } catch (error) {
      rows.push([id, '', 'unreadable', '', plain(describe(error), 160)])
    }
  }
  if (rows.length > 0) world.out.write(`${table([['id', 'arrived', 'reason', 'records', 'where'], ...rows]).join('\n')}\n`)
  world.terminal.line(`${ids.length === LISTED ? `the oldest ${LISTED}` : ids.length} in quarantine`)
  return EXIT.ok
}

async function show(weir: Assembled, ids: readonly string[], args: Arguments, world: World): Promise<number> {
  const [id] = ids
  if (id === undefined || ids.length > 1)
    throw new ConfigError('quarantine show: name one entry; `weir quarantine list` has the ids')
  const { origin, reason, detail, records, bytes } = await entry(weir, id)
  const { terminal, out } = world
  terminal.line(`reason   ${reason}: ${plain(detail)}`)
  terminal.line(`from     ${plain(origin.stream)}, input ${plain(origin.id)}, ${new Date(origin.arrival).toISOString()}`)
  terminal.line(`holds    ${records} records, ${bytes.length} bytes, secrets masked`)
  if (args.flag('raw')) out.write(bytes)
  else {
    const text = Buffer.from(bytes.subarray(0, SHOWN_CHARACTERS)).toString('utf8')
    for (const line of text.split('\n')) out.write(`${plain(line, SHOWN_CHARACTERS)}\n`)
    if (bytes.length > SHOWN_CHARACTERS) terminal.line(`… ${bytes.length - SHOWN_CHARACTERS} bytes more; --raw gives all`)
  }
  return EXIT.ok
}

/** What became of an entry. Neither: all of it has gone through. */
interface Outcome {
  /** Why all of it stays. */
  readonly stays?: string
  /** Why some of it is in quarantine again, under another id. */
  readonly rest?: string
}

const UNSAFE = 'neither delivered nor spooled: see the log'

async function replay(weir: Assembled, ids: readonly string[], _args: Arguments, world: World): Promise<number> {
  const { terminal, signal } = world
  let stay = 0
  for (const id of ids.length > 0 ? ids : await weir.quarantine.list(Number.MAX_SAFE_INTEGER)) {
    if (signal.aborted) return EXIT.interrupted
    let outcome: Outcome
    try {
      const held = await entry(weir, id)
      outcome = held.origin.stream.startsWith(SINK) ? await toSink(weir, held) : await throughPipeline(weir, id, held)
      if (outcome.stays === undefined) await weir.quarantine.remove(id)
    } catch (error) {
      if (ids.length > 0 && error instanceof ConfigError) throw error
      outcome = { stays: describe(error) }
    }
    const { stays, rest } = outcome
    if (stays !== undefined) complain(terminal, `${id}: stays in quarantine: ${stays}`)
    else if (rest !== undefined) complain(terminal, `${id}: replayed in part, and the rest waits as another entry: ${rest}`)
    else terminal.line(`${id}: replayed`)
    if (stays !== undefined || rest !== undefined) stay++
  }
  terminal.line(stay === 0 ? 'nothing stays' : `${stay} stay in quarantine`)
  return stay === 0 ? EXIT.ok : EXIT.found
}

async function entry(weir: Assembled, id: string): Promise<Quarantined> {
  try {
    return await weir.quarantine.get(id)
  } catch (error) {
    throw new ConfigError(`${id}: ${(error as Error).message}; \`weir quarantine list\` has the ids`, { cause: error })
  }
}

/**
 * Of a batch of sealed records what opens goes through, and the rest becomes an entry
 * of its own.
 */
async function throughPipeline(weir: Assembled, id: string, { origin, reason, bytes }: Quarantined): Promise<Outcome> {
  if (reason === 'too-large' && !isBatch(bytes)) return { stays: 'too large then, and only its beginning was kept' }
  const input: Input = { origin: bound(origin, id, weir.config), bytes }
  // Looked at before anything is folded or delivered: state would remember what a half-readable entry gave, and answer the same next time.
  const decoded = decode(input, weir.parts.opener)
  const again = [...decoded.quarantined, ...normalize(decoded.records, input.origin, weir.parts.redact).quarantined]
  const why = again[0] && `${again[0].reason}: ${again[0].detail}`
  const opened = decoded.parts.length - 1
  if (why !== undefined && opened === 0) return { stays: why }
  const { unsafe } = await processInputs([input], Date.now() + PASS_MS, weir.parts)
  if (unsafe.size > 0) return { stays: UNSAFE }
  return why === undefined ? {} : { rest: why }
}

/** What the config says of the stream today. A file has no stream in the config: it keeps what it was read with. */
function bound(origin: Quarantined['origin'], id: string, { streams }: Config): Quarantined['origin'] {
  const named = { ...origin, id: `quarantine/${id}` }
  if (origin.file) return named
  const stream = Object.hasOwn(streams, origin.stream) ? streams[origin.stream] : undefined
  const known = origin.accounts.length > 0 ? origin.accounts : ['*'] // an entry of the on-failure bucket does not say whose stream it was
  return { ...named, accounts: stream?.accounts ?? known, sources: stream?.sources ?? [] }
}

const SINK = 'sink:'

/** Events that a sink refused, to that sink alone; refused again, they are the same entry. */
async function toSink(weir: Assembled, { origin, reason, bytes }: Quarantined): Promise<Outcome> {
  const sink = origin.stream.slice(SINK.length)
  if (reason !== 'rejected') return { stays: 'not a list of events' }
  if (!weir.parts.routes.has(sink)) return { stays: `the config names no sink "${sink}"` }
  const events = Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .filter(Boolean)
    .map((line): SpooledEvent => ({ input: origin.id, event: JSON.parse(line) as SpooledEvent['event'] }))
  const [result] = await weir.forwarder.forward(new Map([[sink, events]]), { deadline: Date.now() + PASS_MS })
  const refused = [...(result?.counts.values() ?? [])].reduce((sum, counts) => sum + counts.quarantined, 0)
  if (refused > 0) return { stays: `refused again: ${result?.lastReason ?? 'no reason given'}` }
  return result && result.unsafe.size === 0 ? {} : { stays: UNSAFE }
}
