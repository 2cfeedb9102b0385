import { CfnDeletionPolicy, Fn } from 'aws-cdk-lib'
import { CfnManagedPolicy } from 'aws-cdk-lib/aws-iam'
import type { CfnStream } from 'aws-cdk-lib/aws-kinesis'
import type { CfnKey } from 'aws-cdk-lib/aws-kms'
import { CfnLayerVersion, CfnLayerVersionPermission, type CfnLayerVersionProps } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import type { ArtefactKeys } from './ingest-function.ts'
import type { Parameters } from './parameters.ts'
import { PRODUCER_ACTIONS, throughKinesis } from './stream.ts'

/** The layers, and the policy that a function's role needs to ship telemetry. */
export function extensionLayer(
  scope: Construct,
  telemetry: CfnStream,
  key: CfnKey,
  parameters: Parameters,
  artefacts: ArtefactKeys,
): { readonly layer: CfnLayerVersion; readonly runtimes: readonly CfnLayerVersion[]; readonly policy: CfnManagedPolicy } {
  const layer = layerVersion(scope, parameters, 'Layer', artefacts.layer, {
    name: 'extension',
    description: 'Weir: the telemetry extension',
    compatibleArchitectures: ['arm64', 'x86_64'],
    licenseInfo: 'Apache-2.0',
  })
  const runtimes = Object.entries(artefacts.runtimes ?? {}).map(([architecture, zip]) =>
    layerVersion(scope, parameters, runtimeId(architecture), zip, {
      name: `runtime-${architecture}`,
      description: 'Weir: a runtime for its extension, for functions without Node',
      compatibleArchitectures: [architecture],
      licenseInfo: 'Apache-2.0, and those in weir/rt/LICENSES',
    }),
  )
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
  return { layer, runtimes, policy }
}

/** The logical id of a runtime layer, and with `Arn` the name of its output. */
const runtimeId = (architecture: string): string => (architecture === 'arm64' ? 'RuntimeLayerArm64' : 'RuntimeLayerX8664')

/** One version of a layer, and, where the stack has an organization, that organization's leave to use it. */
function layerVersion(
  scope: Construct,
  { artefactBucket, organizationId, hasOrganization }: Parameters,
  id: string,
  zip: string,
  { name, ...properties }: Partial<CfnLayerVersionProps> & { readonly name: string },
): CfnLayerVersion {
  const layer = new CfnLayerVersion(scope, id, {
    layerName: Fn.sub(`\${AWS::StackName}-${name}`),
    content: { s3Bucket: artefactBucket, s3Key: Fn.sub(`\${ArtefactPrefix}${zip}`) },
    ...properties,
  })
  const permission = new CfnLayerVersionPermission(scope, `${id}ForOrganization`, {
    action: 'lambda:GetLayerVersion',
    layerVersionArn: layer.ref,
    principal: '*',
    organizationId,
  })
  permission.cfnOptions.condition = hasOrganization
  // New code is a new version; functions name the old one until they are updated, and may only be deployed again while it is there.
  for (const { cfnOptions } of [layer, permission]) {
    cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN
    cfnOptions.deletionPolicy = CfnDeletionPolicy.DELETE
  }
  return layer
}
