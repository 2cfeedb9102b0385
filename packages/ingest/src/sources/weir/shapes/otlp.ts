import { isIP } from 'node:net'
import { CLASS, SEVERITY } from '@weir/schema/ocsf'
import { observables } from '../../shared/ocsf.ts'
import { defined, epochOf, type Fields, fieldsOf, numberOf, textOf } from '../../shared/values.ts'
import { levelOf } from '../../shared/level.ts'
import type { Telemetry } from '../telemetry.ts'
import { messageText, plain, type Shape, severityOf } from './shape.ts'

/** By fours of OpenTelemetry's severity numbers, as levels of the same names: trace, debug, info, warn, error, fatal. */
const SEVERITIES = [
  SEVERITY.informational,
  SEVERITY.informational,
  SEVERITY.informational,
  SEVERITY.low,
  SEVERITY.medium,
  SEVERITY.high,
]

/** `otlp.log`: a log record of the function's own SDK. Its trace stands in `unmapped.record`: OCSF's base event has no place for one. */
export const otlpLog: Shape = {
  activity: () => plain('Log'),
  fields(body) {
    const number = numberOf(body['severityNumber']) ?? 0
    const severity = SEVERITIES[Math.ceil(number / 4) - 1]
    const text = textOf(body['message'])
    const said = body['body'] === undefined ? undefined : messageText(JSON.stringify(body['body']))
    return {
      message: text ?? textOf(body['eventName']) ?? said,
      ...(severity !== undefined && levelOf(body).severity < severity && severityOf(severity)),
    }
  },
}

const SPAN = { classUid: CLASS.apiActivity, id: 99, name: 'Span' }

/**
 * `otlp.span`: a timed operation, as an API call, the one class of OCSF that has spans: by the other end where the function serves it, by the
 * function itself otherwise.
 */
export const otlpSpan: Shape = {
  activity: body => (textOf(body?.['name']) === undefined ? plain('Span') : SPAN),
  profiles: ['trace'],
  fields(body, telemetry) {
    const operation = textOf(body['name'])
    if (operation === undefined) return {}
    const attributes = fieldsOf(body['attributes']) ?? {}
    const service = textOf(fieldsOf(body['resource'])?.['service.name']) ?? telemetry.arn?.name ?? 'unknown'
    const [code, status] = body['status'] === 'error' ? [2, 'Failure'] : body['status'] === 'ok' ? [1, 'Success'] : []
    const client = addressOf(attributes, 'client')
    const isServed = body['kind'] === 'server' || body['kind'] === 'consumer'
    const duration = numberOf(body['durationMs'])
    const served = textOf(attributes['rpc.service']) ?? textOf(attributes['db.system.name']) ?? textOf(attributes['url.scheme'])
    return {
      message: `otlp.span: ${operation}${duration === undefined ? '' : `, ${duration} ms`}`,
      actor: { app_name: service },
      api: defined({ operation, service: served === undefined ? undefined : { name: served } }),
      src_endpoint: (isServed ? client : undefined) ?? { svc_name: service },
      dst_endpoint: isServed ? { svc_name: service } : addressOf(attributes, 'server'),
      trace: traceOf(body, telemetry),
      duration: duration === undefined || duration < 0 ? undefined : Math.round(duration),
      status_id: code,
      status,
      status_detail: textOf(body['statusMessage']),
      observables: observables(['src_endpoint.ip', 'ip', isServed ? client?.['ip'] : undefined]),
    }
  },
}

/** What the conventions call `client.address` and `server.address`, with their ports. */
function addressOf(attributes: Fields, side: 'client' | 'server'): Fields | undefined {
  const address = textOf(attributes[`${side}.address`])
  if (address === undefined) return undefined
  const port = numberOf(attributes[`${side}.port`])
  const sound = port !== undefined && Number.isInteger(port) && port >= 0 && port <= 65_535
  return defined({ [isIP(address) > 0 ? 'ip' : 'hostname']: address, port: sound ? port : undefined })
}

function traceOf(body: Fields, { time }: Telemetry): Fields | undefined {
  const uid = textOf(body['traceId'])
  const span = textOf(body['spanId'])
  if (uid === undefined) return undefined
  return defined({
    uid,
    span:
      span === undefined
        ? undefined
        : defined({
            uid: span,
            parent_uid: textOf(body['parentSpanId']),
            operation: textOf(body['name']),
            start_time: time,
            end_time: epochOf(body['endTime']) ?? time,
          }),
  })
}

/** `otlp.metric`: a metric with its points, which stand in `unmapped.record`. */
export const otlpMetric: Shape = {
  activity: () => plain('Metric'),
  fields: body => ({
    message: `otlp.metric: ${textOf(body['name']) ?? 'unknown'}, ${Array.isArray(body['points']) ? body['points'].length : 0} points`,
  }),
}
