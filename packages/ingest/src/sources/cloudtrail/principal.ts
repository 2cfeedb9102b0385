import { awsAccount } from '../shared/ocsf.ts'
import { type Fields, fieldsOf, rest, some, textOf, timeOf } from '../shared/values.ts'

/** `userIdentity.type` → OCSF `user.type_id`: 1 User, 2 Admin, 4 Service; a role is neither and keeps its own word (99). */
const TYPES: Readonly<Record<string, number>> = {
  Root: 2,
  IAMUser: 1,
  IdentityCenterUser: 1,
  FederatedUser: 1,
  SAMLUser: 1,
  WebIdentityUser: 1,
  Directory: 1,
  AWSService: 4,
}

/** What of `userIdentity` has a place in `actor`. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html */
const PLACED = {
  type: 'text',
  principalId: 'text',
  arn: 'text',
  accountId: 'text',
  accessKeyId: 'text',
  userName: 'text',
  invokedBy: 'text',
} as const

/** `userIdentity`: who did it. */
export interface Principal {
  /** OCSF actor; always names somebody. */
  readonly actor: Fields
  /** The user in it, also where the class asks for one by itself. */
  readonly user: Fields
  readonly name: string
  readonly accountId: string | undefined
  readonly mfa: boolean | undefined
  /** The Lambda function whose credentials were used. */
  readonly function: string | undefined
  /** What has no place in OCSF. */
  readonly rest: Fields | undefined
}

/** Reads `userIdentity`. `service` stands in where nobody is named. */
export function principalOf(value: unknown, service: string): Principal {
  const identity = fieldsOf(value) ?? {}
  const context = fieldsOf(identity['sessionContext'])
  const attributes = fieldsOf(context?.['attributes'])
  const issuer = fieldsOf(context?.['sessionIssuer'])
  const scope = fieldsOf(identity['inScopeOf'])
  const type = textOf(identity['type'])
  const arn = textOf(identity['arn'])
  const principalId = textOf(identity['principalId'])
  const accountId = textOf(identity['accountId'])
  const invokedBy = textOf(identity['invokedBy'])
  const issuedTo = scope?.['issuerType'] === 'AWS::Lambda::Function' ? textOf(scope['credentialsIssuedTo']) : undefined
  const mfa = mfaOf(attributes?.['mfaAuthenticated'])
  const name =
    textOf(identity['userName']) ??
    textOf(issuer?.['userName']) ??
    (type === 'Root' ? 'root' : undefined) ??
    arn?.split('/').at(-1) ??
    invokedBy ??
    principalId
  const user = some({
    name,
    uid: arn ?? principalId,
    uid_alt: arn === undefined ? undefined : principalId,
    type,
    type_id: type === undefined ? undefined : Object.hasOwn(TYPES, type) ? TYPES[type] : 99,
    credential_uid: textOf(identity['accessKeyId']),
    account: awsAccount(accountId),
  })
  const session = some({
    uid: /^A[A-Z0-9]{7,}:(.+)$/.exec(principalId ?? '')?.[1],
    issuer: textOf(issuer?.['arn']),
    created_time: timeOf(attributes?.['creationDate']),
    is_mfa: mfa,
  })
  const named =
    user && (user['name'] !== undefined || user['uid'] !== undefined || user['account'] !== undefined) ? user : undefined
  const provider =
    textOf(identity['identityProvider']) ?? textOf(fieldsOf(context?.['webIdFederationData'])?.['federatedProvider'])
  return {
    actor: some({
      user: named,
      session,
      invoked_by: invokedBy ?? (named || session ? undefined : service),
      app_uid: issuedTo,
      idp: provider === undefined ? undefined : { name: provider },
    }) ?? { invoked_by: service },
    user: named ?? { name: type ?? service },
    name: name ?? type ?? service,
    accountId,
    mfa,
    function: issuedTo,
    rest: rest(identity, named ? PLACED : { invokedBy: 'text' }),
  }
}

/** CloudTrail writes truth as text: `"true"`. */
function mfaOf(value: unknown): boolean | undefined {
  return value === 'true' || value === true ? true : value === 'false' || value === false ? false : undefined
}
