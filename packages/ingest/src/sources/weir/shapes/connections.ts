import { isIP } from 'node:net'
import { CLASS } from '@weir/schema/ocsf'
import { observables } from '../../shared/ocsf.ts'
import { type Fields, numberOf, textOf } from '../../shared/values.ts'
import { plain, type Shape } from './shape.ts'

/** `weir.connections`: another end that a sandbox has opened a connection to. */
export const connections: Shape = {
  activity: body => (endOf(body) ? { classUid: CLASS.networkActivity, id: 1, name: 'Open' } : plain('Connection')),
  fields(body) {
    const end = endOf(body)
    if (!end) return {}
    const { ip, port } = end
    return {
      message: `weir.connections: ${ip} port ${port}, ${textOf(body['state']) ?? 'unknown'}`,
      dst_endpoint: { ip, port },
      connection_info: {
        direction_id: 2,
        direction: 'Outbound',
        protocol_name: 'tcp',
        protocol_num: 6,
        protocol_ver_id: isIP(ip),
      },
      observables: observables(['dst_endpoint.ip', 'ip', ip]),
    }
  },
}

function endOf(body: Fields | undefined): { readonly ip: string; readonly port: number } | undefined {
  const ip = textOf(body?.['ip'])
  const port = numberOf(body?.['port'])
  if (ip === undefined || !isIP(ip) || port === undefined || !Number.isInteger(port) || port < 0 || port > 65_535)
    return undefined
  return { ip, port }
}
