import { Aws, type CfnCondition, CfnCondition as Condition, CfnParameter, Fn, type IResolvable } from 'aws-cdk-lib'
import type { Construct } from 'constructs'

/** What a person decides at deployment. Artefact locations are parameters, so the template needs no bootstrap stack. */
export interface Parameters {
  readonly artefactBucket: string
  /** Empty, or ending in `/`. */
  readonly artefactPrefix: string
  readonly artefactKeyArn: string
  readonly producerAccounts: string[]
  readonly organizationId: string
  readonly secretArns: string[]
  readonly parameterArns: string[]
  readonly secretKeyArns: string[]
  readonly alarmTopicArn: string
  readonly hasProducers: CfnCondition
  readonly hasOrganization: CfnCondition
  withAccounts(statement: object): IResolvable
  withOrganization(statement: object): IResolvable
  withSecrets(statement: object): IResolvable
  withParameters(statement: object): IResolvable
  withSecretKeys(statement: object): IResolvable
  withArtefactKey(statement: object): IResolvable
  withAlarmTopic(actions: string[]): IResolvable
}

export function parameters(scope: Construct): Parameters {
  const text = (id: string, description: string, fallback?: string): string =>
    new CfnParameter(scope, id, { type: 'String', description, ...(fallback === undefined ? {} : { default: fallback }) })
      .valueAsString
  const list = (id: string, description: string): string[] =>
    new CfnParameter(scope, id, { type: 'CommaDelimitedList', description, default: '' }).valueAsList

  const artefactBucket = text('ArtefactBucket', 'Bucket that holds the layer zip, the ingest zip and the config; in this region.')
  const artefactPrefix = text('ArtefactPrefix', 'Where in that bucket they lie: empty, or a path that ends in "/".', '')
  const artefactKeyArn = text('ArtefactKeyArn', 'KMS key of that bucket, by ARN; empty when it has none of its own.', '')
  const producerAccounts = list('ProducerAccounts', 'Other accounts whose functions may send telemetry, by id; empty for none.')
  const organizationId = text('OrganizationId', 'Organization whose functions may send telemetry, o-…; empty for none.', '')
  const secretArns = list(
    'SecretArns',
    'Secrets Manager secrets that the config refers to, by whole ARN, with its last six characters; empty for none.',
  )
  const parameterArns = list('ParameterArns', 'SSM parameters that the config refers to, by ARN; empty for none.')
  const secretKeyArns = list(
    'SecretKeyArns',
    'KMS keys of those secrets and parameters, by ARN; empty when they have none of their own.',
  )
  const alarmTopicArn = text('AlarmTopicArn', 'SNS topic that alarms notify; empty for none.', '')

  const given = (id: string, value: string): CfnCondition =>
    new Condition(scope, id, { expression: Fn.conditionNot(Fn.conditionEquals(value, '')) })
  const hasAccounts = given('HasProducerAccounts', Fn.join('', producerAccounts))
  const hasOrganization = given('HasOrganization', organizationId)
  const hasSecrets = given('HasSecrets', Fn.join('', secretArns))
  const hasParameters = given('HasParameters', Fn.join('', parameterArns))
  const hasSecretKeys = given('HasSecretKeys', Fn.join('', secretKeyArns))
  const hasArtefactKey = given('HasArtefactKey', artefactKeyArn)
  const hasAlarmTopic = given('HasAlarmTopic', alarmTopicArn)
  const hasProducers = new Condition(scope, 'HasProducers', { expression: Fn.conditionOr(hasAccounts, hasOrganization) })
  const when =
    (condition: CfnCondition) =>
    (value: object): IResolvable =>
      Fn.conditionIf(condition.logicalId, value, Aws.NO_VALUE)

  return {
    artefactBucket,
    artefactPrefix,
    artefactKeyArn,
    producerAccounts,
    organizationId,
    secretArns,
    parameterArns,
    secretKeyArns,
    alarmTopicArn,
    hasProducers,
    hasOrganization,
    withAccounts: when(hasAccounts),
    withOrganization: when(hasOrganization),
    withSecrets: when(hasSecrets),
    withParameters: when(hasParameters),
    withSecretKeys: when(hasSecretKeys),
    withArtefactKey: when(hasArtefactKey),
    withAlarmTopic: when(hasAlarmTopic),
  }
}
