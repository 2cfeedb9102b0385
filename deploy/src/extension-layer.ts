import { Fn } from 'aws-cdk-lib'
import { CfnManagedPolicy } from 'aws-cdk-lib/aws-iam'
import type { CfnStream } from 'aws-cdk-lib/aws-kinesis'
import type { CfnKey } from 'aws-cdk-lib/aws-kms'
import { CfnLayerVersion, CfnLayerVersionPermission } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import type { Parameters } from './parameters.ts'
import { PRODUCER_ACTIONS } from './stream.ts'

/** The layer, and the policy that a function's role needs to ship telemetry. */
export function extensionLayer(scope: Construct, telemetry: CfnStream, key: CfnKey, parameters: Parameters): CfnLayerVersion {
  const layer = new CfnLayerVersion(scope, 'Layer', {
    layerName: Fn.sub('${AWS::StackName}-extension'),
    description: 'Weir: the telemetry extension',
    compatibleArchitectures: ['arm64', 'x86_64'],
    content: { s3Bucket: parameters.artefactBucket, s3Key: parameters.layerKey },
    licenseInfo: 'Apache-2.0',
  })
  const permission = new CfnLayerVersionPermission(scope, 'LayerForOrganization', {
    action: 'lambda:GetLayerVersion',
    layerVersionArn: layer.ref,
    principal: '*',
    organizationId: parameters.organizationId,
  })
  permission.cfnOptions.condition = parameters.hasOrganization
  new CfnManagedPolicy(scope, 'ProducerPolicy', {
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
          Condition: { StringEquals: { 'kms:ViaService': Fn.sub('kinesis.${AWS::Region}.amazonaws.com') } },
        },
      ],
    },
  })
  return layer
}
