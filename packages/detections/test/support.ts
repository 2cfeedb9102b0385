import type { StateStore } from '@weir/sigma'
import type { Detection, Detector, DetectorEvent, DetectorOptions } from '../src/index.ts'

export const OPTIONS: DetectorOptions = {
  allowedExtensions: [],
  usdPerGbSecond: 0.0000166667,
  usdPerRequest: 0.0000002,
  billedUsdPerWindow: 1,
  failuresPerWindow: 3,
  windowMinutes: 5,
}

export const ACCOUNT = '111122223333'
export const FOREIGN = '444455556666'
export const NOON = Date.UTC(2026, 10, 2, 12)
export const ARN = `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:orders`

/** The state of one process, all of it in JSON as a table would hold it. */
export function memoryState(): StateStore & { readonly folds: () => number; readonly size: () => number } {
  const states = new Map<string, string>()
  const answers = new Map<string, string>()
  const wakes = new Map<string, number>()
  let folds = 0
  return {
    async fold({ key, batch, initial, reduce }) {
      folds += 1
      if (key.length > 1024 || batch.length > 256) throw new RangeError('key or batch is too long')
      const asked = `${key}\n${batch}`
      const before = answers.get(asked)
      if (before !== undefined) return JSON.parse(before)
      const held = states.get(key)
      const { state, answer, wakeAt } = reduce(held === undefined ? initial : JSON.parse(held))
      if (wakeAt === undefined) wakes.delete(key)
      else wakes.set(key, wakeAt)
      states.set(key, JSON.stringify(state))
      answers.set(asked, JSON.stringify(answer))
      return answer
    },
    due: async (now, limit) =>
      [...wakes]
        .map(([key, wakeAt]) => ({ key, wakeAt }))
        .filter(({ wakeAt }) => wakeAt <= now)
        .toSorted((a, b) => a.wakeAt - b.wakeAt)
        .slice(0, limit),
    lease: async () => true,
    close: async () => {},
    folds: () => folds,
    size: () => [...states.values()].reduce((sum, state) => sum + state.length, 0),
  }
}

let uids = 0

/** A telemetry record as ingest shows it to rules. */
export function telemetry(signal: string, record: unknown, more: Partial<DetectorEvent> = {}): DetectorEvent {
  uids += 1
  const time = more.time ?? NOON
  return {
    uid: `telemetry-${uids}`,
    time,
    source: 'weir',
    logsource: { product: 'weir', service: 'telemetry' },
    record: { signal, time: new Date(time).toISOString(), functionArn: ARN, functionName: 'orders', memoryMb: 256, record },
    ocsf: {},
    identity: { function: ARN, account: ACCOUNT, claimed: true },
    ...more,
  }
}

/** A CloudTrail record with this call; `more` replaces fields of it. */
export function trail(
  call: string,
  requestParameters: object | null,
  more: Readonly<Record<string, unknown>> = {},
  time = NOON,
): DetectorEvent {
  uids += 1
  const [service, eventName] = call.split(':')
  return {
    uid: `trail-${uids}`,
    time,
    source: 'cloudtrail',
    logsource: { product: 'aws', service: 'cloudtrail' },
    record: {
      eventSource: `${service}.amazonaws.com`,
      eventName,
      eventTime: new Date(time).toISOString(),
      awsRegion: 'eu-west-1',
      recipientAccountId: ACCOUNT,
      sourceIPAddress: '198.51.100.23',
      userAgent: 'aws-cli/2.17.0',
      userIdentity: { type: 'IAMUser', arn: `arn:aws:iam::${ACCOUNT}:user/alice`, accountId: ACCOUNT, userName: 'alice' },
      requestParameters,
      responseElements: null,
      ...more,
    },
    ocsf: {},
    identity: { account: ACCOUNT, claimed: false },
  }
}

/** Runs one detector over batches one after another, with a state of its own unless one is given. */
export async function run(
  detector: Detector,
  batches: Readonly<Record<string, readonly DetectorEvent[]>>,
  { options = {}, state = memoryState() }: { options?: Partial<DetectorOptions>; state?: StateStore } = {},
): Promise<Detection[]> {
  const found: Detection[] = []
  for (const [batch, events] of Object.entries(batches)) {
    found.push(...(await detector.detect(events, { batch, now: NOON, state, options: { ...OPTIONS, ...options } })))
  }
  return found
}

/** Runs one detector over one event. */
export function one(detector: Detector, event: DetectorEvent, options: Partial<DetectorOptions> = {}): Promise<Detection[]> {
  return run(detector, { one: [event] }, { options })
}
