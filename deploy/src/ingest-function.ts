import type { Architecture } from '@weir/extension/runtime'
import { Fn } from 'aws-cdk-lib'
import { CfnRole } from 'aws-cdk-lib/aws-iam'
import type { CfnStream } from 'aws-cdk-lib/aws-kinesis'
import type { CfnKey } from 'aws-cdk-lib/aws-kms'
import { CfnEventInvokeConfig, CfnEventSourceMapping, CfnFunction } from 'aws-cdk-lib/aws-lambda'
import { CfnLogGroup } from 'aws-cdk-lib/aws-logs'
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler'
import type { Construct } from 'constructs'
import type { Parameters } from './parameters.ts'
import { type Store, WAKE_INDEX } from './store.ts'
import { pascal } from './stream.ts'

/** The stream function with its event source mappings, and the tick with its schedule. */
export interface IngestFunction {
  readonly ingest: CfnFunction
  readonly tick: CfnFunction
  /** The functions' own log groups. */
  readonly logs: { readonly Ingest: CfnLogGroup; readonly Tick: CfnLogGroup }
  /** By stream. */
  readonly mappings: ReadonlyMap<string, CfnEventSourceMapping>
}

interface Around {
  readonly key: CfnKey
  readonly store: Store
  readonly streams: ReadonlyMap<string, CfnStream>
  readonly parameters: Parameters
  readonly artefacts: ArtefactKeys
  /** Where rule packs are published, if not in the stack's own bucket. */
  readonly packs: PackBucket | undefined
}

export interface PackBucket {
  readonly bucket: string
  /** Without a slash at its end; empty for the whole bucket. */
  readonly prefix: string
}

/** Keys of the artefacts, below the artefact bucket's prefix. */
export interface ArtefactKeys {
  readonly layer: string
  /** The runtime layers, where they were built. */
  readonly runtimes?: Readonly<Record<Architecture, string>>
  readonly ingest: string
  readonly config: string
}

const INGEST_TIMEOUT_S = 120
/** A tick ends before the next begins. */
const TICK_TIMEOUT_S = 60
/** Where Lambda writes invocation records in an S3 on-failure destination. */
const ON_FAILURE_PREFIX = 'aws/lambda/'

export function ingestFunction(scope: Construct, around: Around): IngestFunction {
  const { store, streams } = around
  const { made: ingest, logs: ingestLogs } = lambdaFunction(scope, 'Ingest', 'index.handler', INGEST_TIMEOUT_S, around, [
    {
      Sid: 'ReadStreams',
      Effect: 'Allow',
      Action: [
        'kinesis:DescribeStream',
        'kinesis:DescribeStreamSummary',
        'kinesis:GetRecords',
        'kinesis:GetShardIterator',
        'kinesis:ListShards',
      ],
      Resource: [...streams.values()].map(each => each.attrArn),
    },
    // The mapping writes on-failure records under the function's own role.
    {
      Sid: 'Spool',
      Effect: 'Allow',
      Action: 's3:PutObject',
      Resource: [objects(store, 'weir/spool/*'), objects(store, 'weir/quarantine/*'), objects(store, `${ON_FAILURE_PREFIX}*`)],
    },
    { Sid: 'OnFailureBucket', Effect: 'Allow', Action: 's3:ListBucket', Resource: store.bucket.attrArn },
  ])
  const mappings = new Map<string, CfnEventSourceMapping>()
  for (const [name, each] of streams) {
    const mapping = new CfnEventSourceMapping(scope, `${pascal(name)}Mapping`, {
      functionName: ingest.ref,
      eventSourceArn: each.attrArn,
      startingPosition: 'TRIM_HORIZON',
      batchSize: 500,
      maximumBatchingWindowInSeconds: 2,
      parallelizationFactor: 2,
      functionResponseTypes: ['ReportBatchItemFailures'],
      bisectBatchOnFunctionError: true,
      maximumRetryAttempts: 50,
      destinationConfig: { onFailure: { destination: store.bucket.attrArn } },
      metricsConfig: { metrics: ['EventCount'] }, // without it, nobody counts what was given up
    })
    mappings.set(name, mapping)
  }
  const { made: tick, logs: tickLogs } = lambdaFunction(scope, 'Tick', 'index.tick', TICK_TIMEOUT_S, around, [
    {
      Sid: 'DrainSpool',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      Resource: objects(store, 'weir/spool/*'),
    },
    { Sid: 'Quarantine', Effect: 'Allow', Action: 's3:PutObject', Resource: objects(store, 'weir/quarantine/*') },
    {
      Sid: 'CollectFailures',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:DeleteObject'],
      Resource: objects(store, `${ON_FAILURE_PREFIX}*`),
    },
    {
      Sid: 'List',
      Effect: 'Allow',
      // For any prefix: S3 says of a rule pack that is not there that it is forbidden where a condition names prefixes.
      Action: 's3:ListBucket',
      Resource: store.bucket.attrArn,
    },
    {
      Sid: 'DueWindows',
      Effect: 'Allow',
      Action: 'dynamodb:Query',
      Resource: Fn.join('', [store.table.attrArn, `/index/${WAKE_INDEX}`]),
    },
  ])
  // The schedule invokes asynchronously. A missed tick is worth nothing after the next one: none may queue up, as they would for six hours.
  new CfnEventInvokeConfig(scope, 'TickInvocations', {
    functionName: tick.ref,
    qualifier: '$LATEST',
    maximumEventAgeInSeconds: 60,
    maximumRetryAttempts: 0,
  })
  const role = new CfnRole(scope, 'ScheduleRole', {
    assumeRolePolicyDocument: assumedBy('scheduler.amazonaws.com', {
      StringEquals: { 'aws:SourceAccount': Fn.ref('AWS::AccountId') },
    }),
    policies: [policy('invoke', [{ Sid: 'Invoke', Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: tick.attrArn }])],
  })
  new CfnSchedule(scope, 'TickSchedule', {
    description: 'Weir: closes windows, drains spools, collects failed batches',
    scheduleExpression: 'rate(1 minute)',
    flexibleTimeWindow: { mode: 'OFF' },
    target: { arn: tick.attrArn, roleArn: role.attrArn, retryPolicy: { maximumRetryAttempts: 0 } },
  })
  return { ingest, tick, logs: { Ingest: ingestLogs, Tick: tickLogs }, mappings }
}

