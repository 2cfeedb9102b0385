import { isIP } from 'node:net'
import { CLASS } from '@weir/schema/ocsf'
import { type Activity, observables } from '../../shared/ocsf.ts'
import { defined, type Fields, numberOf, textOf } from '../../shared/values.ts'
import type { Telemetry } from '../telemetry.ts'
import { MAX_LISTED, messageText, plain, type Shape } from './shape.ts'

/** One kind of thing that the guard tells: its activity where the body says enough, and the fields of that. */
interface Sight {
  readonly activity: Activity
  /** The field without which it is a log. */
  readonly needs: string
  fields(body: Fields, telemetry: Telemetry): Fields
}

const connection: Sight = {
  activity: { classUid: CLASS.networkActivity, id: 1, name: 'Open' },
  needs: 'host',
  fields(body) {
    const host = textOf(body['host']) ?? ''
    const ip = isIP(host) > 0 ? host : undefined
    return {
      dst_endpoint: defined({ ip, hostname: ip === undefined ? host : undefined, port: portOf(body['port']) }),
      connection_info: { direction_id: 2, direction: 'Outbound', protocol_name: 'tcp', protocol_num: 6 },
      observables: observables(['dst_endpoint.ip', 'ip', ip]),
    }
  },
}

const SIGHTS: Readonly<Record<string, Sight>> = {
  process: {
    activity: { classUid: CLASS.processActivity, id: 1, name: 'Launch' },
    needs: 'command',
    // The guard tells before there is a process, so there is no number yet.
    fields: (body, { uid }) => ({ process: { name: textOf(body['command']), uid } }),
  },
  read: {
    activity: { classUid: CLASS.fileActivity, id: 14, name: 'Open' },
    needs: 'path',
    fields(body) {
      const path = textOf(body['path']) ?? ''
      return { file: { name: path.slice(path.lastIndexOf('/') + 1) || path, path, type_id: 1, type: 'Regular File' } }
    },
  },
  outbound: connection,
  credentials: connection,
  'runtime-api': connection,
}

/** What is told of the others, which are logs. */
const NAMES: ReadonlyMap<unknown, string> = new Map([
  ['start', 'Guard Start'],
  ['code', 'Code Made'],
  ['load', 'Code Loaded'],
])

/** `weir.guard`: what code did inside the function's process, and which package it was: that is the actor. */
export const guard: Shape = {
  activity: body => sightOf(body)?.activity ?? plain(NAMES.get(body?.['kind']) ?? 'Guard'),
  fields(body, telemetry) {
    const sight = sightOf(body)
    return {
      message: messageOf(body),
      ...(sight && {
        actor: { app_name: textOf(body['package']) ?? telemetry.arn?.name ?? 'unknown' },
        ...sight.fields(body, telemetry),
      }),
    }
  },
}

function sightOf(body: Fields | undefined): Sight | undefined {
  const kind = textOf(body?.['kind']) ?? ''
  const sight = Object.hasOwn(SIGHTS, kind) ? SIGHTS[kind] : undefined
  return sight && textOf(body?.[sight.needs]) !== undefined ? sight : undefined
}

/** `weir.guard: process sh (curl, sh) by @evil/left-pad, made at run time`. */
function messageOf(body: Fields): string {
  const runs = Array.isArray(body['runs'])
    ? ` (${body['runs']
        .slice(0, MAX_LISTED)
        .filter(each => typeof each === 'string')
        .join(', ')})`
    : ''
  const what = ['what', 'command', 'host', 'path', 'node'].flatMap(name => textOf(body[name]) ?? []).join(' ')
  const port = portOf(body['port'])
  const by = textOf(body['package'])
  const parts = [
    `weir.guard: ${textOf(body['kind']) ?? 'unknown'} ${what}${port === undefined ? '' : ` port ${port}`}${runs}`,
    by === undefined ? '' : ` by ${by}`,
    body['eval'] === true ? ', from code made at run time' : '',
  ]
  return messageText(parts.join(''))
}

function portOf(value: unknown): number | undefined {
  const port = numberOf(value)
  return port !== undefined && Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : undefined
}
