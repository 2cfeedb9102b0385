// What a cold start pays for rules, in a process of its own: `node coldstart.child.mjs data|module|yaml <pack or folders …>`.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { type OpenPack, openPack, type PackModule } from '@weir/sigma/pack'

/** Milliseconds of processor time, of all threads, so that a busy machine does not count; and bytes. */
export interface Started {
  /** The engine's code is loaded. */
  readonly loaded: number
  /** The rules are there. */
  readonly ready: number
  /** A first event is through. */
  readonly first: number
  /** A second, of the same log source. */
  readonly second: number
  readonly heap: number
  readonly rules: number
}

const spent = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
const loaded = spent()
const [kind = '', at = '', ...more] = process.argv.slice(2)

async function open(): Promise<OpenPack> {
  if (kind === 'yaml') return (await import('./coldstart-yaml.ts')).readYaml([at, ...more])
  const pack: unknown = JSON.parse(readFileSync(at, 'utf8'))
  if (kind === 'data') return openPack(pack)
  return openPack(pack, { module: (await import(pathToFileURL(at.replace(/json$/, 'mjs')).href)) as PackModule })
}

/** Of the log sources with the most rules: Windows processes in SigmaHQ, CloudTrail in a pack for AWS. */
const EVENTS = [
  {
    logsource: { product: 'windows', category: 'process_creation' },
    record: { Image: 'C:\\Apps\\one.exe', CommandLine: 'one --two', ParentImage: 'C:\\Windows\\explorer.exe' },
    ocsf: {},
  },
  {
    logsource: { product: 'aws', service: 'cloudtrail' },
    record: {
      eventSource: 'sts.amazonaws.com',
      eventName: 'GetCallerIdentity',
      userIdentity: { type: 'IAMUser', userName: 'ann' },
    },
    ocsf: {},
  },
]

const { engine } = await open()
const ready = spent()
for (const event of EVENTS) engine.match(event)
const first = spent()
for (const event of EVENTS) engine.match(event)
const second = spent()
globalThis.gc?.()
const { heapUsed, arrayBuffers } = process.memoryUsage()
const started: Started = {
  loaded,
  ready: ready - loaded,
  first: first - ready,
  second: second - first,
  heap: heapUsed + arrayBuffers,
  rules: engine.rules.length,
}
process.stdout.write(JSON.stringify(started))
