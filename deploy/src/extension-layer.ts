import { CfnDeletionPolicy, Fn } from 'aws-cdk-lib'
import { CfnManagedPolicy } from 'aws-cdk-lib/aws-iam'
import type { CfnStream } from 'aws-cdk-lib/aws-kinesis'
import type { CfnKey } from 'aws-cdk-lib/aws-kms'
import { CfnLayerVersion, CfnLayerVersionPermission } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import type { ArtefactKeys } from './ingest-function.ts'
import type { Parameters } from './parameters.ts'
import { PRODUCER_ACTIONS, throughKinesis } from './stream.ts'

/** The layer, and the policy that a function's role needs to ship telemetry. */
export function extensionLayer(
  scope: Construct,
  telemetry: CfnStream,
  key: CfnKey,
  parameters: Parameters,
  artefacts: ArtefactKeys,
): { readonly layer: CfnLayerVersion; readonly policy: CfnManagedPolicy } {
  const layer = new CfnLayerVersion(scope, 'Layer', {
    layerName: Fn.sub('${AWS::StackName}-extension'),
    description: 'Weir: the telemetry extension',
    compatibleArchitectures: ['arm64', 'x86_64'],
    content: { s3Bucket: parameters.artefactBucket, s3Key: Fn.sub(`\${ArtefactPrefix}${artefacts.layer}`) },
    licenseInfo: 'Apache-2.0',
  })
  const permission = new CfnLayerVersionPermission(scope, 'LayerForOrganization', {
    action: 'lambda:GetLayerVersion',
    layerVersionArn: layer.ref,
    principal: '*',
    organizationId: parameters.organizationId,
  })
  permission.cfnOptions.condition = parameters.hasOrganization
  // New code is a new version; functions name the old one until they are updated, and may only be deployed again while it is there.
  for (const { cfnOptions } of [layer, permission]) {
    cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN
    cfnOptions.deletionPolicy = CfnDeletionPolicy.DELETE
  }
  const policy = new CfnManagedPolicy(scope, 'ProducerPolicy', {
    description: 'Attach to the role of a function that has the Weir layer',
    policyDocument: {
      Version: '2012-10-17',
      Statement: [
        { Sid: 'Telemetry', Effect: 'Allow', Action: [...PRODUCER_ACTIONS], Resource: telemetry.attrArn },
        {
          Sid: 'TelemetryKey',
          Effect: 'Allow',
          Action: 'kms:GenerateDataKey',
          Resource: key.attrArn,
          Condition: { StringEquals: throughKinesis() },
        },
      ],
    },
  })
  return { layer, policy }
}
