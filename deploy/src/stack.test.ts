import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, Validations } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { AwsSolutionsChecks } from 'cdk-nag'
import { afterAll, describe, expect, it } from 'vitest'
import { synthesize } from './app.ts'
import { statements, tooBroad } from './policies.ts'
import { WeirStack } from './stack.ts'

const folder = mkdtempSync(join(tmpdir(), 'weir-deploy-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const artefacts = { layer: 'weir-layer-1.zip', ingest: 'weir-ingest-2.zip', config: 'config/3.json' }
const props = { streams: ['telemetry', 'trail'], artefacts }
const { template } = synthesize(join(folder, 'cdk.out'), props)
const stack = Template.fromJSON(template)

describe('the template', () => {
  it('needs no bootstrap stack: artefact locations are parameters', () => {
    const text = JSON.stringify(template)
    expect(text).not.toMatch(/cdk-hnb659fds|BootstrapVersion|aws-cdk:/)
    expect(Object.keys((template as { Parameters: object }).Parameters)).toEqual(
      expect.arrayContaining(['ArtefactBucket', 'ArtefactPrefix', 'ProducerAccounts', 'OrganizationId']),
    )
  })

  it('names the artefacts itself: an update keeps the values of parameters, and must not keep old code', () => {
    const at = (key: string) => ({ S3Bucket: { Ref: 'ArtefactBucket' }, S3Key: { 'Fn::Sub': `\${ArtefactPrefix}${key}` } })
    stack.allResourcesProperties('AWS::Lambda::Function', { Code: at(artefacts.ingest) })
    stack.hasResourceProperties('AWS::Lambda::LayerVersion', { Content: at(artefacts.layer) })
    const WEIR_CONFIG = { 'Fn::Sub': `s3://\${ArtefactBucket}/\${ArtefactPrefix}${artefacts.config}` }
    stack.allResourcesProperties('AWS::Lambda::Function', { Environment: { Variables: Match.objectLike({ WEIR_CONFIG }) } })
    const readable = statements(template).find(({ sid }) => sid === 'Config')
    expect(readable?.resources).toEqual([
      { 'Fn::Sub': `arn:\${AWS::Partition}:s3:::\${ArtefactBucket}/\${ArtefactPrefix}${artefacts.config}` },
    ])
  })

  it('keeps what it stored, and the key without which nobody could read it', () => {
    const resources = (
      template as { Resources: Record<string, { Type: string; DeletionPolicy?: string; UpdateReplacePolicy?: string }> }
    ).Resources
    const kept = Object.values(resources).filter(({ DeletionPolicy = 'Delete' }) => DeletionPolicy !== 'Delete')
    expect(kept.map(({ Type }) => Type).toSorted()).toEqual(['AWS::DynamoDB::Table', 'AWS::KMS::Key', 'AWS::S3::Bucket'])
    for (const each of kept) {
      expect([each.DeletionPolicy, each.UpdateReplacePolicy]).toEqual(['RetainExceptOnCreate', 'Retain'])
    }
    expect(resources['Layer']?.UpdateReplacePolicy).toBe('Retain')
  })

  it('says all that an installation asks for', () => {
    expect(Object.keys((template as { Outputs: object }).Outputs).toSorted()).toEqual([
      'KeyArn',
      'LayerArn',
      'LogsRoleArn',
      'ProducerPolicyArn',
      'StoreBucket',
      'TelemetryStreamArn',
      'TrailStreamArn',
    ])
  })

  it('has a runtime layer for each architecture where they were built', () => {
    const runtimes = { x86_64: 'weir-runtime-x86_64-4.zip', arm64: 'weir-runtime-arm64-5.zip' }
    const built = synthesize(join(folder, 'runtimes'), { ...props, artefacts: { ...artefacts, runtimes } }).template
    const [own, more] = [Template.fromJSON(template), Template.fromJSON(built)]
    own.resourceCountIs('AWS::Lambda::LayerVersion', 1)
    more.resourceCountIs('AWS::Lambda::LayerVersion', 3)
    for (const [architecture, zip] of Object.entries(runtimes)) {
      more.hasResourceProperties('AWS::Lambda::LayerVersion', {
        CompatibleArchitectures: [architecture],
        Content: { S3Key: { 'Fn::Sub': `\${ArtefactPrefix}${zip}` } },
      })
    }
    const outputs = Object.keys((built as { Outputs: object }).Outputs)
    expect(outputs).toEqual(expect.arrayContaining(['LayerArn', 'RuntimeLayerX8664Arn', 'RuntimeLayerArm64Arn']))
    expect(JSON.stringify(built).length).toBeLessThan(51_200)
  })

  it('encrypts each stream with the key and keeps it a week', () => {
    stack.resourceCountIs('AWS::Kinesis::Stream', 2)
    stack.allResourcesProperties('AWS::Kinesis::Stream', {
      RetentionPeriodHours: 168,
      StreamEncryption: { EncryptionType: 'KMS', KeyId: Match.anyValue() },
    })
  })

  it('maps each stream to the function with partial failures, bisection and an S3 destination', () => {
    stack.resourceCountIs('AWS::Lambda::EventSourceMapping', 2)
    stack.allResourcesProperties('AWS::Lambda::EventSourceMapping', {
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 50,
      MetricsConfig: { Metrics: ['EventCount'] },
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Bucket'), 'Arn'] } } },
    })
  })

  it('runs the tick each minute, lets none queue up, and ends each before the next', () => {
    stack.hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(1 minute)' })
    stack.hasResourceProperties('AWS::Lambda::Function', { Handler: 'index.tick', Timeout: 60 })
    stack.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: 'TickFunction' },
      MaximumEventAgeInSeconds: 60,
      MaximumRetryAttempts: 0,
    })
    expect(JSON.stringify(template)).not.toContain('ReservedConcurrentExecutions') // an account may have ten in all
  })

  it('gives the table the index of what is due, and the tick alone may ask it', () => {
    stack.hasResourceProperties('AWS::DynamoDB::Table', {
      GlobalSecondaryIndexes: [
        {
          IndexName: 'wake',
          KeySchema: [
            { AttributeName: 'wake', KeyType: 'HASH' },
            { AttributeName: 'wakeAt', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['key'] },
        },
      ],
    })
    const state = statements(template).filter(({ actions }) => actions.some(action => action.startsWith('dynamodb:')))
    expect(state.map(({ resource, actions }) => `${resource} ${actions.join()}`)).toEqual([
      'IngestRole dynamodb:GetItem,dynamodb:PutItem,dynamodb:BatchWriteItem',
      'TickRole dynamodb:Query',
      'TickRole dynamodb:GetItem,dynamodb:PutItem,dynamodb:BatchWriteItem',
    ])
    expect(state[1]?.resources).toEqual([{ 'Fn::Join': ['', [{ 'Fn::GetAtt': ['StateTable', 'Arn'] }, '/index/wake']] }])
  })

  it('closes the bucket, and lets nobody in without TLS', () => {
    stack.hasResourceProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    })
    const tls = statements(template).find(statement => statement.sid === 'TlsOnly')
    expect(tls).toMatchObject({ effect: 'Deny', condition: { Bool: { 'aws:SecureTransport': 'false' } } })
  })

  it('lets producer accounts and an organization put records and ask for data keys, and nothing else', () => {
    const producers = statements(template).filter(({ sid }) => sid === 'ProducerAccounts' || sid === 'Organization')
    expect(producers.map(({ resourceType, sid, actions }) => `${resourceType} ${sid} ${actions.join()}`).toSorted()).toEqual([
      'AWS::KMS::Key Organization kms:GenerateDataKey',
      'AWS::KMS::Key ProducerAccounts kms:GenerateDataKey',
      'AWS::Kinesis::ResourcePolicy Organization kinesis:PutRecords',
      'AWS::Kinesis::ResourcePolicy ProducerAccounts kinesis:PutRecords',
    ])
  })

  it('gives a function that ships telemetry two permissions', () => {
    const own = statements(template).filter(({ resourceType }) => resourceType === 'AWS::IAM::ManagedPolicy')
    expect(own.flatMap(({ actions }) => actions).toSorted()).toEqual(['kinesis:PutRecords', 'kms:GenerateDataKey'])
  })

  it('lets CloudWatch Logs write logs of this account to the streams for logs, and not to telemetry', () => {
    const role = statements(template).filter(({ resource }) => resource === 'LogsRole')
    expect(role.map(({ sid, actions, resources }) => [sid, actions.join(), resources])).toEqual([
      ['LogsOfThisAccount', 'sts:AssumeRole', []],
      ['Logs', 'kinesis:PutRecord,kinesis:PutRecords', [{ 'Fn::GetAtt': ['TrailStream', 'Arn'] }]],
      ['LogsKey', 'kms:GenerateDataKey', [{ 'Fn::GetAtt': ['Key', 'Arn'] }]],
    ])
    expect(role[0]?.condition).toEqual({
      ArnLike: { 'aws:SourceArn': { 'Fn::Sub': 'arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*' } },
    })
    const { template: alone } = synthesize(join(folder, 'alone'), { ...props, streams: ['telemetry'] })
    expect(JSON.stringify(alone)).not.toContain('LogsRole')
  })

  it('reads secrets and artefacts under keys of their own, where a parameter names them', () => {
    const keys = statements(template).filter(({ sid }) => sid === 'SecretKeys' || sid === 'ArtefactKey')
    expect(keys.map(({ resource, sid, actions }) => `${resource} ${sid} ${actions.join()}`)).toEqual([
      'IngestRole SecretKeys kms:Decrypt',
      'IngestRole ArtefactKey kms:Decrypt',
      'TickRole SecretKeys kms:Decrypt',
      'TickRole ArtefactKey kms:Decrypt',
    ])
    for (const { condition } of keys) expect(JSON.stringify(condition)).toContain('kms:ViaService')
  })

  it('reads rule packs below one prefix: of its own bucket, or of the one that the config names', () => {
    const packs = (of: object) => statements(of).filter(({ sid }) => sid === 'RulePacks')
    expect(packs(template).map(({ resource, actions, resources }) => [resource, actions, resources])).toEqual(
      ['IngestRole', 'TickRole'].map(role => [
        role,
        ['s3:GetObject'],
        [{ 'Fn::Join': ['', [{ 'Fn::GetAtt': ['Bucket', 'Arn'] }, '/weir/rules/*']] }],
      ]),
    )
    const elsewhere = { ...props, packs: { bucket: 'rules-of-ours', prefix: 'weir/eu' } }
    const { template: other } = synthesize(join(folder, 'packs'), elsewhere)
    expect(packs(other).flatMap(({ resources }) => resources)).toEqual(
      Array.from({ length: 2 }, () => ({ 'Fn::Sub': 'arn:${AWS::Partition}:s3:::rules-of-ours/weir/eu/*' })),
    )
  })

  it('alarms at once on what happens once, and on the rest when it lasts', () => {
    const found = Object.values(stack.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties)
    const once = found.filter(({ EvaluationPeriods, DatapointsToAlarm }) => EvaluationPeriods === 1 && DatapointsToAlarm === 1)
    expect(once.map(({ MetricName }) => String(MetricName)).toSorted()).toEqual([
      'Errors',
      'Errors',
      'IngestLogErrors',
      'OnFailureDestinationDeliveredEventCount',
      'OnFailureDestinationDeliveredEventCount',
      'PutRequests',
      'TickLogErrors',
    ])
    expect(found.length - once.length).toBe(6)
    stack.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'GetRecords.IteratorAgeMilliseconds',
      Threshold: 300_000,
      EvaluationPeriods: 5,
    })
  })

  it('counts what its alarms count: writes to spool and quarantine, and errors in its own log', () => {
    stack.hasResourceProperties('AWS::S3::Bucket', {
      MetricsConfigurations: [
        { Id: 'spool', Prefix: 'weir/spool/' },
        { Id: 'quarantine', Prefix: 'weir/quarantine/' },
      ],
    })
    stack.resourceCountIs('AWS::Logs::MetricFilter', 2)
    stack.allResourcesProperties('AWS::Logs::MetricFilter', { FilterPattern: '{ $.level >= 50 }' })
  })

  it('tells apart streams whose names differ by a dash, and takes one that starts with a digit', () => {
    const streams = ['telemetry', 'a-1', 'a1', 'a-b', 'a--b', 'ab', '1a']
    const { template: many } = synthesize(join(folder, 'many'), { ...props, streams })
    Template.fromJSON(many).resourceCountIs('AWS::Kinesis::Stream', streams.length)
    Template.fromJSON(many).resourceCountIs('AWS::Lambda::EventSourceMapping', streams.length)
  })

  it('refuses a config without a telemetry stream', () => {
    expect(() => synthesize(join(folder, 'none'), { ...props, streams: ['trail'] })).toThrow(/telemetry/)
  })
})

