import { isIP } from 'node:net'
import { CLASS } from '@weir/schema/ocsf'
import { observables } from '../../shared/ocsf.ts'
import { defined, type Fields, textOf } from '../../shared/values.ts'
import { plain, type Shape } from './shape.ts'

const WEB: ReadonlySet<unknown> = new Set(['http-api', 'rest-api', 'alb'])
/** Activities of HTTP Activity, from 1. */
const METHODS = ['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'TRACE', 'PATCH']

/** `weir.trigger`: where the request of an invocation came from, as the function printed it. */
export const trigger: Shape = {
  activity(body) {
    if (textOf(body?.['source']) === undefined) return plain('Trigger')
    if (!WEB.has(body?.['source'])) return { classUid: CLASS.apiActivity, id: 99, name: 'Invoke' }
    const method = textOf(body?.['method'])?.toUpperCase() ?? ''
    const id = METHODS.indexOf(method) + 1
    return { classUid: CLASS.httpActivity, id: id || 99, name: id ? method.charAt(0) + method.slice(1).toLowerCase() : 'Other' }
  },
  fields(body) {
    const source = textOf(body['source'])
    if (source === undefined) return {}
    // A load balancer tells the whole chain, the client first.
    const ip = textOf(body['sourceIp'])?.split(',')[0]?.trim() ?? ''
    const address = isIP(ip) ? ip : undefined
    const principal = textOf(body['principal'])
    const shared = {
      message: `weir.trigger: ${[source, body['method'], body['path'], address].filter(each => typeof each === 'string').join(' ')}`,
      observables: observables(['src_endpoint.ip', 'ip', address], ['actor.user.uid', 'user', principal]),
    }
    return { ...shared, ...(WEB.has(source) ? web(body, address, principal) : call(source, body, address, principal)) }
  },
}

function web(body: Fields, ip: string | undefined, principal: string | undefined): Fields {
  const method = textOf(body['method'])?.toUpperCase() ?? ''
  const path = textOf(body['path'])
  return {
    http_request: defined({
      http_method: METHODS.includes(method) ? method : undefined,
      url: path === undefined ? undefined : defined({ path, hostname: textOf(body['host']) }),
      user_agent: textOf(body['userAgent']),
    }),
    src_endpoint: ip === undefined ? undefined : { ip },
    actor: principal === undefined ? undefined : { user: { uid: principal } },
  }
}

function call(source: string, body: Fields, ip: string | undefined, principal: string | undefined): Fields {
  const resource = textOf(body['resource'])
  return {
    api: { operation: textOf(body['method']) ?? 'Invoke', service: { name: source } },
    actor: defined({ invoked_by: source, user: principal === undefined ? undefined : { uid: principal } }),
    src_endpoint: ip === undefined ? { svc_name: source } : { ip, svc_name: source },
    resources: resource === undefined ? undefined : [{ uid: resource }],
  }
}
