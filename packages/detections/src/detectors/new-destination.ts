import type { Detector, DetectorEvent } from '../detector.ts'
import { amountAt, bodyOf, textAt } from '../fields.ts'
import { OURS } from '../ours.ts'
import { foldMemory } from '../windows.ts'

/** Destinations of one function that are remembered. A function that knows more has no habits to leave. */
const REMEMBERED = 256
const SHOWN = 20
/** HTTPS, HTTP and DNS: the addresses behind them change by the hour, and say nothing. */
const ORDINARY: ReadonlySet<number> = new Set([80, 443, 53])
/** Private, shared, link-local and loopback addresses; RFC 1918, 6598, 3927, 4193, 4291. */
const INSIDE =
  /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|169\.254\.|127\.|f[cd][0-9a-f]{2}:|fe80:|0:)/i

/**
 * Tells of each address on the internet that a function connects to on a port other than the web's for the first time in thirty days: once, with
 * all that are new in the batch. Reads `weir.connections`.
 */
export const newDestination: Detector = {
  meta: {
    ...OURS,
    id: '6064db16-3165-49ff-b045-11a96dfc5f60',
    title: 'Function connects to a new place on an unusual port',
    level: 'low',
    description:
      'A function opened a connection to an address on the internet, on a port that is not the web, where it has not been for thirty days. Functions ' +
      'speak to few places and always to the same; a shell that calls back, a tunnel or a miner goes elsewhere.\nNext: see whether the ' +
      'function was deployed just before. If not, look for programs that ran in the same sandbox, and at the request of `invocation`.',
    falsepositives: ['The first days after installing; a release that uses another service; services whose addresses change.'],
    references: ['https://attack.mitre.org/techniques/T1571/'],
    tags: [
      'attack.command-and-control',
      'attack.t1571',
      'owasp-serverless.sls9',
      'nist-800-53.ac-4',
      'nist-800-53.sc-7',
      'nist-800-53.si-4',
      'hipaa.164.312.e.1',
    ],
  },
  logsource: { product: 'weir', service: 'telemetry' },
  async detect(events, context) {
    const functions = Map.groupBy(
      events.filter(event => event.identity.function !== undefined && placeOf(event) !== undefined),
      event => event.identity.function ?? '',
    )
    const detections = []
    for (const [name, seen] of functions) {
      const places = [...new Set(seen.map(placeOf))].filter(place => place !== undefined)
      const fresh = await foldMemory<readonly string[], readonly string[]>(newDestination.meta.id, name, context, [], known => {
        const all = [...new Set([...known, ...places])].slice(0, REMEMBERED)
        return { state: all, answer: all.slice(known.length) }
      })
      const [first] = fresh
      if (first === undefined) continue
      const those = seen.filter(event => fresh.includes(placeOf(event) ?? ''))
      detections.push({
        group: name,
        window: first,
        message: `${name} connects to ${fresh.slice(0, 3).join(', ')}${fresh.length > 3 ? ` and ${fresh.length - 3} more` : ''} for the first time`,
        events: those,
        evidence: { destinations: fresh.slice(0, SHOWN), invocations: [...new Set(those.map(invocationOf))].slice(0, SHOWN) },
      })
    }
    return detections
  },
}

const invocationOf = ({ record }: DetectorEvent): string => textAt(record, 'invocation') ?? ''

/** `address port`, where the address is on the internet and the port is not ordinary. */
function placeOf({ record }: DetectorEvent): string | undefined {
  if (record['signal'] !== 'weir.connections') return undefined
  const body = bodyOf(record)
  const ip = textAt(body, 'ip')
  const port = amountAt(body, 'port')
  if (ip === undefined || !/^[\d.:a-f]{3,45}$/i.test(ip) || INSIDE.test(ip)) return undefined
  return port === undefined || ORDINARY.has(port) || port > 65_535 ? undefined : `${ip} port ${port}`
}
