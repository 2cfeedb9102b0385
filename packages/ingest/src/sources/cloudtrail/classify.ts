import { CLASS } from '@weir/schema/ocsf'
import type { Activity } from '../shared/ocsf.ts'
import { type Fields, fieldsOf } from '../shared/values.ts'

const { apiActivity, authentication, accountChange } = CLASS

/** OCSF Authentication (3002) activities. */
const LOGON = 1
const LOGOFF = 2
const ACCOUNT_SWITCH = 7

/** OCSF Account Change (3001) activities. */
const CREATE = 1
const ENABLE = 2
const PASSWORD_CHANGE = 3
const PASSWORD_RESET = 4
const DISABLE = 5
const DELETE = 6
const ATTACH_POLICY = 7
const DETACH_POLICY = 8
const MFA_ENABLE = 10
const MFA_DISABLE = 11
const OTHER = 99

const CAPTIONS: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  [authentication]: { [LOGON]: 'Logon', [LOGOFF]: 'Logoff', [ACCOUNT_SWITCH]: 'Account Switch' },
  [accountChange]: {
    [CREATE]: 'Create',
    [ENABLE]: 'Enable',
    [PASSWORD_CHANGE]: 'Password Change',
    [PASSWORD_RESET]: 'Password Reset',
    [DISABLE]: 'Disable',
    [DELETE]: 'Delete',
    [ATTACH_POLICY]: 'Attach Policy',
    [DETACH_POLICY]: 'Detach Policy',
    [MFA_ENABLE]: 'MFA Factor Enable',
    [MFA_DISABLE]: 'MFA Factor Disable',
  },
  [apiActivity]: { 1: 'Create', 2: 'Read', 3: 'Update', 4: 'Delete' },
}

/** Somebody proves who they are, or becomes somebody else: event source → event name → activity. */
const AUTHENTICATION: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'signin.amazonaws.com': {
    ConsoleLogin: LOGON,
    GetSigninToken: LOGON,
    UserAuthentication: LOGON,
    CredentialChallenge: LOGON,
    CredentialVerification: LOGON,
    SwitchRole: ACCOUNT_SWITCH,
    ExitRole: ACCOUNT_SWITCH,
  },
  'sso.amazonaws.com': { Authenticate: LOGON, Federate: LOGON, Logout: LOGOFF },
  'sts.amazonaws.com': {
    AssumeRole: ACCOUNT_SWITCH,
    AssumeRoleWithSAML: ACCOUNT_SWITCH,
    AssumeRoleWithWebIdentity: ACCOUNT_SWITCH,
    AssumeRoot: ACCOUNT_SWITCH,
    GetSessionToken: LOGON,
    GetFederationToken: LOGON,
  },
}

/** Changes to users and roles, their credentials and their policies. Groups, and policies by themselves, are nobody's account. */
const ACCOUNT_CHANGE: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'signin.amazonaws.com': { PasswordUpdated: PASSWORD_CHANGE, PasswordRecoveryCompleted: PASSWORD_RESET },
  'iam.amazonaws.com': {
    CreateUser: CREATE,
    CreateRole: CREATE,
    CreateServiceLinkedRole: CREATE,
    DeleteUser: DELETE,
    DeleteRole: DELETE,
    DeleteServiceLinkedRole: DELETE,
    CreateLoginProfile: ENABLE,
    UpdateLoginProfile: PASSWORD_RESET,
    DeleteLoginProfile: DISABLE,
    ChangePassword: PASSWORD_CHANGE,
    AttachUserPolicy: ATTACH_POLICY,
    AttachRolePolicy: ATTACH_POLICY,
    PutUserPolicy: ATTACH_POLICY,
    PutRolePolicy: ATTACH_POLICY,
    PutUserPermissionsBoundary: ATTACH_POLICY,
    PutRolePermissionsBoundary: ATTACH_POLICY,
    DetachUserPolicy: DETACH_POLICY,
    DetachRolePolicy: DETACH_POLICY,
    DeleteUserPolicy: DETACH_POLICY,
    DeleteRolePolicy: DETACH_POLICY,
    DeleteUserPermissionsBoundary: DETACH_POLICY,
    DeleteRolePermissionsBoundary: DETACH_POLICY,
    EnableMFADevice: MFA_ENABLE,
    ResyncMFADevice: OTHER,
    DeactivateMFADevice: MFA_DISABLE,
    CreateAccessKey: OTHER,
    UpdateAccessKey: OTHER,
    DeleteAccessKey: OTHER,
    CreateServiceSpecificCredential: OTHER,
    ResetServiceSpecificCredential: OTHER,
    UpdateServiceSpecificCredential: OTHER,
    DeleteServiceSpecificCredential: OTHER,
    UploadSSHPublicKey: OTHER,
    UpdateSSHPublicKey: OTHER,
    DeleteSSHPublicKey: OTHER,
    UploadSigningCertificate: OTHER,
    UpdateSigningCertificate: OTHER,
    DeleteSigningCertificate: OTHER,
    UpdateUser: OTHER,
    UpdateRole: OTHER,
    UpdateRoleDescription: OTHER,
    UpdateAssumeRolePolicy: OTHER,
    AddUserToGroup: OTHER,
    RemoveUserFromGroup: OTHER,
    TagUser: OTHER,
    UntagUser: OTHER,
    TagRole: OTHER,
    UntagRole: OTHER,
  },
}