/** A function with a log group of its own and a role that holds what both doors need, and what is given. */
function lambdaFunction(
  scope: Construct,
  id: string,
  handler: string,
  timeout: number,
  around: Around,
  statements: readonly object[],
): { readonly made: CfnFunction; readonly logs: CfnLogGroup } {
  const { key, store, parameters, artefacts, packs } = around
  const configKey = `\${ArtefactBucket}/\${ArtefactPrefix}${artefacts.config}`
  const logs = new CfnLogGroup(scope, `${id}Logs`, {
    logGroupName: Fn.sub(`/weir/\${AWS::StackName}/${id.toLowerCase()}`),
    retentionInDays: 90,
    kmsKeyId: key.attrArn,
  })
  const role = new CfnRole(scope, `${id}Role`, {
    assumeRolePolicyDocument: assumedBy('lambda.amazonaws.com'),
    policies: [
      policy('weir', [
        ...statements,
        {
          Sid: 'State',
          Effect: 'Allow',
          Action: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:BatchWriteItem'],
          Resource: store.table.attrArn,
        },
        {
          Sid: 'Key',
          Effect: 'Allow',
          Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
          Resource: key.attrArn,
          Condition: through('kinesis', 's3', 'dynamodb'),
        },
        {
          Sid: 'Config',
          Effect: 'Allow',
          Action: 's3:GetObject',
          Resource: Fn.sub(`arn:\${AWS::Partition}:s3:::${configKey}`),
        },
        {
          Sid: 'RulePacks',
          Effect: 'Allow',
          Action: 's3:GetObject',
          Resource: packs ? packsIn(packs) : objects(store, 'weir/rules/*'),
        },
        { Sid: 'Logs', Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: logs.attrArn },
        parameters.withSecrets({
          Sid: 'Secrets',
          Effect: 'Allow',
          Action: 'secretsmanager:GetSecretValue',
          Resource: parameters.secretArns,
        }),
        parameters.withParameters({
          Sid: 'Parameters',
          Effect: 'Allow',
          Action: 'ssm:GetParameter',
          Resource: parameters.parameterArns,
        }),
        parameters.withSecretKeys({
          Sid: 'SecretKeys',
          Effect: 'Allow',
          Action: 'kms:Decrypt',
          Resource: parameters.secretKeyArns,
          Condition: through('secretsmanager', 'ssm'),
        }),
        parameters.withArtefactKey({
          Sid: 'ArtefactKey',
          Effect: 'Allow',
          Action: 'kms:Decrypt',
          Resource: parameters.artefactKeyArn,
          Condition: through('s3'),
        }),
      ]),
    ],
  })
  const made = new CfnFunction(scope, `${id}Function`, {
    description: `Weir: ${id.toLowerCase()}`,
    runtime: 'nodejs24.x',
    architectures: ['arm64'],
    handler,
    code: { s3Bucket: parameters.artefactBucket, s3Key: Fn.sub(`\${ArtefactPrefix}${artefacts.ingest}`) },
    role: role.attrArn,
    memorySize: 1024,
    timeout,
    loggingConfig: { logGroup: logs.ref, logFormat: 'JSON' },
    environment: {
      variables: {
        WEIR_CONFIG: Fn.sub(`s3://${configKey}`),
        WEIR_STATE_TABLE: store.table.ref,
        WEIR_BUCKET: store.bucket.ref,
        WEIR_STREAM_PREFIX: Fn.sub('${AWS::StackName}-'),
      },
    },
  })
  return { made, logs }
}

const objects = (store: Store, path: string): string => Fn.join('', [store.bucket.attrArn, '/', path])
const packsIn = ({ bucket, prefix }: PackBucket): string =>
  Fn.sub(`arn:\${AWS::Partition}:s3:::${[bucket, ...(prefix ? [prefix] : []), '*'].join('/')}`)
/** A key's condition: only these services may use it on the role's behalf. */
const through = (...services: string[]) => ({
  StringEquals: { 'kms:ViaService': services.map(service => Fn.sub(`${service}.\${AWS::Region}.amazonaws.com`)) },
})
const policy = (policyName: string, statements: readonly object[]) => ({
  policyName,
  policyDocument: { Version: '2012-10-17', Statement: statements },
})
const assumedBy = (service: string, condition?: object) => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: service },
      Action: 'sts:AssumeRole',
      ...(condition ? { Condition: condition } : {}),
    },
  ],
})
