import { CfnDeletionPolicy, type CfnResource, Fn } from 'aws-cdk-lib'
import { CfnTable } from 'aws-cdk-lib/aws-dynamodb'
import type { CfnKey } from 'aws-cdk-lib/aws-kms'
import { CfnBucket, CfnBucketPolicy } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'

/** As ingest's DynamoDB state asks for it. */
export const WAKE_INDEX = 'wake'

/** Where Weir keeps what it must not lose: spool, quarantine and failed batches in a bucket; state and ledger in a table. */
export interface Store {
  readonly bucket: CfnBucket
  readonly table: CfnTable
}

export function store(scope: Construct, key: CfnKey): Store {
  const bucket = new CfnBucket(scope, 'Bucket', {
    bucketEncryption: {
      serverSideEncryptionConfiguration: [
        { bucketKeyEnabled: true, serverSideEncryptionByDefault: { sseAlgorithm: 'aws:kms', kmsMasterKeyId: key.attrArn } },
      ],
    },
    publicAccessBlockConfiguration: {
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    },
    ownershipControls: { rules: [{ objectOwnership: 'BucketOwnerEnforced' }] },
    versioningConfiguration: { status: 'Enabled' },
    lifecycleConfiguration: {
      rules: [
        // A spool entry that was sent is deleted; its old version is only a net under a mistake.
        { id: 'old-versions', status: 'Enabled', noncurrentVersionExpiration: { noncurrentDays: 7 } },
        { id: 'torn-uploads', status: 'Enabled', abortIncompleteMultipartUpload: { daysAfterInitiation: 1 } },
        { id: 'quarantine', status: 'Enabled', prefix: 'weir/quarantine/', expirationInDays: 365 },
      ],
    },
    // The alarms count what is written there, each minute.
    metricsConfigurations: [
      { id: 'spool', prefix: 'weir/spool/' },
      { id: 'quarantine', prefix: 'weir/quarantine/' },
    ],
  })
  const objects = Fn.join('', [bucket.attrArn, '/*'])
  new CfnBucketPolicy(scope, 'BucketPolicy', {
    bucket: bucket.ref,
    policyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'TlsOnly',
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:*',
          Resource: [bucket.attrArn, objects],
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ],
    },
  })
  const table = new CfnTable(scope, 'StateTable', {
    billingMode: 'PAY_PER_REQUEST',
    attributeDefinitions: [
      { attributeName: 'pk', attributeType: 'S' },
      { attributeName: 'wake', attributeType: 'S' },
      { attributeName: 'wakeAt', attributeType: 'N' },
    ],
    keySchema: [{ attributeName: 'pk', keyType: 'HASH' }],
    // The windows that close without an event: only items that wait for one are in it.
    globalSecondaryIndexes: [
      {
        indexName: WAKE_INDEX,
        keySchema: [
          { attributeName: 'wake', keyType: 'HASH' },
          { attributeName: 'wakeAt', keyType: 'RANGE' },
        ],
        projection: { projectionType: 'INCLUDE', nonKeyAttributes: ['key'] },
      },
    ],
    timeToLiveSpecification: { attributeName: 'expiresAt', enabled: true },
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    sseSpecification: { sseEnabled: true, sseType: 'KMS', kmsMasterKeyId: key.attrArn },
    deletionProtectionEnabled: false,
  })
  return { bucket: kept(bucket), table: kept(table) } // spool and quarantine; the ledger, which proves what became of them
}

/** Outlives the stack, and a replacement of it; but a stack that could not be created leaves nothing behind. */
export function kept<Resource extends CfnResource>(resource: Resource): Resource {
  resource.cfnOptions.deletionPolicy = CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE
  resource.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN
  return resource
}
