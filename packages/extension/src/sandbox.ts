import type { FunctionIdentity } from '@weir/schema'
import type { Config } from './config.ts'
import type { Host } from './host/host.ts'
import { isManagedInstance, type Registration } from './lambda-api.ts'
import type { TelemetryEvent } from './telemetry.ts'

/** One invocation as the platform's telemetry shows it. */
interface Run {
  readonly requestId: string
  /** Epoch milliseconds. */
  readonly from: number
  readonly to: number
}

/** Who we are, and which invocation is running. */
export interface Sandbox {
  /** 32 hex digits, drawn at start and again after a restore. */
  readonly id: string
  readonly identity: FunctionIdentity
  /** 1, 2, 3 … */
  nextSequence(): number
  /** Learns from what the platform tells: invocations that begin and end, the runtime's version. */
  observe(event: TelemetryEvent): void
  /** Learns from an INVOKE event. */
  invoked(functionArn: string, requestId: string, now: number): void
  /** The invocation that was running at `time`, or ''. On Managed Instances several run at once, so the answer is always ''. */
  attribute(time: number): string
  /** The newest invocation, and when its INVOKE event came. */
  readonly newest: { readonly requestId: string; readonly from: number } | undefined
  /** What telemetry has shown of this invocation. */
  seen(requestId: string): 'nothing' | 'started' | 'finished'
  /** A restored copy of a snapshot: a new id, and sequences from 1. False when that has been done: a process is restored at most once. */
  renew(): boolean
}

/** Telemetry can be made up inside the sandbox: a longer id or version is none. */
const MAX_WORD = 128

export function createSandbox(host: Host, config: Config, registration: Registration): Sandbox {
  const draw = () => Buffer.from(host.random(16)).toString('hex')
  let id = draw()
  let sequence = 0
  let restored = false
  let runtime = ''
  let initializationType = config.initializationType
  let arn = arnFrom(config, registration)
  // Attribution follows telemetry alone: it comes late and in order, so an INVOKE may overtake the lines of the invocation before it.
  let current: Run | undefined
  let last: Run | undefined
  let newest: { readonly requestId: string; readonly from: number } | undefined
  const concurrent = isManagedInstance(config)

  const word = (record: unknown, name: string): string => {
    const value = typeof record === 'object' && record !== null ? Reflect.get(record, name) : undefined
    return typeof value === 'string' && value.length <= MAX_WORD ? value : ''
  }
  const learn: Readonly<Record<string, (event: TelemetryEvent) => void>> = {
    'platform.initStart'({ record }) {
      runtime = word(record, 'runtimeVersion') || runtime
      initializationType ||= word(record, 'initializationType')
    },
    'platform.restoreStart'({ record }) {
      runtime = word(record, 'runtimeVersion') || runtime
    },
    'platform.start'({ record, time }) {
      current = { requestId: word(record, 'requestId'), from: time, to: Number.POSITIVE_INFINITY }
    },
    'platform.runtimeDone'({ record, time }) {
      const requestId = word(record, 'requestId')
      last = { requestId, from: current?.requestId === requestId ? current.from : 0, to: time }
      if (current?.requestId === requestId) current = undefined
    },
  }
  return {
    get id() {
      return id
    },
    get identity() {
      const version = registration.functionVersion || config.functionVersion
      return { arn, version, memoryMb: config.memoryMb, region: config.region, runtime, initializationType }
    },
    nextSequence: () => ++sequence,
    observe: event => learn[event.type]?.(event),
    invoked(functionArn, requestId, now) {
      if (/^arn:[a-z-]+:lambda:/.test(functionArn)) arn = functionArn.split(':').slice(0, 7).join(':')
      newest = { requestId, from: now }
    },
    attribute(time) {
      if (concurrent) return ''
      if (last && time >= last.from && time <= last.to) return last.requestId
      return current?.requestId ?? ''
    },
    get newest() {
      return newest
    },
    seen: requestId => (last?.requestId === requestId ? 'finished' : current?.requestId === requestId ? 'started' : 'nothing'),
    renew() {
      if (restored) return false
      restored = true
      id = draw()
      sequence = 0
      return true
    },
  }
}

/** The function's ARN before an invocation has told it: from what the API said when we registered. '' where that is not enough. */
function arnFrom(config: Config, registration: Registration): string {
  const name = registration.functionName || config.functionName
  if (!registration.accountId || !config.region || !name) return ''
  const partition = config.region.startsWith('cn-') ? 'aws-cn' : config.region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
  return `arn:${partition}:lambda:${config.region}:${registration.accountId}:function:${name}`
}
