import type { DetectorOptions } from './detector.ts'
import { type Fields, objectAt, textAt } from './fields.ts'

/** The account an event is about: the one that received it, else the caller's. */
export function accountOf(record: Fields): string | undefined {
  return textAt(record, 'recipientAccountId') ?? textAt(objectAt(record, 'userIdentity'), 'accountId')
}

/** The account in an ARN, or the text itself where it is an account id; undefined for a service, `*` and the like. */
export function accountIn(principal: string): string | undefined {
  if (/^\d{12}$/.test(principal)) return principal
  const account = principal.startsWith('arn:') ? principal.split(':', 6)[4] : undefined
  return account && /^\d{12}$/.test(account) ? account : undefined
}

/** True where `account` is neither the event's own nor trusted. False where the event's own is unknown: nothing can be compared. */
export function isForeign(account: string, own: string | undefined, { trustedAccounts = [] }: DetectorOptions): boolean {
  return own !== undefined && account !== own && !trustedAccounts.includes(account)
}

/** An event's API call: its service (`lambda`) and its name without the API version that Lambda adds (`AddPermission20150331v2`). */
export function callOf(record: Fields): string {
  const service = textAt(record, 'eventSource')?.replace(/\.amazonaws\.com$/, '')
  return `${service}:${textAt(record, 'eventName')?.replace(/20\d{6}(v\d+)?$/, '')}`
}

/** The function that a Lambda call changed: its ARN where the answer tells, else what the caller wrote. */
export function functionIn(record: Fields): string {
  const named = textAt(objectAt(record, 'requestParameters'), 'functionName')
  return textAt(objectAt(record, 'responseElements'), 'functionArn') ?? named ?? 'a function'
}

/** The ARNs of a list of layers, which a request gives as texts and an answer as objects. */
export function layersIn(fields: Fields | undefined): readonly string[] | undefined {
  const layers = fields?.['layers']
  if (!Array.isArray(layers)) return undefined
  return layers
    .map(layer => (typeof layer === 'string' ? layer : textAt(layer as Fields, 'arn')))
    .filter(arn => arn !== undefined)
}