/** First words of API names → API Activity (6003): 1 Create, 2 Read, 3 Update, 4 Delete. Others are 99, by their own name. */
const VERBS: ReadonlyMap<string, number> = new Map([
  ...['Create', 'Run', 'Allocate', 'Register', 'Import', 'Copy', 'Publish', 'Upload', 'Issue', 'Request'].map(
    verb => [verb, 1] as const,
  ),
  ...['Get', 'Describe', 'List', 'Head', 'Batch', 'Lookup', 'Search', 'Query', 'Scan', 'Select', 'Download'].map(
    verb => [verb, 2] as const,
  ),
  ...['View', 'Check', 'Validate', 'Simulate', 'Preview', 'Filter', 'Poll', 'Receive', 'Export'].map(verb => [verb, 2] as const),
  ...['Update', 'Modify', 'Put', 'Set', 'Add', 'Attach', 'Associate', 'Enable', 'Start', 'Reboot', 'Tag'].map(
    verb => [verb, 3] as const,
  ),
  ...['Change', 'Replace', 'Reset', 'Authorize', 'Restore', 'Rotate', 'Resize', 'Failover', 'Accept', 'Grant'].map(
    verb => [verb, 3] as const,
  ),
  ...['Remove', 'Detach', 'Disassociate', 'Disable', 'Stop', 'Revoke', 'Untag', 'Reject', 'Suspend'].map(
    verb => [verb, 3] as const,
  ),
  ...['Delete', 'Terminate', 'Deregister', 'Release', 'Destroy', 'Purge', 'Cancel', 'Unsubscribe'].map(
    verb => [verb, 4] as const,
  ),
])

/** Lambda's API names carry an API version: `UpdateFunctionCode20150331v2`. Rules see it; a caption does not need it. */
export const withoutApiVersion = (eventName: string): string => eventName.replace(/20\d{6}(?:v\d+)?$/, '')

/** What a CloudTrail record is: Authentication, Account Change, or else API Activity. */
export function classify(eventSource: string, eventName: string, record: Fields): Activity {
  const logon = lookup(AUTHENTICATION, eventSource, eventName)
  if (logon !== undefined) return activity(authentication, logon, eventName)
  const change = lookup(ACCOUNT_CHANGE, eventSource, eventName)
  if (change !== undefined) return activity(accountChange, keyStatus(eventName, record) ?? change, eventName)
  const [verb = ''] = /^[A-Z][a-z]+/.exec(eventName) ?? []
  return activity(apiActivity, record['readOnly'] === true ? 2 : (VERBS.get(verb) ?? OTHER), eventName)
}

/** `UpdateAccessKey` turns a key on or off. */
function keyStatus(eventName: string, record: Fields): number | undefined {
  if (eventName !== 'UpdateAccessKey') return undefined
  const status = fieldsOf(record['requestParameters'])?.['status']
  return status === 'Inactive' ? DISABLE : status === 'Active' ? ENABLE : undefined
}

function activity(classUid: number, id: number, eventName: string): Activity {
  return { classUid, id, name: CAPTIONS[classUid]?.[id] ?? withoutApiVersion(eventName) }
}

function lookup(
  table: Readonly<Record<string, Readonly<Record<string, number>>>>,
  source: string,
  name: string,
): number | undefined {
  const names = Object.hasOwn(table, source) ? table[source] : undefined
  return names && Object.hasOwn(names, name) ? names[name] : undefined
}