describe('the policies', () => {
  it('name no action or resource by *', () => {
    expect(statements(template).length).toBeGreaterThan(15)
    expect(tooBroad(template)).toEqual([])
  })

  it('would be caught if they did', () => {
    const broad = { Effect: 'Allow', Sid: 'Broad', Action: ['s3:*'], Resource: '*' }
    const open = { Effect: 'Allow', Sid: 'Open', Action: 'kinesis:PutRecords', Resource: 'arn:x', Principal: { AWS: '*' } }
    const hidden = { 'Fn::If': ['Some', broad, { Ref: 'AWS::NoValue' }] }
    const bad = {
      Resources: { R: { Type: 'AWS::IAM::Role', Properties: { Policies: [{ PolicyDocument: { Statement: [hidden, open] } }] } } },
    }
    expect(tooBroad(bad)).toEqual(['R Broad: action s3:*', 'R Broad: resource *', 'R Open: anyone, without a condition'])
  })

  it('pass the AWS Solutions checks', () => {
    const app = new App({ outdir: join(folder, 'nag'), analyticsReporting: false })
    const checked = new WeirStack(app, 'Weir', props)
    const prefix = 'object wildcards stand below one prefix of one bucket'
    const acknowledged: Record<string, string> = {
      'AwsSolutions::AwsSolutions-IAM5[Resource::<Bucket.Arn>/weir/spool/*]': prefix,
      'AwsSolutions::AwsSolutions-IAM5[Resource::<Bucket.Arn>/weir/quarantine/*]': prefix,
      'AwsSolutions::AwsSolutions-IAM5[Resource::<Bucket.Arn>/aws/lambda/*]': prefix,
      'AwsSolutions::AwsSolutions-IAM5[Resource::<Bucket.Arn>/weir/rules/*]': prefix,
      'AwsSolutions::AwsSolutions-S1': 'who reads the bucket is in CloudTrail data events, where an account wants them',
      'AwsSolutions::AwsSolutions-KDS3': "a key of the stack's own can be given to producer accounts, aws/kinesis cannot",
    }
    for (const [id, reason] of Object.entries(acknowledged)) Validations.of(checked).acknowledge({ id, reason })
    Validations.of(app).addPlugins(new AwsSolutionsChecks())
    const failed: string[] = []
    try {
      app.synth()
    } catch (error) {
      failed.push(error instanceof Error ? error.message : String(error))
    }
    expect(failed).toEqual([])
  })
})
