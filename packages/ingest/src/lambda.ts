import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { PackModule } from '@weir/sigma'
import type { Context, KinesisStreamBatchResponse, KinesisStreamEvent } from 'aws-lambda'
import { type Assembled, assemble } from './assemble.ts'
import { type Config, validateConfig } from './config.ts'
import { ConfigError } from './errors.ts'
import { createHandler } from './handler.ts'
import { createLog, startTelemetry } from './observe.ts'
import { openLogged } from './packs/open.ts'
import { packPlace } from './packs/places.ts'
import { type Ticked, tick as runTick } from './tick.ts'

/**
 * The two doors of the Lambda function: `handler` for the stream, `tick` for the schedule. A cold start reads the config (JSON named by its
 * hash) and the compiled rule pack that lies in the zip; it parses no rule. The first look at published packs comes before the first batch.
 */
let weir: Promise<Assembled> | undefined

export async function handler(event: KinesisStreamEvent, context: Context): Promise<KinesisStreamBatchResponse> {
  return createHandler(await start())(event, context)
}

export async function tick(_event: unknown, context: Context): Promise<Ticked> {
  const instance = await start()
  return runTick(instance, Date.now() + context.getRemainingTimeInMillis() - 5_000)
}

function start(): Promise<Assembled> {
  weir ??= open(process.env).catch((error: unknown) => {
    weir = undefined // the next invocation tries again: a config may have been mended meanwhile
    throw error
  })
  return weir
}

async function open(env: NodeJS.ProcessEnv): Promise<Assembled> {
  const telemetry = await startTelemetry(env)
  const config = onAws(validateConfig(JSON.parse(await readConfig(env['WEIR_CONFIG'] ?? ''))), env)
  const log = createLog(config.log)
  const { pack: at } = config.rules
  const own = await readFile(new URL(PACK, import.meta.url), 'utf8')
  const module = (await import(new URL(MODULE, import.meta.url).href)) as PackModule
  return assemble(config, {
    pack: openLogged(JSON.parse(own), log, { module }),
    ...(at === undefined ? {} : { follow: { place: packPlace(at), running: createHash('sha256').update(own).digest('hex') } }),
    env,
    telemetry,
    log,
  })
}

/** The rule pack in the zip and the module that was generated of it; deploy puts them there. */
const PACK = './rules.json'
const MODULE = './rules.mjs'

/**
 * The stores that the stack made take the place of those in the file, whose names are the laptop's: so one `weir.yaml` serves both.
 * WEIR_STATE_TABLE is a DynamoDB table, WEIR_BUCKET the bucket of spool, quarantine and the event source mapping's on-failure destination,
 * WEIR_STREAM_PREFIX what the stack puts before the name of each stream. Rule packs are followed where the file says, or in that bucket.
 */
export function onAws(config: Config, env: Readonly<Record<string, string | undefined>>): Config {
  const table = env['WEIR_STATE_TABLE']
  const bucket = env['WEIR_BUCKET']
  return {
    ...config,
    streams: Object.fromEntries(
      Object.entries(config.streams).map(([name, stream]) => [`${env['WEIR_STREAM_PREFIX'] ?? ''}${name}`, stream]),
    ),
    ...(table ? { state: { type: 'dynamodb', table } } : {}),
    ...(bucket
      ? {
          spool: { type: 's3', bucket, prefix: 'weir/' },
          quarantine: { type: 's3', bucket, prefix: 'weir/' },
          rules: { ...config.rules, pack: config.rules.pack ?? `s3://${bucket}/weir/rules` },
          onFailure: { bucket, prefix: 'aws/lambda/' }, // where Lambda puts invocation records; not ours to choose
        }
      : {}),
  }
}

/** `s3://bucket/key` or a path in the zip. The file's name carries its SHA-256, and it must agree. */
async function readConfig(at: string): Promise<string> {
  const s3 = /^s3:\/\/([^/]+)\/(.+)$/.exec(at)
  let text: string
  if (s3) {
    const { GetObjectCommand, S3Client } = await import('@aws-sdk/client-s3')
    const object = await new S3Client({}).send(new GetObjectCommand({ Bucket: s3[1], Key: s3[2] }))
    text = (await object.Body?.transformToString('utf8')) ?? ''
  } else if (at) text = await readFile(new URL(at, import.meta.url), 'utf8')
  else throw new ConfigError('WEIR_CONFIG is not set; it names the config, s3://BUCKET/config/SHA256.json')
  const named = /([0-9a-f]{64})\.json$/.exec(at)?.[1]
  const is = createHash('sha256').update(text).digest('hex')
  if (named && named !== is) throw new ConfigError(`${at}: its content has the hash ${is}; deploy the config again`)
  return text
}
