import { cloudTrail } from '../../samples.ts'
import { linuxProcesses } from './linux.ts'
import { realEvents } from './real.ts'
import type { Logged } from './text.ts'
import { webRequests } from './web.ts'
import { processCreation, windowsEvents } from './windows.ts'

export interface EventSet {
  readonly name: string
  readonly events: readonly Logged[]
}

/** CloudTrail with the callers of an ordinary account: mostly AWS's own services and users, each tenth an assumed role. */
const trail = (count: number): readonly Logged[] =>
  cloudTrail(count).map((record, at) => ({
    logsource: { product: 'aws', service: 'cloudtrail' },
    record: at % 10 === 9 ? record : { ...record, userIdentity: at % 3 === 0 ? user(at) : SERVICE },
  }))
const SERVICE = { type: 'AWSService', invokedBy: 'autoscaling.amazonaws.com' } as const
const user = (at: number): object => ({
  type: 'IAMUser',
  principalId: `AIDAEXAMPLEUSER${at % 40}`,
  arn: `arn:aws:iam::111122223333:user/operator-${at % 40}`,
  accountId: '111122223333',
  accessKeyId: `AKIAEXAMPLE${String(at % 40).padStart(4, '0')}`,
  userName: `operator-${at % 40}`,
})

/** The same events every time: made up, with the shape and size of real ones and few that match; and the public logs where they are. */
export function eventSets(count: number): readonly EventSet[] {
  const made = [
    { name: 'CloudTrail', events: trail(count) },
    { name: 'Windows process creation', events: processCreation(count) },
    { name: 'Windows, other', events: windowsEvents(count) },
    { name: 'Linux process creation', events: linuxProcesses(count) },
    { name: 'Web and proxy', events: webRequests(count) },
  ]
  const part = Math.ceil(count / made.length)
  const mixed = Array.from({ length: part }, (_, at) =>
    made.flatMap(({ events }) => {
      const event = events[at]
      return event ? [event] : []
    }),
  ).flat()
  const real = realEvents()
  return [...made, { name: 'all of these', events: mixed }, ...(real.length > 0 ? [{ name: 'public logs', events: real }] : [])]
}
