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
const { template } = synthesize(join(folder, 'cdk.out'))
const stack = Template.fromJSON(template)

describe('the template', () => {
  it('needs no bootstrap stack: artefact locations are parameters', () => {
    const text = JSON.stringify(template)
    expect(text).not.toMatch(/cdk-hnb659fds|BootstrapVersion|aws-cdk:/)
    expect(Object.keys((template as { Parameters: object }).Parameters)).toEqual(
      expect.arrayContaining(['ArtefactBucket', 'LayerKey', 'IngestKey', 'ConfigKey', 'ProducerAccounts', 'OrganizationId']),
    )
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

  it('runs the tick each minute, one at a time', () => {
    stack.hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(1 minute)' })
    stack.hasResourceProperties('AWS::Lambda::Function', { Handler: 'index.tick', ReservedConcurrentExecutions: 1 })
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

  it('alarms on lateness, errors and refused records', () => {
    stack.resourceCountIs('AWS::CloudWatch::Alarm', 9)
    stack.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'GetRecords.IteratorAgeMilliseconds',
      Threshold: 300_000,
    })
  })

  it('refuses a config without a telemetry stream', () => {
    expect(() => synthesize(join(folder, 'none'), ['trail'])).toThrow(/telemetry/)
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
    const checked = new WeirStack(app, 'Weir', { streams: ['telemetry', 'trail'] })
    const prefix = 'object wildcards stand below one prefix of one bucket'
    const acknowledged: Record<string, string> = {
      'AwsSolutions::AwsSolutions-IAM5[Resource::<Bucket.Arn>/weir/spool/*]': prefix,
      'AwsSolutions::AwsSolutions-IAM5[Resource::<Bucket.Arn>/weir/quarantine/*]': prefix,
      'AwsSolutions::AwsSolutions-IAM5[Resource::<Bucket.Arn>/aws/lambda/*]': prefix,
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
